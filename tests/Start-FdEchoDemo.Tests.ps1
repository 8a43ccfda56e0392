Describe 'Start-FdEchoDemo' {
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

    It 'accepts users on the listener that a service manager passes, and leaves the other descriptors' {
        Skip-Without systemd-socket-activate
        $wideReceiver = Invoke-Pwsh 'Start-FdEchoDemo -Role WideReceiver' -WorkingDirectory $folder
        $null = Wait-ProgramLine $wideReceiver 'Listening for messages'
        $probe = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $probe.Start()
        $port = $probe.LocalEndpoint.Port
        $probe.Dispose()
        $quarterback = Invoke-Program systemd-socket-activate -WorkingDirectory $folder (
            '-l', "127.0.0.1:$port", '-l', "$folder/other.sock", $Pwsh, '-NoProfile', '-Command',
            "Import-Module '$Repository/out/PSFdPass'; `$demo = Start-FdEchoDemo -Role Quarterback -Port 1 -PassThru; `$demo.Port
            (Get-ActivationFileDescriptor).Name; `$null = Read-Host; `$demo.Dispose()")
        Wait-Until { Test-Path "$folder/other.sock" } 'systemd-socket-activate listens'
        $user = Connect-User $port
        Wait-ProgramLine $quarterback '^\d+$' | Should -Be $port
        Wait-ProgramLine $quarterback '^LISTEN' | Should -Be 'LISTEN_FD_4'
        Read-UserLine $user | Should -Match '^Hello from Quarterback'
        Read-UserLine $user | Should -Match '^Hello from Wide Receiver'
        Write-UserLine $user foo
        Read-UserLine $user | Should -BeExactly foo
        $user.Client.Dispose()
        $quarterback.Input.WriteLine()
        Wait-Program $quarterback | Should -Be 0
    }

    It 'refuses descriptors that are for another process' {
        $quarterback = Invoke-Pwsh '$env:LISTEN_FDS, $env:LISTEN_PID = "1", "1"; Start-FdEchoDemo -Role Quarterback -Port 0' -WorkingDirectory $folder
        Wait-Program $quarterback | Should -Be 1
        $quarterback.Error.Result | Should -Match 'for process 1'
    }

    Context 'the transcript' {
        It 'has the lines of three players in three processes' {
            $wideReceiver = Invoke-Pwsh 'Start-FdEchoDemo -Role WideReceiver' -WorkingDirectory $folder
            $null = Wait-ProgramLine $wideReceiver 'Listening for messages'
            $quarterback = Invoke-Pwsh 'Start-FdEchoDemo -Role Quarterback -Port 0' -WorkingDirectory $folder
            $port = (Wait-ProgramLine $quarterback 'Listening on') -replace '.*:'
            $user = Connect-User $port
            Read-UserLine $user | Should -Match '^Hello from Quarterback on PID \((\d+)\)!$'
            Read-UserLine $user | Should -Match '^Hello from Wide Receiver on PID \((\d+)\)!$'
            foreach ($line in 'foo', 'bar') {
                Write-UserLine $user $line
                Read-UserLine $user | Should -BeExactly $line
            }

            $address = $user.Client.Client.LocalEndPoint
            $user.Client.Dispose()
            $null = Wait-ProgramLine $wideReceiver 'Closing connection'
            $null = Wait-ProgramLine $quarterback 'Closing connection'
            Invoke-Signal (Get-Player $quarterback Quarterback) SIGINT
            Wait-Program $quarterback | Should -Be 0
            $null = Wait-ProgramLine $wideReceiver 'Connection on'
            Invoke-Signal (Get-Player $wideReceiver 'Wide Receiver') SIGINT
            Wait-Program $wideReceiver | Should -Be 0
            $quarterback.Lines | Should -BeExactly @(
                "Starting Quarterback with PID ($(Get-Player $quarterback Quarterback))"
                'Connecting to UNIX socket (fd-pass.sock)'
                'Connected to UNIX socket (fd-pass.sock)'
                "Listening on 127.0.0.1:$port"
                "Handling connection from ($address)"
                "Closing connection from ($address)"
                'Processing signal (SIGINT)'
                'Shutting down'
            )
            $wideReceiver.Lines | Should -BeExactly @(
                "Starting Wide Receiver on PID ($(Get-Player $wideReceiver 'Wide Receiver'))"
                'Listening for messages on (fd-pass.sock)'
                'Handling connection from (fd-pass.sock)'
                "Handling connection from ($address)"
                "Closing connection from ($address)"
                'Connection on (fd-pass.sock) closed'
                'Processing signal (SIGINT)'
                'Shutting down'
            )
        }

        It 'is shown by default, and is on the information stream' {
            $shown = Invoke-Pwsh 'Start-FdEchoDemo -Port 0 -Say foo' -WorkingDirectory $folder
            Wait-Program $shown | Should -Be 0
            $shown.Lines | Should -Contain 'Connecting to UNIX socket (fd-pass.sock)'
            $shown.Lines | Should -Contain 'foo'
            $hidden = Invoke-Pwsh 'Start-FdEchoDemo -Port 0 -Say foo 6>$null' -WorkingDirectory $folder
            Wait-Program $hidden | Should -Be 0
            $hidden.Lines | Should -HaveCount 3
        }
    }

    Context '-Say' {
        It 'plays the user too, and returns what the connection shows' {
            $shown = Start-FdEchoDemo -Port 0 -Say foo, bar, 'grüß dich' -InformationVariable said 6>$null
            $shown | Should -HaveCount 5
            $shown[0] | Should -Match "^Hello from Quarterback on PID \($PID\)!$"
            $shown[1] | Should -Match '^Hello from Wide Receiver on PID \((\d+)\)!$'
            $shown[2..4] | Should -BeExactly foo, bar, 'grüß dich'
            $other = [int]($shown[1] -replace '\D')
            $other | Should -Not -Be $PID
            Get-Process -Id $other -ErrorAction Ignore | Should -BeNullOrEmpty
            Test-Path fd-pass.sock | Should -BeFalse

            # The lines of both players arrive in any order. The port and the user's address are different each time.
            $port = ("$($said -match '^Listening on')") -replace '.*:'
            $said | ForEach-Object { "$_" -replace "127.0.0.1:$port", 'PORT' -replace '127.0.0.1:\d+', 'USER' } | Sort-Object |
                Should -BeExactly (@(
                    "Starting Quarterback with PID ($PID)"
                    'Connecting to UNIX socket (fd-pass.sock)'
                    'Connected to UNIX socket (fd-pass.sock)'
                    'Listening on PORT'
                    'Handling connection from (USER)'
                    'Closing connection from (USER)'
                    'Shutting down'
                    "Starting Wide Receiver on PID ($other)"
                    'Listening for messages on (fd-pass.sock)'
                    'Handling connection from (fd-pass.sock)'
                    'Handling connection from (USER)'
                    'Closing connection from (USER)'
                    'Connection on (fd-pass.sock) closed'
                    'Shutting down'
                ) | Sort-Object)
        }

        It 'accepts one line, and an IPv6 address' {
            $shown = Start-FdEchoDemo -Port 0 -Say 'one line' -ListenAddress ::1 -InformationVariable said 6>$null
            $shown[2] | Should -BeExactly 'one line'
            $shown | Should -HaveCount 3
            "$said" | Should -Match 'Listening on \[::1\]:\d+'
        }

        It 'accepts many lines at once' {
            $lines = 1..5000 | ForEach-Object { "line $_ $('.' * 100)" }
            $shown = Start-FdEchoDemo -Port 0 -Say $lines 6>$null
            $shown[2..5001] -join "`n" | Should -BeExactly ($lines -join "`n")
        }

        It 'leaves nothing open' {
            Assert-NothingLeaks { Start-FdEchoDemo -Port 0 -Say foo 6>$null }
        }
    }

    Context '-PassThru' {
        It 'plays in the background until Stop()' {
            $demo = Start-FdEchoDemo -Port 0 -PassThru
            $demo.Port | Should -BeGreaterThan 0
            $demo.QuarterbackId | Should -Be $PID
            $demo.WideReceiverId | Should -Not -Be $PID
            $demo.SocketPath | Should -BeExactly "$folder/fd-pass.sock"
            (Get-Process -Id $demo.WideReceiverId).HasExited | Should -BeFalse
            (stat -c %a fd-pass.sock) | Should -Be 600

            $users = 1..20 | ForEach-Object { Connect-User $demo.Port }
            foreach ($user in $users) {
                Read-UserLine $user | Should -BeExactly "Hello from Quarterback on PID ($PID)!"
                Read-UserLine $user | Should -BeExactly "Hello from Wide Receiver on PID ($($demo.WideReceiverId))!"
                Write-UserLine $user still
                Read-UserLine $user | Should -BeExactly still
            }

            $demo.Stop()
            foreach ($user in $users) {
                Read-UserLine $user | Should -BeNullOrEmpty -Because 'the connection was closed'
                $user.Client.Dispose()
            }

            Get-Process -Id $demo.WideReceiverId -ErrorAction Ignore | Should -BeNullOrEmpty
            Test-Path fd-pass.sock | Should -BeFalse
            { Connect-User $demo.Port } | Should -Throw '*refused*'
            { $demo.Stop() } | Should -Not -Throw
        }

        It 'returns a quarterback before a wide receiver exists, and users wait in the backlog' {
            $quarterback = Start-FdEchoDemo -Role Quarterback -Port 0 -PassThru
            $quarterback.WideReceiverId | Should -BeNullOrEmpty
            $quarterback.Listening.IsCompleted | Should -BeFalse
            $wideReceiver = Start-FdEchoDemo -Role WideReceiver -PassThru
            $wideReceiver.QuarterbackId | Should -BeNullOrEmpty
            $wideReceiver.WideReceiverId | Should -Be $PID
            $quarterback.Listening.Wait(30000) | Should -BeTrue
            $user = Connect-User $quarterback.Port
            Read-UserLine $user | Should -Match '^Hello from Quarterback'
            Read-UserLine $user | Should -Match '^Hello from Wide Receiver'
            $wideReceiver.Stop()
            Read-UserLine $user | Should -BeNullOrEmpty

            # Without a wide receiver, the next user waits, and is not disconnected.
            $waiting = Connect-User $quarterback.Port
            $wideReceiver = Start-FdEchoDemo -Role WideReceiver -PassThru
            Read-UserLine $waiting | Should -Match '^Hello from Quarterback'
            Read-UserLine $waiting | Should -Match '^Hello from Wide Receiver'
            $quarterback, $wideReceiver | ForEach-Object Stop
            $user.Client, $waiting.Client | ForEach-Object Dispose
        }

        It 'leaves nothing open' {
            Assert-NothingLeaks { (Start-FdEchoDemo -Port 0 -PassThru).Stop() }
        }
    }

    Context 'with a player in another language' {
        It 'throws to a wide receiver in <Language>' -ForEach @{ Language = 'C' }, @{ Language = 'Python' } {
            $foreign = Invoke-Player $Language wide_receiver "$folder/other"
            $null = Wait-ProgramLine $foreign 'Listening for messages'
            $shown = Start-FdEchoDemo -Role Quarterback -SocketPath other -Port 0 -Say foo, bar 6>$null
            $shown | Should -BeExactly "Hello from Quarterback on PID ($PID)!", "Hello from Wide Receiver on PID ($($foreign.Id))!", foo, bar
        }

        It 'receives from a quarterback in <Language>' -ForEach @{ Language = 'C' }, @{ Language = 'Python' } {
            $demo = Start-FdEchoDemo -Role WideReceiver -SocketPath other -PassThru
            $foreign = Invoke-Player $Language quarterback 0 "$folder/other"
            $user = Connect-User ((Wait-ProgramLine $foreign 'Listening on') -replace '.*:')
            Read-UserLine $user | Should -BeExactly "Hello from Quarterback on PID ($($foreign.Id))!"
            Read-UserLine $user | Should -BeExactly "Hello from Wide Receiver on PID ($PID)!"
            Write-UserLine $user foo
            Read-UserLine $user | Should -BeExactly foo
            $user.Client.Dispose()
            $demo.Stop()
        }
    }

    Context '-WhatIf' {
        It 'describes what it would do, and does nothing' {
            Start-FdEchoDemo -Port 0 -PassThru -WhatIf | Should -BeNullOrEmpty
            Test-Path fd-pass.sock | Should -BeFalse
        }
    }
}
