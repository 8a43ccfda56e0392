#Requires -Modules PSFdPass
<#
.SYNOPSIS
Watches idle connections for a server, and hands each back when it wakes.
.DESCRIPTION
The server passes a connection that has fallen silent, and keeps nothing of it. The lot only watches: what arrives on a parked
connection stays unread until the server has the connection back. The clients notice nothing. Ends when the server goes away.
.EXAMPLE
./lot.ps1 -SocketPath lot.sock
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath
)

$ErrorActionPreference = 'Stop'

# False when the server has no room for it now.
function Send-Back([Net.Sockets.Socket] $Client) {
    try {
        Send-FileDescriptor $server $Client -CloseAfterSend -TimeoutSeconds 0
        $watched.Remove($Client)
    }
    catch [TimeoutException] {
        $false
    }
}

$listener = New-UnixSocketListener -Path $SocketPath
try {
    $server = Wait-UnixSocketConnection $listener
    $watched = [Collections.Generic.List[Net.Sockets.Socket]]::new()
    $watched.Add($server)
    while ($true) {
        $ready = [Collections.Generic.List[Net.Sockets.Socket]]::new($watched)
        [Net.Sockets.Socket]::Select($ready, $null, $null, -1)
        foreach ($socket in $ready) {
            if ($socket -eq $server) {
                do { $watched.Add((Receive-FileDescriptor $server -As Socket)) } while ($server.Poll(0, 'SelectRead'))
            }
            elseif (-not (Send-Back $socket)) {
                # A server that waits for the lot must not have the lot wait for it: take in first, and try again.
                Start-Sleep -Milliseconds 1
                break
            }
        }
    }
}
catch {
    if ($_.FullyQualifiedErrorId -notlike 'PeerClosed,*' -and $_.FullyQualifiedErrorId -notlike 'EPIPE,*') { throw }
}
finally {
    $listener.Dispose()
}
