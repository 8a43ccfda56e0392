#Requires -Modules PSFdPass
<#
.SYNOPSIS
Lends this process's terminal to others. Text that is typed at a borrower appears here.
.DESCRIPTION
Passes the standard output, descriptor 1, to each process that connects to the socket. The borrower then writes to this terminal
directly, not through this process. A loan can't be revoked: the borrower keeps its descriptor, even if the lender ends. Therefore,
only processes of the same user may borrow. Ctrl-C ends it.
.EXAMPLE
./lend.ps1
#>
[CmdletBinding()]
param(
    # The socket of the lender.
    [string] $SocketPath = 'terminal.sock'
)

$ErrorActionPreference = 'Stop'
$standardOutput = 1
$listener = New-UnixSocketListener $SocketPath
try {
    "Lending this terminal on $SocketPath"
    $listener | Wait-UnixSocketConnection -Follow -RequireUser (id -u) | ForEach-Object {
        $borrower = (Get-UnixSocketPeer $_).ProcessId
        "Lent to pid $borrower"
        try {
            Send-FileDescriptor $_ $standardOutput

            # A borrower sends nothing, so this waits until it closes its end.
            Receive-FileDescriptor $_ -Follow -AsMessage | ForEach-Object Dispose
        }
        catch {
            "Lost a borrower: $_"
        }
        finally {
            $_.Dispose()
        }

        "Back from pid $borrower"
    }
}
finally {
    # Removes the socket's file, too.
    $listener.Dispose()
}
