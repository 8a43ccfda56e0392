#Requires -Modules PSFdPass
<#
.SYNOPSIS
Opens a disk image, and adds it to a running QEMU that is not allowed to open it itself.
.DESCRIPTION
QEMU's monitor protocol (QMP) accepts descriptors with its commands. add-fd makes the image a member of a set, and QEMU then opens
/dev/fdset/1, which is a duplicate of it. The image is opened with the access that QEMU needs: by default, to read; with
-Writable, to read and write.
.EXAMPLE
./add-disk.ps1 qmp.sock disk.img -NodeName data
QEMU was started with: qemu-system-x86_64 -M none -qmp unix:qmp.sock,server,nowait
#>
[CmdletBinding()]
param(
    # The path of the QMP socket.
    [Parameter(Mandatory)]
    [string] $QmpSocket,

    # The image in the raw format.
    [Parameter(Mandatory)]
    [string] $Image,

    # The name of the block device.
    [string] $NodeName = 'disk',

    [switch] $Writable
)

$ErrorActionPreference = 'Stop'

. $PSScriptRoot/qmp.ps1

Connect-Qmp $QmpSocket
try {
    $file = Open-FileDescriptor $Image -Access ($Writable ? 'ReadWrite' : 'Read')
    try { $set = Invoke-Qmp add-fd @{ } $file }
    finally { $file.Dispose() }

    $null = Invoke-Qmp blockdev-add @{
        driver = 'raw'; 'node-name' = $NodeName; 'read-only' = -not $Writable
        file = @{ driver = 'file'; filename = "/dev/fdset/$($set.'fdset-id')" }
    }
    Invoke-Qmp query-named-block-nodes | Where-Object { $_.'node-name' -eq $NodeName } | ForEach-Object {
        [pscustomobject]@{ Node = $_.'node-name'; File = $_.file; Size = $_.image.'virtual-size'; ReadOnly = $_.ro }
    }
}
finally { Disconnect-Qmp }
