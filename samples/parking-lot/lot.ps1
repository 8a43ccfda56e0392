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

# Takes in what the server parks.
function Receive-Parked {
    while ($server.Poll(0, 'SelectRead')) { $set.Add((Receive-FileDescriptor $server -As Socket)) }
}

# False when the server has no space for it now.
function Send-Back([Net.Sockets.Socket] $Client) {
    try {
        $null = $set.Remove($Client)
        Send-FileDescriptor $server $Client -CloseAfterSend -TimeoutSeconds 0
        $true
    }
    catch [TimeoutException] {
        $false
    }
}

$listener = New-UnixSocketListener -Path $SocketPath
try {
    $server = Wait-UnixSocketConnection $listener
    $set = New-FileDescriptorSet $server
    while ($true) {
        foreach ($socket in Wait-FileDescriptor $set) {
            if ($socket -eq $server) {
                Receive-Parked
                continue
            }

            # A server that waits for the lot must not have the lot wait for it: take in first, and try again.
            while (-not (Send-Back $socket)) {
                $null = Wait-FileDescriptor $server -Readable -Writable
                Receive-Parked
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
