<#
.SYNOPSIS
Lends the terminal of one process to another: what is typed at the borrower appears at the lender.

.DESCRIPTION
The lender passes its standard output, descriptor 1, to whoever connects to the socket. From then on the borrower writes
to the lender's terminal itself; nothing it types goes through the lender. A loan can't be called back: a descriptor that
was passed is the receiver's, whatever the lender does. So only processes of the same user may borrow.

.EXAMPLE
./LendTerminal.ps1 -Lend       # in one terminal

.EXAMPLE
./LendTerminal.ps1 -Borrow     # in another: type lines, and Ctrl-D at the end
#>
#Requires -Modules PSFdPass
[CmdletBinding()]
param(
    # Lend this process's terminal to one borrower after the other, until Ctrl-C.
    [Parameter(Mandatory, ParameterSetName = 'Lend')]
    [switch] $Lend,

    # Type at the lender's terminal.
    [Parameter(Mandatory, ParameterSetName = 'Borrow')]
    [switch] $Borrow,

    # Where the two meet.
    [Parameter(Position = 0)]
    [string] $Path = 'terminal.sock'
)

if ($Lend) {
    $standardOutput = 1
    $listener = New-UnixSocketListener $Path
    try {
        Write-Host "Lending this terminal on $Path"
        $listener | Wait-UnixSocketConnection -Follow -RequireUser (id -u) | ForEach-Object {
            $borrower = (Get-UnixSocketPeer $_).ProcessId
            Write-Host "Lent to pid $borrower"
            Send-FileDescriptor $_ $standardOutput

            # The borrower sends nothing: that its end is closed is all there is to hear.
            Receive-FileDescriptor $_ -Follow
            $_.Dispose()
            Write-Host "Back from pid $borrower"
        }
    }
    finally {
        $listener.Dispose()
    }
}
else {
    $lender = Connect-UnixSocket $Path -Wait
    $terminal = [IO.StreamWriter]::new((Receive-FileDescriptor $lender -As Stream))
    $terminal.AutoFlush = $true
    Write-Host "What you type appears at pid $((Get-UnixSocketPeer $lender).ProcessId)"
    while ($null -ne ($line = [Console]::In.ReadLine())) {
        $terminal.WriteLine($line)
    }

    $terminal.Dispose()
    $lender.Dispose()
}
