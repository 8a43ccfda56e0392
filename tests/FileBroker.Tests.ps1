# The recipe samples/file-broker: a server in a process of its own, clients in others.

BeforeDiscovery {
    $isRoot = (id -u) -eq 0
}

BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    $module = Convert-Path (Join-Path $PSScriptRoot '../out/PSFdPass')
    $sample = Convert-Path (Join-Path $PSScriptRoot '../samples/file-broker')
    $pwsh = Join-Path $PSHOME pwsh
    Import-Module $module -Force

    # Another user must be able to reach the socket.
    $folder = Join-Path ([IO.Path]::GetTempPath()) "fb-$([guid]::NewGuid().ToString('N').Substring(0, 8))"
    $root = Join-Path $folder root
    $socketPath = Join-Path $folder broker.sock
    $null = New-Item -ItemType Directory -Force $root, (Join-Path $root folder), (Join-Path $folder outside)
    chmod 0755 $folder
    chmod 0700 $root

    Set-Content (Join-Path $root secret.txt) 'for your eyes' -NoNewline
    Set-Content -LiteralPath (Join-Path $root '[odd] name.txt') 'odd' -NoNewline
    Set-Content (Join-Path $root large.txt) ('x' * 2000) -NoNewline
    Set-Content (Join-Path $root old.txt) 'old' -NoNewline
    (Get-Item (Join-Path $root old.txt)).LastWriteTimeUtc = [datetime]::UtcNow.AddDays(-3)
    Set-Content (Join-Path $folder outside/other.txt) 'not yours' -NoNewline
    $null = New-Item -ItemType SymbolicLink (Join-Path $root link.txt) -Target (Join-Path $folder outside/other.txt)
    mkfifo (Join-Path $root pipe)
    chmod 0600 (Join-Path $root secret.txt)

    $log = Join-Path $folder log.txt
    $me = id -un
    $command = "Set-StrictMode -Version Latest; Import-Module '$module'; & '$sample/server.ps1' -SocketPath '$socketPath' -Root '$root' " +
        "-AllowUser '$me', '65533' -MaxSize 1000 -MaxAge 2.00:00:00 *> '$log'"
    $server = [Diagnostics.Process]::Start($pwsh, [string[]]('-NoProfile', '-NonInteractive', '-Command', $command))

    function Request-File([string] $Name) {
        & "$sample/client.ps1" -SocketPath $socketPath -Name $Name
    }

    # Runs a client in a process of another user, and returns its standard output and error.
    function Request-FileAs([int] $UserId, [string] $Name) {
        $script = "`$ErrorActionPreference = 'Stop'; Import-Module '$module'; try { `$file = & '$sample/client.ps1' -SocketPath '$socketPath' " +
            "-Name '$Name'; [IO.StreamReader]::new(`$file.OpenStream()).ReadToEnd() } catch { `"`$_`" }"
        setpriv --reuid=$UserId --regid=65534 --clear-groups env HOME=$folder/outside POWERSHELL_TELEMETRY_OPTOUT=1 `
            $pwsh -NoProfile -NonInteractive -Command $script 2>&1
    }
}

AfterAll {
    if ($server -and -not $server.HasExited) { $server.Kill() }
    if ($server) { $server.WaitForExit() }
    Remove-Item -Recurse -Force $folder
}

Describe 'The file broker' {
    It 'hands over an open file, for reading' {
        $file = Request-File secret.txt
        $file.Kind | Should -Be File
        $file.Access | Should -Be Read
        [IO.StreamReader]::new($file.OpenStream()).ReadToEnd() | Should -BeExactly 'for your eyes'
    }

    It 'uses a name literally, without wildcards' {
        $file = Request-File '[odd] name.txt'
        [IO.StreamReader]::new($file.OpenStream()).ReadToEnd() | Should -BeExactly 'odd'
        { Request-File 'secret.*' } | Should -Throw 'Refused: *ENOENT*'
    }

    It 'refuses <Name>' -ForEach @(
        @{ Name = '../outside/other.txt'; Reason = '*EXDEV*' }
        @{ Name = 'link.txt'; Reason = '*EXDEV*' }
        @{ Name = '/etc/hosts'; Reason = '*EXDEV*' }
        @{ Name = 'missing.txt'; Reason = '*ENOENT*' }
        @{ Name = 'folder'; Reason = '*not a file, but of kind Directory*' }
        @{ Name = 'pipe'; Reason = '*' }
        @{ Name = 'large.txt'; Reason = '*larger than 1000 bytes*' }
        @{ Name = 'old.txt'; Reason = '*older than 2.00:00:00*' }
    ) {
        { Request-File $Name } | Should -Throw "Refused: $Reason"
    }

    It 'serves others while a client is silent, or sends invalid requests' {
        $silent = Connect-UnixSocket -Path $socketPath -SocketType SeqPacket -Wait
        $odd = Connect-UnixSocket -Path $socketPath -SocketType SeqPacket -Wait
        try {
            Send-FileDescriptor $odd /etc/hosts, /tmp -Message ([byte[]](0, 255, 10))
            $file = Request-File secret.txt
            $file.Kind | Should -Be File
            $file.Close()
        }
        finally {
            $silent.Dispose()
            $odd.Dispose()
        }
    }

    It 'serves a user in -AllowUser who may not open the file' -Skip:(-not $isRoot) {
        Skip-Without setpriv
        setpriv --reuid=65533 --regid=65534 --clear-groups cat (Join-Path $root secret.txt) 2>&1 | Should -BeLike '*Permission denied*'
        Request-FileAs 65533 secret.txt | Should -BeExactly 'for your eyes'
    }

    It 'refuses a user who is not in -AllowUser' -Skip:(-not $isRoot) {
        Request-FileAs 65534 secret.txt | Should -BeExactly 'Refused: user nobody is not served'
    }

    It 'keeps no descriptor of a file after sending or refusing it' {
        # Requests are served one after another, so the descriptors of earlier requests are closed.
        (Request-File secret.txt).Close()
        { Request-File folder } | Should -Throw 'Refused: *'
        { Request-File missing.txt } | Should -Throw 'Refused: *'
        $targets = Get-ChildItem "/proc/$($server.Id)/fd" | ForEach-Object LinkTarget
        $targets -like "$root*" | Should -BeNullOrEmpty
    }

    It 'keeps control characters and line breaks of a client out of its log' {
        $forged = "x`nroot, pid 1, secret.txt: sent`e]0;title`a$([char]0x202e)"
        { Request-File $forged } | Should -Throw 'Refused: *'
        # The broker writes to its log after it has sent the refusal.
        Wait-Until { @(Get-Content $log) -like '*x·root*' } 'the refusal is in the log'
        $lines = Get-Content $log
        $lines | Should -Not -Contain 'root, pid 1, secret.txt: sent'
        @($lines) -join '' | Should -Not -Match '[\p{Cc}\p{Cf}]'
        @($lines) -like "$me, pid $PID, x·root, pid 1, secret.txt: sent·*" | Should -HaveCount 1
    }

    It 'logs who requested which file' {
        Get-Content $log | Should -Contain "Opening files beneath $root, for $me 65533"
        Get-Content $log | Should -Contain "$me, pid $PID, secret.txt: sent"
        Get-Content $log | Should -Contain "$me, pid $PID, large.txt: it is larger than 1000 bytes"
    }
}
