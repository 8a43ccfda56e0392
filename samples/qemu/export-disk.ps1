#Requires -Modules PSFdPass
<#
.SYNOPSIS
Opens a port, and lets a running QEMU serve a disk on it with the Network Block Device protocol. QEMU does not open a port itself.
.DESCRIPTION
QEMU's getfd command gives a descriptor a name, which a later command uses: nbd-server-start serves on the listening socket with
that name. A QEMU has one NBD server. The output is the port.
.EXAMPLE
./add-disk.ps1 qmp.sock disk.img -NodeName data; ./export-disk.ps1 qmp.sock data
A client then connects to the port: nbd-client 127.0.0.1 PORT /dev/nbd0 -name data
#>
[CmdletBinding()]
param(
    # The path of the QMP socket.
    [Parameter(Mandatory)]
    [string] $QmpSocket,

    # The name of the block device, which is the export's name too.
    [Parameter(Mandatory)]
    [string] $NodeName,

    # The port; 0 for a free one.
    [int] $Port = 0
)

$ErrorActionPreference = 'Stop'
. $PSScriptRoot/qmp.ps1

Connect-Qmp $QmpSocket
try {
    # If the disk doesn't exist, report it before a server is started.
    if ($NodeName -notin (Invoke-Qmp query-named-block-nodes).'node-name') { throw "QEMU: it has no block device '$NodeName'." }

    $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, $Port)
    $listener.Start()
    try {
        $null = Invoke-Qmp getfd @{ fdname = 'nbd' } $listener
        $null = Invoke-Qmp nbd-server-start @{ addr = @{ type = 'fd'; data = @{ str = 'nbd' } } }
        $null = Invoke-Qmp block-export-add @{ type = 'nbd'; id = $NodeName; 'node-name' = $NodeName; name = $NodeName }
        $listener.LocalEndpoint.Port
    }
    finally { Close-FileDescriptor $listener }
}
finally { Disconnect-Qmp }
