#Requires -Modules PSFdPass
<#
.SYNOPSIS
Lends this process's terminal to others: what is typed at a borrower appears here.
.DESCRIPTION
Passes the standard output, descriptor 1, to whoever connects to the socket. From then on the borrower writes to this terminal
itself; nothing that it types goes through this process. A loan can't be called back: a descriptor that was passed is the
receiver's, whatever becomes of the lender. So only processes of the same user may borrow. Ctrl-C ends it.
.EXAMPLE
./lend.ps1
#>
[CmdletBinding()]
param(
    # Where the two meet.
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

            # A borrower sends nothing: that its end is closed is all there is to hear.
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
