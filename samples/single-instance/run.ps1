#Requires -Modules PSFdPass
<#
.SYNOPSIS
Runs a script unless another process is running one under the same name.
.DESCRIPTION
The lock is an abstract socket name, which only one process can have at a time. No lock file is left behind: when the process
that has the lock ends, for any reason, the kernel frees the name. A second instance reports which process has the lock, and
exits with code 1.

Each user has a separate name. The lock works only among cooperating programs, because any user can use any name. It works on
Linux only.
.EXAMPLE
./run.ps1 nightly-backup { rsync -a /home /backup }
.EXAMPLE
pwsh -c './run.ps1 nightly-backup { ./backup.ps1 } || "is running already"'
#>
[CmdletBinding()]
param(
    # The name that the instances share.
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Name,

    # The script that only one of them runs.
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
    # The lock is close-on-exec, so a child that was started by the script has no copy of it.
    $lock.Dispose()
}
