#Requires -Modules PSFdPass
<#
.SYNOPSIS
Opens a disk image, and adds it to a running QEMU, which may not open it itself.
.DESCRIPTION
QEMU's monitor protocol (QMP) accepts descriptors with its commands. add-fd makes the image a member of a set, and QEMU then opens
/dev/fdset/1, which is a duplicate of it. The set must allow the access that QEMU opens it with: reading alone, unless -Writable.
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

# The answer to a command is the first line that is not an event.
function Receive-Answer {
    do {
        $line = $script:reader.ReadLine() ?? $(throw 'QEMU has closed the connection.')
        $answer = ConvertFrom-Json $line -AsHashtable
    }
    while ($answer.ContainsKey('event'))
    if ($answer.ContainsKey('error')) { throw "QEMU: $($answer.error.desc)" }
    $answer
}

function Invoke-Qmp([string] $Command, [hashtable] $Arguments = @{}, $Descriptor) {
    $json = @{ execute = $Command; arguments = $Arguments } | ConvertTo-Json -Compress -Depth 5
    if ($Descriptor) { Send-FileDescriptor $qmp $Descriptor -Message "$json`n" }
    else { $null = $qmp.Send([Text.Encoding]::UTF8.GetBytes("$json`n")) }
    (Receive-Answer)['return']
}

$qmp = Connect-UnixSocket $QmpSocket
$stream = [Net.Sockets.NetworkStream]::new($qmp, $true)
$script:reader = [IO.StreamReader]::new($stream)
try {
    # The greeting, and the end of the negotiation.
    $null = Receive-Answer
    $null = Invoke-Qmp qmp_capabilities

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
finally { $reader.Dispose() }
