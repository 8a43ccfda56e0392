Describe 'Wait-UnixSocketConnection' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        # Connects the given number of times, with perl, which every user may run.
        $connect = 'for (1..$ARGV[1]) { push @s, IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die "$!\n" } <STDIN>'

        function Connect-Perl([string] $Path, [int] $Count = 1, [switch] $AsNobody) {
            $user = $AsNobody ? @('--reuid=65534', '--regid=65534', '--clear-groups') : @('--reuid', "$(id -u)")
            Invoke-Program setpriv ($user + 'perl', '-MIO::Socket::UNIX', '-e', $connect, $Path, "$Count")
        }
    }

    BeforeEach {
        $folder = [IO.Directory]::CreateTempSubdirectory('psfdpass-').FullName
        chmod 755 $folder
        $path = "$folder/a.sock"
        $listener = New-UnixSocketListener $path -Mode 0666
    }

    AfterEach {
        $listener, $socket, $client | ForEach-Object { $_ } | ForEach-Object { ${_}?.Dispose() }
        Clear-Program
        [IO.Directory]::Delete($folder, $true)
    }

    It 'returns the connection, whose peer is the client' {
        $client = Connect-UnixSocket $path
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 5
        $socket | Should -BeOfType ([Net.Sockets.Socket])
        Send-FileDescriptor $client /dev/null
        $received = Receive-FileDescriptor $socket -TimeoutSeconds 5
        $received.Target | Should -Be /dev/null
        $received.Dispose()
    }

    It 'accepts the listener as <Name>' -ForEach @(
        @{ Name = 'a Socket'; Of = { $listener } }
        @{ Name = 'a SafeHandle'; Of = { $listener.SafeHandle } }
        @{ Name = 'a number'; Of = { [int]$listener.Handle } }
        @{ Name = 'a FileDescriptor that another process passed'; Of = {
                $left, $right = New-UnixSocketPair
                Send-FileDescriptor $left $listener
                Receive-FileDescriptor $right -TimeoutSeconds 5
                $left, $right | ForEach-Object Dispose } }
    ) {
        $of = . $Of
        $client = Connect-UnixSocket $path
        $socket = Wait-UnixSocketConnection $of -TimeoutSeconds 5
        $socket.Connected | Should -BeTrue
        if ($of -is [PSFdPass.FileDescriptor]) { $of.Dispose() }
    }

    It 'accepts a TcpListener' {
        $tcp = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
        $tcp.Start()
        $client = [Net.Sockets.TcpClient]::new()
        $client.Connect($tcp.LocalEndpoint)
        $socket = $tcp | Wait-UnixSocketConnection -TimeoutSeconds 5
        $socket.RemoteEndPoint.Port | Should -Be $client.Client.LocalEndPoint.Port
        $tcp.Dispose()
    }

    It 'works in either blocking mode of the listener, and does not change it' {
        $listener.Blocking = $false
        $client = Connect-UnixSocket $path
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 5
        $listener.Blocking | Should -BeFalse
        { Wait-UnixSocketConnection $listener -TimeoutSeconds 0.02 } | Should -Throw -ErrorId 'TimedOut,*'
    }

    It 'returns -Count connections, each as it arrives' {
        $clients = Connect-Perl $path 3
        $seen = [Collections.Generic.List[int]]::new()
        $socket = Wait-UnixSocketConnection $listener -Count 3 -TimeoutSeconds 30 | ForEach-Object { $seen.Add((Get-UnixSocketPeer $_).ProcessId); $_ }
        $seen | Should -Be $clients.Id, $clients.Id, $clients.Id
        { Wait-UnixSocketConnection $listener -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
    }

    It 'continues with -Follow: a server in one line' {
        $server = Invoke-Pwsh "
            New-UnixSocketListener '$folder/echo.sock' | Wait-UnixSocketConnection -Follow | ForEach-Object {
                [Console]::WriteLine('served ' + (Get-UnixSocketPeer `$_).ProcessId); `$_.Dispose() }"
        foreach ($again in 1..3) {
            $client = Connect-UnixSocket "$folder/echo.sock" -Wait -TimeoutSeconds 30
            Wait-ProgramLine $server '^served' | Should -Be "served $PID"
            $client.Dispose()
        }
    }

    It 'stops when the pipeline ends early, and leaves the next connection to the next command' {
        $clients = Connect-Perl $path 2
        $socket = @(Wait-UnixSocketConnection $listener -Follow -TimeoutSeconds 30 | Select-Object -First 1)
        $socket += Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        $socket | Get-UnixSocketPeer | ForEach-Object ProcessId | Should -Be $clients.Id, $clients.Id
    }

    It 'ends on Ctrl-C' {
        $server = Invoke-Pwsh -Terminal "`$l = New-UnixSocketListener '$folder/c.sock'
            [Console]::WriteLine('waiting'); try { Wait-UnixSocketConnection `$l -Follow } finally { `$l.Dispose(); [Console]::WriteLine('stopped') }"
        $null = Wait-ProgramLine $server 'waiting'
        $server.Input.Write([char]3)
        $server.Input.Flush()
        Wait-ProgramLine $server 'stopped' | Should -Not -BeNullOrEmpty
        $null = Wait-Program $server
        "$folder/c.sock" | Should -Not -Exist
    }

    Context '-RequireUser' -Skip:((id -u) -ne 0) {
        It 'closes the connections of other users, and reports who they were' {
            $nobody = Connect-Perl $path -AsNobody
            Wait-Until { Test-Connected $path } 'the user nobody has connected'
            $client = Connect-UnixSocket $path
            $socket = Wait-UnixSocketConnection $listener -RequireUser root -TimeoutSeconds 30 -WarningVariable warnings -WarningAction SilentlyContinue
            (Get-UnixSocketPeer $socket).ProcessId | Should -Be $PID
            "$warnings" | Should -Be "Refused a connection from pid $($nobody.Id) (perl), user 65534 (nobody)."
        }

        It 'accepts users by <Name>' -ForEach @(
            @{ Name = 'name'; User = 'nobody' }
            @{ Name = 'number'; User = 65534 }
            @{ Name = 'several'; User = 'root', 'nobody' }
        ) {
            $nobody = Connect-Perl $path -AsNobody
            $socket = Wait-UnixSocketConnection $listener -RequireUser $User -TimeoutSeconds 30
            (Get-UnixSocketPeer $socket).UserName | Should -Be nobody
        }

        It 'closes refused connections, and the client reads the end' {
            $nobody = Invoke-Program setpriv '--reuid=65534', '--regid=65534', '--clear-groups', 'perl', '-MIO::Socket::UNIX', '-e', (
                '$s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]); print "end\n" unless <$s>'), $path
            { Wait-UnixSocketConnection $listener -RequireUser root -TimeoutSeconds 3 -WarningAction SilentlyContinue } |
                Should -Throw -ErrorId 'TimedOut,*'
            Wait-ProgramLine $nobody '^end$' | Should -Be end
        }

        BeforeAll {
            function Test-Connected([string] $Path) {
                # The listener, and a connection that waits to be accepted.
                @(Get-Content /proc/net/unix | Where-Object { $_ -like "* $Path" }).Count -ge 2
            }
        }
    }

    It 'reports a specific error for <What>: <Id>' -ForEach @(
        @{ What = 'a connection'; Of = { $script:made = New-UnixSocketPair; $made[0] }; Id = 'EINVAL'; Says = '*is not listening*' }
        @{ What = 'a datagram socket'; Of = { $script:made = New-UnixSocketListener "$folder/d.sock" -SocketType Datagram; $made }; Id = 'EOPNOTSUPP'
            Says = '*A datagram socket does not have connections*' }
        @{ What = 'a closed listener'; Of = { $listener.Dispose(); $listener }; Id = 'Closed'; Says = '*closed*' }
        @{ What = 'a device'; Of = { $script:made = [PSFdPass.FileDescriptor]::Open('/dev/null'); $made }; Id = 'ENOTSOCK'; Says = '*is not a socket*' }
        @{ What = 'a text'; Of = { 'listener' }; Id = 'InvalidArgument'; Says = '*is a path and not a listening socket*New-UnixSocketListener*' }
    ) {
        $of = . $Of
        $problem = { Wait-UnixSocketConnection $of } | Should -Throw -ErrorId "$Id,PSFdPass.Commands.WaitUnixSocketConnectionCommand" -PassThru
        "$problem" | Should -BeLike $Says
        $script:made | ForEach-Object { ${_}?.Dispose() }
        $script:made = $null
    }

    It 'completes the numbers of sockets that listen' {
        $left, $right = New-UnixSocketPair
        $tcp = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
        $tcp.Start()
        $line = 'Wait-UnixSocketConnection -Listener '
        $found = (TabExpansion2 $line $line.Length).CompletionMatches
        $found.CompletionText | Should -Contain "$($listener.Handle)"
        $found.CompletionText | Should -Contain "$($tcp.Server.Handle)"
        $found.CompletionText | Should -Not -Contain "$($left.Handle)"
        $tcp, $left, $right | ForEach-Object Dispose
    }

    It 'accepts a description of the listener' {
        $client = Connect-UnixSocket $path
        $socket = Get-FileDescriptor $listener | Wait-UnixSocketConnection -TimeoutSeconds 5
        $socket.Send([byte[]]1) | Should -Be 1
    }

    It 'looks up the users before it waits' {
        { Wait-UnixSocketConnection $listener -RequireUser root, no-such-user } | Should -Throw '*does not have a user no-such-user*' -ErrorId 'InvalidArgument,*'
    }

    It 'can''t determine the users of a TCP connection, and says so' {
        $tcp = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
        $tcp.Start()
        { Wait-UnixSocketConnection $tcp -RequireUser root } | Should -Throw -ErrorId 'NotUnixSocket,*'
        $tcp.Dispose()
    }

    It 'sets the buffers of each connection' {
        $client = Connect-UnixSocket $path
        $socket = Wait-UnixSocketConnection $listener -SendBufferSize 40000 -ReceiveBufferSize 50000 -TimeoutSeconds 5
        $socket.SendBufferSize, $socket.ReceiveBufferSize | Should -Be 80000, 100000
    }

    It 'leaves nothing open, also when it fails' {
        Assert-NothingLeaks {
            $one = Connect-UnixSocket $path
            (Wait-UnixSocketConnection $listener).Dispose()
            $one.Dispose()
            try { Wait-UnixSocketConnection $listener -TimeoutSeconds 0.02 } catch { "$_" }
            $one = Connect-UnixSocket $path
            try { Wait-UnixSocketConnection $listener -RequireUser 12345 -TimeoutSeconds 0.02 3>$null } catch { "$_" }
            $one.Dispose()
        }
    }
}
