#Requires -Modules PSFdPass
<#
.SYNOPSIS
Opens files for other processes, and hands over the open file.
.DESCRIPTION
A client sends a path, relative to the root. If the request is allowed, the answer is the file, open for reading; the client needs
no permission for the file. Otherwise, the answer is the reason for the refusal. A request is allowed if the client's user is one
of -AllowUser, and the path is that of a regular file beneath the root (no link and no .. leads out of it) that has at most
-MaxSize bytes and was changed within -MaxAge. It works on Linux only. Ctrl-C ends it.
.EXAMPLE
./server.ps1 -SocketPath broker.sock -Root /var/log -AllowUser alice -MaxSize 10MB -MaxAge 7.00:00:00
#>
param(
    [Parameter(Mandatory)] [string] $SocketPath,
    [Parameter(Mandatory)] [string] $Root,
    [string[]] $AllowUser = [Environment]::UserName,
    [long] $MaxSize = 1MB,
    [timespan] $MaxAge = '1.00:00:00'
)

$ErrorActionPreference = 'Stop'

# Returns why a file is not handed over. The open file is checked, because its path may lead to another file now.
function Find-Objection($File) {
    $handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new($File.Fd, $false)
    if ($File.Kind -ne 'File') { return "it is not a file, but of kind $($File.Kind)" }
    if ([IO.RandomAccess]::GetLength($handle) -gt $MaxSize) { return "it is larger than $MaxSize bytes" }
    if ([datetime]::UtcNow - [IO.File]::GetLastWriteTimeUtc($handle) -gt $MaxAge) { return "it is older than $MaxAge" }
}

# Replaces line breaks and other control characters in a client's text, which could forge lines of the log.
function ConvertTo-LogText([string] $Text) {
    $Text -replace '[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]', '·'
}

function Send-Answer($Client) {
    $file = $null
    $peer = Get-UnixSocketPeer $Client
    $request = Receive-FileDescriptor $Client -AsMessage -TimeoutSeconds 1
    $request.Dispose()
    $objection = if ($peer.UserName -notin $AllowUser) { "user $($peer.UserName) is not served" }
    else {
        try {
            # Without this timeout, opening a FIFO would wait for its other end.
            $file = Open-FileDescriptor $request.Text -Beneath $Root -TimeoutSeconds 0
            Find-Objection $file
        }
        catch { "$_" }
    }

    try {
        if ($objection) { Send-FileDescriptor $Client -Message "Refused: $objection" -TimeoutSeconds 1 }
        else { Send-FileDescriptor $Client $file -Message 'Here you are' -TimeoutSeconds 1 }
    }
    finally {
        if ($file) { $file.Close() }
    }
    ConvertTo-LogText "$($peer.UserName), pid $($peer.ProcessId), $($request.Text): $($objection ? $objection : 'sent')"
}

# Every user may connect, and a refused client gets the reason.
$listener = New-UnixSocketListener -Path $SocketPath -SocketType SeqPacket -Mode 0666 -Force
try {
    "Opening files beneath $Root, for $AllowUser"
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
