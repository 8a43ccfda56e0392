#Requires -Modules PSFdPass
<#
.SYNOPSIS
Writes lines to the terminal of another process, which lends it.
.DESCRIPTION
Receives the standard output of the lender, and writes each line that is typed here to it. Ctrl-D ends it.
.EXAMPLE
./borrow.ps1
.EXAMPLE
date | pwsh -File borrow.ps1
#>
[CmdletBinding()]
param(
    # The socket of the lender.
    [string] $SocketPath = 'terminal.sock'
)

$ErrorActionPreference = 'Stop'
$terminal = $null
$lender = Connect-UnixSocket $SocketPath -Wait
try {
    $terminal = [IO.StreamWriter]::new((Receive-FileDescriptor $lender -As Stream))
    $terminal.AutoFlush = $true
    "What you type appears at pid $((Get-UnixSocketPeer $lender).ProcessId)"
    while ($null -ne ($line = [Console]::In.ReadLine())) {
        $terminal.WriteLine($line)
    }
}
finally {
    if ($terminal) { $terminal.Dispose() }
    $lender.Dispose()
}
