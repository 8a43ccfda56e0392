#Requires -Modules PSFdPass
<#
.SYNOPSIS
Receives users' connections from quarterbacks, and echoes what the users type.
.DESCRIPTION
One process and one set of descriptors for everybody: the listener, the quarterbacks and the users. Ctrl-C ends it.
.EXAMPLE
./wide-receiver.ps1 -SocketPath fd-pass.sock
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath
)

$ErrorActionPreference = 'Stop'

$listener = New-UnixSocketListener -Path $SocketPath
$set = New-FileDescriptorSet $listener
$quarterbacks = [Collections.Generic.HashSet[Net.Sockets.Socket]]::new()
try {
    "Listening for messages on ($SocketPath)"
    Wait-FileDescriptor $set -Follow | ForEach-Object {
        $ready = $_
        try {
            if ($ready -eq $listener) {
                $quarterback = Wait-UnixSocketConnection $listener
                $null = $quarterbacks.Add($quarterback)
                $set.Add($quarterback)
            }
            elseif ($quarterbacks.Contains($ready)) {
                foreach ($user in Receive-FileDescriptor $ready -As Socket) {
                    Write-FileDescriptor $user "Hello from Wide Receiver on PID ($PID)!" -TimeoutSeconds 5
                    $set.Add($user)
                }
            }
            else {
                $bytes = Read-FileDescriptor $ready -Count ([Math]::Max(1, $ready.Available)) -AsByteStream
                if ($null -eq $bytes) { throw [IO.EndOfStreamException]::new() }
                Write-FileDescriptor $ready $bytes -TimeoutSeconds 5
            }
        }
        catch [IO.IOException], [TimeoutException] {
            # This one has hung up, or keeps the others waiting.
            $null = $set.Remove($ready), $quarterbacks.Remove($ready)
            $ready.Dispose()
        }
    }
}
finally {
    $set.Dispose()
    $listener.Dispose()
}
