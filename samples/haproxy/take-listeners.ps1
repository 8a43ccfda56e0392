#Requires -Modules PSFdPass
<#
.SYNOPSIS
Returns the listeners of a running HAProxy.
.DESCRIPTION
HAProxy passes its listening sockets to a process that asks for them on its stats socket. The configuration needs

    stats socket /run/haproxy.sock mode 600 level admin expose-fd listeners

HAProxy continues to accept connections on them until it ends. Each connection goes to the process that accepts it first.
.EXAMPLE
./take-listeners.ps1 /run/haproxy.sock | Where-Object Target -like '*:443'
#>
[CmdletBinding()]
param(
    # The path of the stats socket.
    [Parameter(Mandatory)]
    [string] $StatsSocket,

    # How long to wait for each answer.
    [double] $TimeoutSeconds = 10
)

$ErrorActionPreference = 'Stop'
$stats = Connect-UnixSocket $StatsSocket
try {
    $null = $stats.Send([Text.Encoding]::ASCII.GetBytes("_getsocks`n"))

    # First, HAProxy sends the number of sockets, in the machine's byte order. Then it sends the sockets in groups. Between two groups, it
    # waits for an answer, which is the number received so far.
    $count = $null
    $received = 0
    do {
        $message = Receive-FileDescriptor $stats -AsMessage -TimeoutSeconds $TimeoutSeconds
        $count ??= [BitConverter]::ToInt32([byte[]] $message.Data[0..3], 0)
        $message.Descriptors
        $received += $message.Descriptors.Count
        if ($message.Descriptors.Count -and $received -lt $count) { $null = $stats.Send([BitConverter]::GetBytes($received)) }
    }
    while ($received -lt $count)
}
finally { $stats.Dispose() }
