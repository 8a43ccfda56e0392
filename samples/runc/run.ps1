#Requires -Modules PSFdPass
<#
.SYNOPSIS
Runs a container with runc, and types lines to the shell in it.
.DESCRIPTION
runc makes a terminal inside the container, and passes its other end as a descriptor to the socket of --console-socket. The container is
a folder with busybox: a shell with its own processes and mounts, and with the network and the cgroup namespace of this machine. The
output is what the terminal shows. runc requires root and mounted cgroups.
.EXAMPLE
./run.ps1 'echo $$', 'hostname'
The shell is process 1.
#>
[CmdletBinding()]
param(
    # The lines to type. The shell ends after them.
    [Parameter(Mandatory)]
    [string[]] $Line,

    # A statically linked busybox: package busybox-static, or busybox of Debian.
    [string] $Busybox = (Get-Command busybox -CommandType Application -TotalCount 1).Source,

    # How long the container may be silent.
    [double] $TimeoutSeconds = 30
)

$ErrorActionPreference = 'Stop'
$runc = (Get-Command runc -CommandType Application -TotalCount 1).Source
$id = "psfdpass-$([guid]::NewGuid().ToString('N').Substring(0, 12))"
$folder = (New-Item -ItemType Directory ([IO.Path]::Combine([IO.Path]::GetTempPath(), $id))).FullName
$process = $terminal = $listener = $connection = $null
try {
    # The bundle: a root file system and config.json.
    $null = New-Item -ItemType Directory "$folder/rootfs/bin", "$folder/rootfs/proc", "$folder/rootfs/dev"
    Copy-Item $Busybox "$folder/rootfs/bin/busybox"
    foreach ($applet in 'sh', 'hostname', 'id', 'ls', 'ps', 'tty') {
        $null = New-Item -ItemType SymbolicLink "$folder/rootfs/bin/$applet" -Value busybox
    }

    @{
        ociVersion = '1.0.2'
        hostname   = 'container'
        root       = @{ path = 'rootfs' }
        process    = @{
            terminal        = $true
            cwd             = '/'
            args            = @('/bin/sh')
            env             = @('PATH=/bin', 'TERM=dumb', 'PS1=')
            user            = @{ uid = 0; gid = 0 }
            capabilities    = @{}
            noNewPrivileges = $true
        }
        mounts     = @(
            @{ destination = '/proc'; type = 'proc'; source = 'proc' }
            @{ destination = '/dev'; type = 'tmpfs'; source = 'tmpfs'; options = @('nosuid', 'mode=755') }
            @{ destination = '/dev/pts'; type = 'devpts'; source = 'devpts'; options = @('newinstance', 'ptmxmode=0666', 'mode=0620') }
        )
        linux      = @{ namespaces = @(@{ type = 'pid' }, @{ type = 'mount' }, @{ type = 'ipc' }, @{ type = 'uts' }) }
    } | ConvertTo-Json -Depth 5 | Set-Content "$folder/config.json"

    $listener = New-UnixSocketListener "$folder/console.sock"
    $process = Start-FdProcess $runc -PassThru -ArgumentList '--root', "$folder/state", 'run', '-d', '--console-socket',
        "$folder/console.sock", '--bundle', $folder, $id
    if ($listener -notin (Wait-FileDescriptor $listener, $process -TimeoutSeconds $TimeoutSeconds)) {
        throw "runc ended with exit code $($process.ExitCode) and passed no terminal."
    }

    $connection = Wait-UnixSocketConnection $listener -TimeoutSeconds $TimeoutSeconds
    $terminal = Receive-FileDescriptor $connection -TimeoutSeconds $TimeoutSeconds
    $process.WaitForExit()
    if ($process.ExitCode) { throw "runc ended with exit code $($process.ExitCode)." }
    foreach ($text in $Line + 'exit') { Write-FileDescriptor $terminal $text -TimeoutSeconds $TimeoutSeconds }

    # Removes the control sequences that the shell's line editor writes. At the end of a terminal, a read fails with EIO.
    try { Read-FileDescriptor $terminal -TimeoutSeconds $TimeoutSeconds | ForEach-Object { $_ -replace '\e\[[0-9;]*[A-Za-z]' } }
    catch { if ($_.FullyQualifiedErrorId -notlike 'EIO*') { throw } }
}
finally {
    $terminal, $connection, $listener | Where-Object { $_ } | ForEach-Object Dispose
    if ($process) {
        & $runc --root "$folder/state" delete -f $id
        $process.Dispose()
    }

    Remove-Item -Recurse -Force $folder
}
