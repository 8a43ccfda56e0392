#Requires -Modules PSFdPass
<#
.SYNOPSIS
Asks the port broker for a port, and returns the socket that listens on it.
.EXAMPLE
$web = ./client.ps1 -SocketPath /run/port-broker.sock -Port 80
$user = $web.Accept()
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath,
    [Parameter(Mandatory)] [int] $Port,
    [double] $TimeoutSeconds = 30
)

$ErrorActionPreference = 'Stop'
$broker = Connect-UnixSocket -Path $SocketPath -SocketType SeqPacket -Wait -TimeoutSeconds $TimeoutSeconds
try {
    Send-FileDescriptor $broker -Message "$Port" -TimeoutSeconds $TimeoutSeconds
    $answer = Receive-FileDescriptor $broker -AsMessage -TimeoutSeconds $TimeoutSeconds
    if ($answer.Descriptors.Count -eq 0) { throw $answer.Text }
    $answer.Descriptors[0].OpenSocket()
}
finally {
    $broker.Dispose()
}
