#Requires -Modules PSFdPass
<#
.SYNOPSIS
Runs a script unless another process is running one under the same name.
.DESCRIPTION
The lock is an abstract socket name, which the kernel gives to one process at a time. There is no lock file to be left
behind: however the process that has the lock ends, the name is free in the same moment. Whoever comes second hears who
has it, and gets the exit code 1.

The name is one for each user. It is a lock among programs that mean well: any user may take any name. Linux only.
.EXAMPLE
./run.ps1 nightly-backup { rsync -a /home /backup }
.EXAMPLE
pwsh -c './run.ps1 nightly-backup { ./backup.ps1 } || "is running already"'
#>
[CmdletBinding()]
param(
    # What the instances have in common.
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Name,

    # What only one of them does.
    [Parameter(Mandatory, Position = 1)]
    [scriptblock] $Script
)

try {
    $lock = New-UnixSocketListener -AbstractName "$Name-$(id -u)"
}
catch [PSFdPass.SystemCallException] {
    if ($_.Exception.ErrnoName -ne 'EADDRINUSE') {
        throw
    }

    # "Cannot listen on '@nightly-backup-1000': in use by process 4711 (pwsh). (EADDRINUSE)"
    Write-Error "Another instance is running. $_" -ErrorAction Continue
    exit 1
}

try {
    & $Script
}
finally {
    # A child that was started meanwhile has no copy of the lock: it is close-on-exec.
    $lock.Dispose()
}
