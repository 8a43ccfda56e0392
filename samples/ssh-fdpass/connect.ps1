#Requires -Modules PSFdPass
<#
.SYNOPSIS
A ProxyCommand for ssh that makes the connection, passes it to ssh, and ends.
.DESCRIPTION
With ProxyUseFdpass, the standard output of a ProxyCommand is a Unix-domain socket on which ssh expects one descriptor: the connection.
No process stays between ssh and the server.

    ssh -o ProxyUseFdpass=yes -o 'ProxyCommand=pwsh -NoProfile -File connect.ps1 %h %p' host
.EXAMPLE
./connect.ps1 localhost 22
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $HostName,

    [Parameter(Mandatory)]
    [int] $Port
)

$ErrorActionPreference = 'Stop'
$connection = [Net.Sockets.TcpClient]::new($HostName, $Port)
$connection.NoDelay = $true

# ssh receives one byte with the descriptor, and requires it to be 0.
Send-FileDescriptor 1 $connection -Message ([byte[]] 0) -CloseAfterSend
