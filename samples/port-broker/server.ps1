#Requires -Modules PSFdPass
<#
.SYNOPSIS
Binds privileged ports for processes that may not bind them, and hands over the listening sockets.
.DESCRIPTION
Runs as root, or with CAP_NET_BIND_SERVICE. A client sends a port's number. If its user may have that port, the answer is a
socket that listens on it; otherwise, it is the reason for the refusal. The server keeps no copy, so the port is free again when
the client ends. It works on Linux only. Ctrl-C ends it.
.EXAMPLE
./server.ps1 -SocketPath /run/port-broker.sock -Allow @{ 'www-data' = 80, 443 }
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath,
    # The ports that each user may have.
    [Parameter(Mandatory)] [hashtable] $Allow,
    [ipaddress] $ListenAddress = '127.0.0.1'
)

$ErrorActionPreference = 'Stop'

function Open-Port([int] $Port) {
    $socket = [Net.Sockets.Socket]::new($ListenAddress.AddressFamily, 'Stream', 'Tcp')
    try {
        $socket.Bind([Net.IPEndPoint]::new($ListenAddress, $Port))
        $socket.Listen()
        $socket
    }
    catch {
        $socket.Dispose()
        throw $_.Exception.InnerException.Message
    }
}

# Replaces line breaks and other control characters in a client's text, which could forge lines of the log.
function ConvertTo-LogText([string] $Text) {
    $Text -replace '[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]', '·'
}

function Send-Answer($Client) {
    $socket = $null
    $peer = Get-UnixSocketPeer $Client
    $request = Receive-FileDescriptor $Client -AsMessage -TimeoutSeconds 1
    $request.Dispose()
    $port = 0
    $objection = if (-not [ushort]::TryParse($request.Text, [ref] $port)) { 'that is not a port' }
    elseif ($port -notin $Allow[$peer.UserName]) { "user $($peer.UserName) may not have port $port" }
    else {
        try { $socket = Open-Port $port }
        catch { "$_" }
    }

    try {
        if ($objection) { Send-FileDescriptor $Client -Message "Refused: $objection" -TimeoutSeconds 1 }
        else { Send-FileDescriptor $Client $socket -Message 'Here you are' -TimeoutSeconds 1 }
    }
    finally {
        if ($socket) { Close-FileDescriptor $socket }
    }

    ConvertTo-LogText "$($peer.UserName), pid $($peer.ProcessId), port $($request.Text): $($objection ? $objection : 'sent')"
}

# Every user may connect, and a refused client gets the reason.
$listener = New-UnixSocketListener -Path $SocketPath -SocketType SeqPacket -Mode 0666 -Force
try {
    "Binding ports on $ListenAddress for $($Allow.Keys -join ', ')"
    Wait-UnixSocketConnection $listener -Follow | ForEach-Object {
        # Clients are served one after another. The timeouts prevent one from keeping the others waiting.
        try { Send-Answer $_ }
        catch { ConvertTo-LogText "Left a client: $_" }
        finally { $_.Dispose() }
    }
}
finally {
    $listener.Dispose()
}
