#Requires -Modules PSFdPass
<#
.SYNOPSIS
A line server that its next version replaces without refusing a connection or losing a byte.
.DESCRIPTION
Answers every line with its version, its process id and the line. The first server binds the port. One that is started later with the
same -TakeoverPath receives the listener from the running server, prepares itself, and takes over. The former server then finishes the
connections that it has, and exits. A successor that fails, or is killed, before it takes over changes nothing.
.EXAMPLE
./server.ps1 -TakeoverPath lines.sock -Port 8000 -Version 1
Then, in another terminal: ./server.ps1 -TakeoverPath lines.sock -Version 2
#>
using namespace System.Net.Sockets

[CmdletBinding()]
param(
    # The socket where a successor connects. All versions use the same.
    [Parameter(Mandatory)]
    [string] $TakeoverPath,

    # The port of the first server. With 0 the system chooses one.
    [int] $Port,

    [string] $Version = '1',

    # What a server does before it is ready, such as loading its data.
    [scriptblock] $Prepare = {}
)

$ErrorActionPreference = 'Stop'
$module = (Get-Module PSFdPass).Path
$TakeoverPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($TakeoverPath)

# The listener comes from the running server, if there is one.
$takeover = $null
try {
    $takeover = Start-SocketTakeover $TakeoverPath
    $listener = $takeover['lines'].OpenSocket()
}
catch [PSFdPass.SystemCallException] {
    if ($_.Exception.ErrnoName -notin 'ENOENT', 'ECONNREFUSED') { throw }
    $listener = [Socket]::new('InterNetwork', 'Stream', 'Tcp')
    $listener.Bind([Net.IPEndPoint]::new([ipaddress]::Loopback, $Port))
    $listener.Listen(512)
}

& $Prepare

if ($takeover) {
    try { Complete-SocketTakeover $takeover }
    catch [PSFdPass.SocketTakeoverException] {
        # If the running server has ended, only this one can serve.
        if ($_.Exception.Reason -ne 'ServerEnded') { throw }
    }
    finally { $takeover.Dispose() }
}

# At first, two servers have this listener. If the other one accepts a connection first, this one must not block in accept.
$listener.Blocking = $false
$handover = Start-ThreadJob {
    Import-Module $using:module
    Wait-SocketTakeover $using:TakeoverPath @{ lines = $using:listener }
}
while ($handover.State -in 'NotStarted', 'Running' -and -not (Test-Path $TakeoverPath)) { Start-Sleep -Milliseconds 10 }
"$Version $PID serves port $($listener.LocalEndPoint.Port)"

$clients = @{}
try {
    while ($true) {
        if ($listener -and $handover.State -eq 'Completed') {
            # close(2) only. Dispose would shut the listener down for the successor as well.
            Close-FileDescriptor $listener
            $listener = $null
            "$Version $PID hands over to $((Receive-Job $handover).ProcessId), with $($clients.Count) connections to finish"
        }

        $ready = [Collections.Generic.List[Socket]]::new()
        foreach ($socket in $clients.Keys) { $ready.Add($socket) }
        if ($listener) { $ready.Add($listener) }
        if ($ready.Count -eq 0) { break }
        [Socket]::Select($ready, $null, $null, 50000)
        foreach ($socket in $ready) {
            if ($socket -eq $listener) {
                try {
                    $client = $listener.Accept()
                    $client.Blocking = $true
                    $clients[$client] = ''
                }
                catch [SocketException] { Write-Debug "The other server has accepted the connection." }
                continue
            }

            $buffer = [byte[]]::new(65536)
            $count = $socket.Receive($buffer)
            if ($count -eq 0) {
                $clients.Remove($socket)
                $socket.Dispose()
                continue
            }

            $lines = ($clients[$socket] + [Text.Encoding]::ASCII.GetString($buffer, 0, $count)) -split "`n"
            $clients[$socket] = $lines[-1]
            if ($lines.Count -gt 1) {
                $answer = -join ($lines[0..($lines.Count - 2)] | ForEach-Object { "$Version $PID $_`n" })
                $null = $socket.Send([Text.Encoding]::ASCII.GetBytes($answer))
            }
        }
    }
}
finally {
    # After Ctrl-C as well: ends the offer to successors, and closes the remaining sockets. close(2) does not affect a successor's copy of the listener.
    $handover | Stop-Job -PassThru | Remove-Job
    if ($listener) { Close-FileDescriptor $listener }
    foreach ($socket in $clients.Keys) { $socket.Dispose() }
}

"$Version $PID leaves"
