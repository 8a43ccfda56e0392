# The recipe samples/port-broker: a privileged server, and clients without privileges, each in a process of its own.

BeforeDiscovery {
    $isRoot = (id -u) -eq 0
}

BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    $module = Convert-Path (Join-Path $PSScriptRoot '../out/PSFdPass')
    $sample = Convert-Path (Join-Path $PSScriptRoot '../samples/port-broker')
    $pwsh = Join-Path $PSHOME pwsh
    Import-Module $module -Force

    $folder = Join-Path ([IO.Path]::GetTempPath()) "pb-$([guid]::NewGuid().ToString('N').Substring(0, 8))"
    $socketPath = Join-Path $folder broker.sock
    $null = New-Item -ItemType Directory -Force $folder
    chmod 0777 $folder

    function Test-PortIsFree([int] $Port) {
        $socket = [Net.Sockets.Socket]::new('InterNetwork', 'Stream', 'Tcp')
        try { $socket.Bind([Net.IPEndPoint]::new([ipaddress]::Loopback, $Port)); $true }
        catch { $false }
        finally { $socket.Dispose() }
    }

    # Privileged ports for root; otherwise, other free ports.
    $candidates = (id -u) -eq 0 ? (Get-Random -Minimum 600 -Maximum 1000) : (Get-Random -Minimum 20000 -Maximum 30000)
    $port, $otherPort = $candidates..($candidates + 23) | Where-Object { Test-PortIsFree $_ } | Select-Object -First 2

    $log = Join-Path $folder log.txt
    $me = id -un
    $command = "Set-StrictMode -Version Latest; Import-Module '$module'; & '$sample/server.ps1' -SocketPath '$socketPath' " +
        "-Allow @{ '$me' = $port; '65533' = $port, $otherPort } *> '$log'"
    $server = [Diagnostics.Process]::Start($pwsh, [string[]]('-NoProfile', '-NonInteractive', '-Command', $command))

    function Request-Port($Port) {
        & "$sample/client.ps1" -SocketPath $socketPath -Port $Port
    }

    # A minimal web server of another user. It sends its user ID to the first client, and ends.
    function Start-WebServer([int] $UserId, [int] $Port) {
        $script = "Import-Module '$module'; `$web = & '$sample/client.ps1' -SocketPath '$socketPath' -Port $Port; " +
            "`$user = `$web.Accept(); `$null = `$user.Send([Text.Encoding]::UTF8.GetBytes(`"served by uid `$(id -u)`n`")); `$user.Dispose()"
        $start = [Diagnostics.ProcessStartInfo]::new('setpriv', [string[]](
            "--reuid=$UserId", '--regid=65534', '--clear-groups', $pwsh, '-NoProfile', '-NonInteractive', '-Command', $script))
        $start.Environment['HOME'] = $folder
        $start.RedirectStandardError = $true
        [Diagnostics.Process]::Start($start)
    }
}

AfterAll {
    if ($server -and -not $server.HasExited) { $server.Kill() }
    if ($server) { $server.WaitForExit() }
    Remove-Item -Recurse -Force $folder
}

Describe 'The port broker' {
    It 'hands over a listening socket, and keeps no copy' {
        $web = Request-Port $port
        try {
            $web.LocalEndPoint | Should -Be "127.0.0.1:$port"
            $user = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
            $accepted = $web.Accept()
            $accepted.RemoteEndPoint.Port | Should -Be $user.Client.LocalEndPoint.Port
            $accepted.Dispose()
            $user.Dispose()
        }
        finally {
            $web.Dispose()
        }

        # Requests are served one after another, so the server has closed the earlier sockets.
        { Request-Port $otherPort } | Should -Throw 'Refused: *'
        Test-PortIsFree $port | Should -BeTrue
    }

    It 'binds a privileged port for a user who may not bind it' -Skip:(-not $isRoot) {
        Skip-Without setpriv
        if ($port -ge [int](Get-Content /proc/sys/net/ipv4/ip_unprivileged_port_start)) {
            Set-ItResult -Skipped -Because 'this system has no privileged ports'
            return
        }

        $bind = "try { [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, $otherPort).Start() } catch { `"`$_`" }"
        setpriv --reuid=65533 --regid=65534 --clear-groups env HOME=$folder $pwsh -NoProfile -NonInteractive -Command $bind |
            Should -BeLike '*Permission denied*'
        $web = Start-WebServer 65533 $otherPort
        try {
            $give = [datetime]::UtcNow.AddSeconds(60)
            while (-not (Select-String -Quiet -SimpleMatch "port $($otherPort): sent" $log)) {
                $web.HasExited -or [datetime]::UtcNow -gt $give | Should -BeFalse -Because 'the client has to get its port'
                Start-Sleep -Milliseconds 50
            }

            $user = [Net.Sockets.TcpClient]::new('127.0.0.1', $otherPort)
            [IO.StreamReader]::new($user.GetStream()).ReadToEnd() | Should -BeExactly "served by uid 65533`n"
            $user.Dispose()
            $web.StandardError.ReadToEnd() | Should -BeNullOrEmpty
            $web.WaitForExit()
            $web.ExitCode | Should -Be 0
        }
        finally {
            if (-not $web.HasExited) { $web.Kill($true) }
        }
    }

    It 'refuses a port that the user may not have' {
        { Request-Port $otherPort } | Should -Throw "Refused: user $me may not have port $otherPort"
        { Request-Port 0 } | Should -Throw "Refused: user $me may not have port 0"
    }

    It 'refuses a user without ports' -Skip:(-not $isRoot) {
        $client = Start-WebServer 65534 $port
        $client.StandardError.ReadToEnd() | Should -BeLike "*Refused: user nobody may not have port $port*"
        $client.WaitForExit()
        $client.ExitCode | Should -Be 1
    }

    It 'reports that a port is in use' {
        $taken = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, $port)
        $taken.Start()
        try { { Request-Port $port } | Should -Throw 'Refused: *Address already in use*' }
        finally { $taken.Stop() }
    }

    It 'continues after a malformed request' {
        foreach ($text in 'eighty', '-1', '70000', ' ') {
            $client = Connect-UnixSocket -Path $socketPath -SocketType SeqPacket -Wait
            $null = $client.Send([Text.Encoding]::UTF8.GetBytes($text))
            (Receive-FileDescriptor $client -AsMessage -TimeoutSeconds 30).Text | Should -Be 'Refused: that is not a port'
            $client.Dispose()
        }

        (Request-Port $port).Dispose()
    }

    It 'keeps control characters and line breaks of a client out of its log' {
        $client = Connect-UnixSocket -Path $socketPath -SocketType SeqPacket -Wait
        Send-FileDescriptor $client -Message "80`n$me, pid 1, port 80: sent`e]0;title`a"
        (Receive-FileDescriptor $client -AsMessage -TimeoutSeconds 30).Text | Should -Be 'Refused: that is not a port'
        $client.Dispose()
        # The broker writes to its log after it has sent the refusal.
        Wait-Until { @(Get-Content $log) -like '*80·*' } 'the refusal is in the log'
        $lines = @(Get-Content $log)
        $lines | Should -Not -Contain "$me, pid 1, port 80: sent"
        $lines -join '' | Should -Not -Match '[\p{Cc}\p{Cf}]'
    }
}
