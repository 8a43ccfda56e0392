#Requires -Modules PSFdPass
<#
.SYNOPSIS
Asks the file broker for a file, and returns its open descriptor.
.EXAMPLE
$file = ./client.ps1 -SocketPath broker.sock -Name app/today.log
[IO.StreamReader]::new($file.OpenStream()).ReadToEnd()
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath,
    [Parameter(Mandatory)] [string] $Name,
    [double] $TimeoutSeconds = 30
)

$ErrorActionPreference = 'Stop'
$broker = Connect-UnixSocket -Path $SocketPath -SocketType SeqPacket -Wait -TimeoutSeconds $TimeoutSeconds
try {
    Send-FileDescriptor $broker -Message $Name -TimeoutSeconds $TimeoutSeconds
    $answer = Receive-FileDescriptor $broker -AsMessage -TimeoutSeconds $TimeoutSeconds
    if ($answer.Descriptors.Count -eq 0) { throw $answer.Text }
    $answer.Descriptors[0]
}
finally {
    $broker.Dispose()
}
