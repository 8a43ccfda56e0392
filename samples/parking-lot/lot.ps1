#Requires -Modules PSFdPass
<#
.SYNOPSIS
Watches idle connections for a server, and hands each back when data arrives on it.
.DESCRIPTION
The server passes its idle connections and keeps no copies of them. The lot only watches: data that arrives on a parked connection
stays unread until the server has the connection back. The clients notice nothing. The lot ends when the server ends.
.EXAMPLE
./lot.ps1 -SocketPath lot.sock
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath
)

$ErrorActionPreference = 'Stop'

# Receives the connections that the server parks.
function Receive-Parked {
    while ($server.Poll(0, 'SelectRead')) { $set.Add((Receive-FileDescriptor $server -As Socket)) }
}

# Returns false when the server's queue is full.
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

            # The server may be waiting for the lot. To avoid a deadlock, the lot receives first, and then tries again.
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
