#Requires -Modules PSFdPass
<#
.SYNOPSIS
Answers lines over TCP, and parks every idle connection in another process.
.DESCRIPTION
Each line is answered with this server's process id and the line. Before and after that, the connection is in the parking lot
(lot.ps1), so this process does not hold the connections of idle clients.
.EXAMPLE
./server.ps1 -SocketPath lot.sock -Port 8000
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath,
    [ValidateRange(0, 65535)] [int] $Port = 0
)

$ErrorActionPreference = 'Stop'

# Answers a client and parks its connection again, or closes the connection if the client has hung up.
function Invoke-Client([Net.Sockets.Socket] $Client) {
    $buffer = [byte[]]::new(4096)
    $length = try { $Client.Receive($buffer) } catch [Net.Sockets.SocketException] { 0 }
    if ($length -eq 0) {
        $Client.Dispose()
        return
    }

    $null = $Client.Send([Text.Encoding]::UTF8.GetBytes("$PID " + [Text.Encoding]::UTF8.GetString($buffer, 0, $length)))
    Send-FileDescriptor $lot $Client -CloseAfterSend
}

$lot = Connect-UnixSocket -Path $SocketPath -Wait
$listener = [Net.Sockets.Socket]::new('InterNetwork', 'Stream', 'Tcp')
try {
    $listener.Bind([Net.IPEndPoint]::new([Net.IPAddress]::Loopback, $Port))
    $listener.Listen(4096)
    "Listening on $($listener.LocalEndPoint)"
    $set = New-FileDescriptorSet $listener, $lot
    Wait-FileDescriptor $set -Follow | ForEach-Object {
        if ($_ -eq $listener) {
            Send-FileDescriptor $lot $listener.Accept() -CloseAfterSend
        }
        else {
            Invoke-Client (Receive-FileDescriptor $lot -As Socket)
        }
    }
}
finally {
    $listener.Dispose()
    $lot.Dispose()
}
