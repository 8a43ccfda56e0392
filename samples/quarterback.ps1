#Requires -Modules PSFdPass
# Accepts TCP connections, greets each user, and passes the connection on to a wide receiver: ./quarterback.ps1 fd-pass.sock -Port 8000
# It keeps no connection. The user continues with another process, in this or another language, and notices nothing.
param([Parameter(Mandatory)] [string] $SocketPath, [ValidateRange(0, 65535)] [int] $Port = 0)

$ErrorActionPreference = 'Stop'
$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, $Port)
$listener.Start()
try {
    "Listening on $($listener.LocalEndpoint)"
    $receiver = Connect-UnixSocket $SocketPath -Wait
    Wait-UnixSocketConnection $listener -Follow | ForEach-Object {
        $user = $_
        try { Write-FileDescriptor $user "Hello from Quarterback on PID ($PID)!" -TimeoutSeconds 5 }
        catch [IO.IOException], [TimeoutException] { $user.Dispose() }
        while (-not $user.SafeHandle.IsClosed) {
            try { Send-FileDescriptor $receiver $user -CloseAfterSend }
            catch [IO.IOException] {
                # The wide receiver has ended. The next one gets the user.
                $receiver.Dispose()
                $receiver = Connect-UnixSocket $SocketPath -Wait
            }
        }
    }
}
finally { $listener.Stop() }
