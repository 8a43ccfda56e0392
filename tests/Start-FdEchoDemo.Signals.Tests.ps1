Describe 'Start-FdEchoDemo stops cleanly' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        . $PSScriptRoot/Support/EchoDemo.ps1

        # Starts a demo that has a user. If it plays one role, this process plays the other.
        function Get-PlayingDemo([string] $Role) {
            $demo = @{ Role = $Role }
            $demo.Program = Invoke-Pwsh "Start-FdEchoDemo -Role $Role -Port 0"
            if ($Role -eq 'WideReceiver') {
                $null = Wait-ProgramLine $demo.Program 'Listening for messages'
                $demo.Other = Start-FdEchoDemo -Role Quarterback -Port 0 -PassThru
                $null = $demo.Other.Listening.Wait(30000)
                $demo.Port = $demo.Other.Port
            }
            else {
                if ($Role -eq 'Quarterback') {
                    $demo.Other = Start-FdEchoDemo -Role WideReceiver -PassThru
                }

                $demo.Port = (Wait-ProgramLine $demo.Program 'Listening on 127') -replace '.*:'
            }

            $demo.User = Connect-User $demo.Port
            $null = Read-UserLine $demo.User
            $demo.WideReceiver = [int]((Read-UserLine $demo.User) -replace '\D')
            $demo.Id = Get-Player $demo.Program ($Role -eq 'WideReceiver' ? 'Wide Receiver' : 'Quarterback')
            $demo
        }
    }

    BeforeEach {
        $folder = (New-Item -ItemType Directory "TestDrive:/$([guid]::NewGuid().ToString('N').Substring(0, 8))").FullName
        Push-Location $folder
    }

    AfterEach {
        $demo.User.Client.Dispose()
        ${demo}?.Other?.Stop()
        Pop-Location
        Clear-Program
    }

    It '<Role> on <Signal>: reports the signal, closes everything, removes its socket file, and exits with 0' -ForEach $(
        foreach ($role in 'All', 'Quarterback', 'WideReceiver') {
            foreach ($signal in 'SIGINT', 'SIGTERM', 'SIGQUIT') { @{ Role = $role; Signal = $signal } }
        }
    ) {
        $demo = Get-PlayingDemo $Role
        Invoke-Signal $demo.Id $Signal
        Wait-Program $demo.Program | Should -Be 0
        $demo.Program.Error.Result | Should -BeNullOrEmpty
        $said = @($demo.Program.Lines)
        $at = $said.IndexOf("Processing signal ($Signal)")
        $at | Should -BeGreaterThan 0
        $said.IndexOf('Shutting down') | Should -BeGreaterThan $at
        if ($Role -eq 'Quarterback') {
            # The user stays connected to the wide receiver, which this test runs.
            Write-UserLine $demo.User 'still there'
            Read-UserLine $demo.User | Should -BeExactly 'still there'
        }
        else {
            Read-UserLine $demo.User | Should -BeNullOrEmpty
            Test-Path fd-pass.sock | Should -BeFalse
        }

        if ($Role -eq 'All') {
            Get-Process -Id $demo.WideReceiver -ErrorAction Ignore | Should -BeNullOrEmpty
        }

        if ($Role -ne 'WideReceiver') {
            { Connect-User $demo.Port } | Should -Throw '*refused*'
        }
    }

    It '<Role> on Ctrl-C in a terminal' -ForEach @{ Role = 'All' }, @{ Role = 'Quarterback' }, @{ Role = 'WideReceiver' } {
        $program = Invoke-Pwsh -Terminal "Start-FdEchoDemo -Role $Role -Port 0"
        $demo = @{ User = @{ Client = [IO.MemoryStream]::new() }; Other = $Role -eq 'Quarterback' ? (Start-FdEchoDemo -Role WideReceiver -PassThru) : $null }
        $null = Wait-ProgramLine $program ($Role -eq 'WideReceiver' ? 'Listening for messages' : 'Listening on 127')
        $program.Input.Write([char]3)
        $program.Input.Flush()
        $null = Wait-ProgramLine $program 'Processing signal \(SIGINT\)'
        $null = Wait-ProgramLine $program 'Shutting down'
        Wait-Program $program | Should -Be 0
        ${demo}?.Other?.Stop()
        Test-Path fd-pass.sock | Should -BeFalse
    }

    It 'Quarterback on <Signal> before there is a wide receiver: reports the signal, and exits with 0' -ForEach @(
        @{ Signal = 'SIGINT'; Say = '' }, @{ Signal = 'SIGTERM'; Say = '' }, @{ Signal = 'SIGTERM'; Say = '-Say hello' }
    ) {
        $demo = @{ User = @{ Client = [IO.MemoryStream]::new() }; Program = Invoke-Pwsh "Start-FdEchoDemo -Role Quarterback -Port 0 $Say" }
        $null = Wait-ProgramLine $demo.Program 'Connecting to UNIX socket'
        Invoke-Signal (Get-Player $demo.Program Quarterback) $Signal
        Wait-Program $demo.Program | Should -Be 0
        $demo.Program.Error.Result | Should -BeNullOrEmpty
        $demo.Program.Lines | Should -Contain 'Shutting down'
        $demo.Program.Lines -match 'Exception|cancel' | Should -BeNullOrEmpty
    }

    It 'All when it is killed: its wide receiver ends, too' {
        $demo = Get-PlayingDemo All
        Invoke-Signal $demo.Id SIGKILL
        Wait-Program $demo.Program | Should -Be 137
        Read-UserLine $demo.User | Should -BeNullOrEmpty
        Wait-Until { -not (Get-Process -Id $demo.WideReceiver -ErrorAction Ignore) } 'the wide receiver ends'
        Test-Path fd-pass.sock | Should -BeFalse
    }

    It 'WideReceiver when its quarterback is killed: users stay connected, and the next quarterback is served' {
        $demo = @{ Other = Start-FdEchoDemo -Role WideReceiver -PassThru }
        foreach ($again in 1..2) {
            $quarterback = Invoke-Pwsh 'Start-FdEchoDemo -Role Quarterback -Port 0'
            $user = Connect-User ((Wait-ProgramLine $quarterback 'Listening on 127') -replace '.*:')
            $null = Read-UserLine $user
            $null = Read-UserLine $user
            Invoke-Signal $quarterback.Id SIGKILL
            Wait-Program $quarterback | Should -Be 137
            Write-UserLine $user "after $again"
            Read-UserLine $user | Should -BeExactly "after $again"
            $demo.User = $user
        }
    }

    It 'Quarterback when the wide receiver is killed: it keeps its listener, and the next one gets the waiting users' {
        $first = Invoke-Pwsh 'Start-FdEchoDemo -Role WideReceiver'
        $null = Wait-ProgramLine $first 'Listening for messages'
        $demo = @{ Other = Start-FdEchoDemo -Role Quarterback -Port 0 -PassThru }
        $null = $demo.Other.Listening.Wait(30000)
        $demo.User = Connect-User $demo.Other.Port
        $null = Read-UserLine $demo.User
        Read-UserLine $demo.User | Should -BeExactly "Hello from Wide Receiver on PID ($($first.Id))!"
        Invoke-Signal $first.Id SIGKILL
        Wait-Program $first | Should -Be 137
        Read-UserLine $demo.User | Should -BeNullOrEmpty

        # The killed wide receiver left its socket file behind.
        Test-Path fd-pass.sock | Should -BeTrue
        $waiting = 1..5 | ForEach-Object { Connect-User $demo.Other.Port }
        $second = Start-FdEchoDemo -Role WideReceiver -Force -PassThru
        foreach ($user in $waiting) {
            Read-UserLine $user | Should -BeLike 'Hello from Quarterback*'
            Read-UserLine $user | Should -BeExactly "Hello from Wide Receiver on PID ($PID)!"
            $user.Client.Dispose()
        }

        $second.Stop()
    }

    It 'continues with the rest of the script' -ForEach @(
        @{ How = 'after -Say'; Script = 'Start-FdEchoDemo -Port 0 -Say foo 6>$null | Out-Null; "and then"; exit 3'; Code = 3 }
    ) {
        $demo = @{ User = @{ Client = [IO.MemoryStream]::new() } }
        $program = Invoke-Pwsh $Script
        Wait-Program $program | Should -Be $Code
        $program.Lines | Should -Be 'and then'
    }
}
