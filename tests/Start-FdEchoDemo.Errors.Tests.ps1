Describe 'Start-FdEchoDemo with bad input' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        . $PSScriptRoot/Support/EchoDemo.ps1
    }

    BeforeEach {
        $folder = (New-Item -ItemType Directory "TestDrive:/$([guid]::NewGuid().ToString('N').Substring(0, 8))").FullName
        Push-Location $folder
    }

    AfterEach {
        Pop-Location
        Clear-Program
    }

    Context 'the socket' {
        BeforeDiscovery {
            $bad = @(
                @{ Name = 'is a regular file'; Path = 'file'; Id = 'EADDRINUSE'; Quarterback = 'ENOTSOCK'; Says = '*file*not a socket*'
                    Prepare = { Set-Content file 'not a socket' } }
                @{ Name = 'is a folder'; Path = 'dir'; Id = 'EADDRINUSE'; Quarterback = 'ENOTSOCK'; Says = '*dir*not a socket*'
                    Prepare = { $null = New-Item -ItemType Directory dir } }
                @{ Name = 'is in use'; Path = 'used'; Id = 'EADDRINUSE'; Says = '*used*in use by process*'
                    Prepare = { $script:other = Start-FdEchoDemo -Role WideReceiver -SocketPath used -PassThru } }
                @{ Name = 'was left behind'; Path = 'stale'; Id = 'EADDRINUSE'; Says = '*stale*no process listens on it. -Force replaces it*'
                    Prepare = { python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("stale")' } }
                @{ Name = 'is in a folder that does not exist'; Path = 'none/a.sock'; Id = 'ENOENT'; Quarterback = 'ENOENT'; Says = '*none*No such file*'; Prepare = { } }
                @{ Name = 'is too long'; Path = 'x' * 108; Id = 'ENAMETOOLONG'; Quarterback = 'ENAMETOOLONG'; Says = '*at most 107 bytes*'; Prepare = { } }
                @{ Name = 'is on another provider'; Path = 'Env:x'; Id = 'InvalidArgument'; Quarterback = 'InvalidArgument'
                    Says = '*Env:x is not in the file system*'; Prepare = { } }
                @{ Name = 'is on an unknown drive'; Path = 'nodrive:x'; Id = 'DriveNotFound'; Quarterback = 'DriveNotFound'; Says = '*nodrive*'; Prepare = { } }
            )
            $all = foreach ($one in $bad) {
                foreach ($role in 'All', 'WideReceiver', 'Quarterback') {
                    # A quarterback waits for a wide receiver that may start later.
                    $id = $role -eq 'Quarterback' ? $one.Quarterback : $one.Id
                    if ($id) { $one + @{ Role = $role; Expected = $id } }
                }
            }
        }

        It '<Name>: <Role> reports <Expected>, and leaves nothing behind' -ForEach $all {
            & $Prepare
            $before = Get-ChildItem | ForEach-Object { "$_ $($_.UnixMode)" }
            { Start-FdEchoDemo -Role $Role -SocketPath $Path -Port 0 -PassThru } |
                Should -Throw -ErrorId "$Expected,PSFdPass.Commands.StartFdEchoDemoCommand" -PassThru | Should -BeLike $Says
            if ($Role -ne 'WideReceiver') {
                { Start-FdEchoDemo -Role $Role -SocketPath $Path -Port 0 -Say foo 6>$null } |
                    Should -Throw -ErrorId "$Expected,PSFdPass.Commands.StartFdEchoDemoCommand" -PassThru | Should -BeLike $Says
            }

            Get-ChildItem | ForEach-Object { "$_ $($_.UnixMode)" } | Should -Be $before
            ${script:other}?.Stop()
            $script:other = $null
        }

        It 'that was left behind is replaced with -Force by <Role>' -ForEach @{ Role = 'All' }, @{ Role = 'WideReceiver' } {
            Skip-Without python3
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("stale")'
            $demo = Start-FdEchoDemo -Role $Role -SocketPath stale -Port 0 -Force -PassThru
            $demo.Listening.IsCompletedSuccessfully | Should -BeTrue
            $demo.Stop()
            Test-Path stale | Should -BeFalse
        }

        It 'is not replaced with -Force when it is <Name>' -ForEach @(
            @{ Name = 'a regular file'; Prepare = { Set-Content s 'not a socket' }; Says = '*not a socket*' }
            @{ Name = 'in use'; Prepare = { $script:other = Start-FdEchoDemo -Role WideReceiver -SocketPath s -PassThru }; Says = '*in use*' }
        ) {
            & $Prepare
            { Start-FdEchoDemo -SocketPath s -Port 0 -Force -PassThru } | Should -Throw -ErrorId 'EADDRINUSE,*' -PassThru | Should -BeLike $Says
            Test-Path s | Should -BeTrue
            ${script:other}?.Stop()
            $script:other = $null
        }
    }

    Context 'the port' {
        BeforeEach {
            $listener = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
            $listener.Start()
        }

        AfterEach {
            $listener.Dispose()
        }

        It 'in use is a specific error for <Role>' -ForEach @{ Role = 'All' }, @{ Role = 'Quarterback' } {
            $port = $listener.LocalEndpoint.Port
            { Start-FdEchoDemo -Role $Role -Port $port -PassThru } | Should -Throw -ErrorId 'EADDRINUSE,*' -ExpectedMessage "*127.0.0.1:$port*Another program is listening on that address. Choose another port, or 0 for a free one."
            Test-Path fd-pass.sock | Should -BeFalse
        }

        It 'may be in use for a wide receiver, which does not listen on a port' {
            $demo = Start-FdEchoDemo -Role WideReceiver -Port $listener.LocalEndpoint.Port -PassThru
            $demo.Stop()
        }

        It 'of <Port> is refused' -ForEach @{ Port = -1 }, @{ Port = 65536 } {
            { Start-FdEchoDemo -Port $Port -PassThru } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'on an address that is not local is an error' {
            { Start-FdEchoDemo -Port 0 -ListenAddress 192.0.2.1 -PassThru } | Should -Throw -ErrorId 'EADDRNOTAVAIL,*' -ExpectedMessage '*192.0.2.1*'
        }

        It 'on an invalid address is an error' {
            { Start-FdEchoDemo -Port 0 -ListenAddress nonsense -PassThru } | Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*'
        }
    }

    Context 'parameters' {
        It 'refuses -Say for a wide receiver' {
            { Start-FdEchoDemo -Role WideReceiver -Say foo } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage '*Use -Say with the role All or Quarterback*'
        }

        It 'refuses -Say with -PassThru' {
            { Start-FdEchoDemo -Say foo -PassThru -Port 0 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        }

        It 'refuses an unknown role' {
            { Start-FdEchoDemo -Role Referee } | Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*' -ExpectedMessage '*All, Quarterback, WideReceiver*'
        }
    }

    It 'completes -SocketPath with sockets, and no other files' {
        $listener = New-UnixSocketListener a.sock
        Set-Content a.text text
        $line = 'Start-FdEchoDemo -SocketPath a'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be ./a.sock
        $listener.Dispose()
    }

    It 'completes -ListenAddress with the addresses of this machine, and no files' {
        Set-Content 127.text text
        $line = 'Start-FdEchoDemo -ListenAddress '
        $found = (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText
        $found | Should -Contain 127.0.0.1
        $found | Should -Contain ::1
        $found -match 'text' | Should -BeNullOrEmpty
        (TabExpansion2 "${line}127" "${line}127".Length).CompletionMatches.CompletionText | Should -BeExactly 127.0.0.1
    }

    Context 'a peer' {
        It 'that sends <Kind> does not disturb the wide receiver' -ForEach @(
            @{ Kind = 'nothing' }, @{ Kind = 'bytes' }, @{ Kind = 'many' }, @{ Kind = 'dies' }, @{ Kind = 'two' }, @{ Kind = 'empty' }
        ) {
            $demo = Start-FdEchoDemo -Port 0 -PassThru
            $open = { @(Get-ChildItem "/proc/$($demo.WideReceiverId)/fd" | Where-Object LinkTarget -EQ /dev/null).Count }
            # Serving the first user makes the wide receiver open descriptors that it keeps.
            $first = Connect-User $demo.Port
            $null = Read-UserLine $first
            Read-UserLine $first | Should -BeLike 'Hello from Wide Receiver*'
            $first.Client.Dispose()
            $before = & $open
            $peer = Get-CompiledPeer peer $folder
            $other = Invoke-Program $peer garbage, "$folder/fd-pass.sock", stream, $Kind
            $null = Wait-Program $other
            $user = Connect-User $demo.Port
            $null = Read-UserLine $user
            Read-UserLine $user | Should -BeLike 'Hello from Wide Receiver*'
            Write-UserLine $user foo
            Read-UserLine $user | Should -BeExactly foo
            $user.Client.Dispose()
            # The wide receiver closes all descriptors that it received.
            Wait-Until { (& $open) -eq $before } 'the garbage is closed'
            $demo.Stop()
        }
    }
}
