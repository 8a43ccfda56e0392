#Requires -Modules PSFdPass
<#
.SYNOPSIS
Opens files for other processes, and hands over the open file.
.DESCRIPTION
A client sends a path, relative to the root. If the rule allows it, the answer is the file, open for reading; the client needs
no permission of its own on it. Otherwise the answer is a sentence. The rule: the client's user is one of -AllowUser, and what
it names is a regular file beneath the root (no link and no .. leads out), at most -MaxSize bytes large, and changed within
-MaxAge. Linux; Ctrl-C ends it.
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

# Returns why a file is not handed over. The open file is checked, not its path, which may lead to another file by then.
function Find-Objection($File) {
    $handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new($File.Fd, $false)
    if ($File.Kind -ne 'File') { return "it is not a file, but of kind $($File.Kind)" }
    if ([IO.RandomAccess]::GetLength($handle) -gt $MaxSize) { return "it is larger than $MaxSize bytes" }
    if ([datetime]::UtcNow - [IO.File]::GetLastWriteTimeUtc($handle) -gt $MaxAge) { return "it is older than $MaxAge" }
}

# A client's text in the log: without line breaks and other control characters, with which it could forge lines.
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
            # A named pipe would wait for its other end.
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

# Everybody may connect, and is told what the rule says.
$listener = New-UnixSocketListener -Path $SocketPath -SocketType SeqPacket -Mode 0666 -Force
try {
    "Opening files beneath $Root, for $AllowUser"
    Wait-UnixSocketConnection $listener -Follow | ForEach-Object {
        # One client after the other; none can keep the rest waiting for longer than a second.
        try { Send-Answer $_ }
        catch { ConvertTo-LogText "Left a client: $_" }
        finally { $_.Dispose() }
    }
}
finally {
    $listener.Dispose()
}
