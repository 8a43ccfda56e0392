#Requires -Modules PSFdPass
<#
.SYNOPSIS
Accepts TCP connections, greets each user, and passes the connection on to a wide receiver.
.DESCRIPTION
The quarterback keeps no connection: the user goes on talking to another process (wide-receiver.ps1, or a wide receiver in another
language) and notices nothing.
.EXAMPLE
./quarterback.ps1 -SocketPath fd-pass.sock -Port 8000
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath,
    [ValidateRange(0, 65535)] [int] $Port = 0
)

$ErrorActionPreference = 'Stop'

$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, $Port)
$listener.Start()
try {
    "Listening on $($listener.LocalEndpoint)"
    $receiver = Connect-UnixSocket -Path $SocketPath -Wait
    while ($true) {
        $user = Wait-UnixSocketConnection $listener
        try { Write-FileDescriptor $user "Hello from Quarterback on PID ($PID)!" -TimeoutSeconds 5 }
        catch [IO.IOException] { $user.Dispose() }
        while ($user.SafeHandle -and -not $user.SafeHandle.IsClosed) {
            try {
                Send-FileDescriptor $receiver $user -Message ([byte[]]1) -CloseAfterSend
            }
            catch [IO.IOException] {
                # The wide receiver has gone. The next one gets the user.
                $receiver.Dispose()
                $receiver = Connect-UnixSocket -Path $SocketPath -Wait
            }
        }
    }
}
finally {
    $listener.Stop()
}
