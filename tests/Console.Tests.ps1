# Commands in a terminal, in which the tests type Ctrl-C.
Describe 'Ctrl-C' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        # Starts a pwsh at a prompt, in a terminal of its own, with a pair of sockets and short functions that the tests call.
        function Invoke-Prompt([string] $Functions = '') {
            $program = Invoke-Pwsh -Terminal -NoExit @"
                Remove-Module PSReadLine -ErrorAction Ignore
                function prompt { "READY``n" }
                `$left, `$right = New-UnixSocketPair
                function t { Send-FileDescriptor `$left /dev/null; 'it is ' + (Receive-FileDescriptor `$right -TimeoutSeconds 10).Target }
                function o { 'open: ' + [IO.Directory]::GetFiles('/proc/self/fd').Count }
                $Functions
"@
            $null = Wait-ProgramLine $program READY
            $program
        }

        function Write-Prompt($Program, [string] $Text) {
            $Program.Input.Write("$Text`r")
            $Program.Input.Flush()
        }

        function Write-ControlC($Program) {
            # The command is probably waiting after this time. If not, Ctrl-C stops it, too.
            Start-Sleep -Milliseconds 300
            $Program.Input.Write([char]3)
            $Program.Input.Flush()
        }
    }

    AfterEach {
        Clear-Program
    }

    It 'ends a receive at the prompt, and the socket can be used again' {
        $program = Invoke-Prompt 'function w { "wait" + "ing"; Receive-FileDescriptor $right; "not reached" }'
        foreach ($again in 1..2) {
            Write-Prompt $program w
            $null = Wait-ProgramLine $program 'waiting'
            Write-ControlC $program
            $null = Wait-ProgramLine $program READY
        }

        Write-Prompt $program t
        Wait-ProgramLine $program 'it is' | Should -BeLike '*it is /dev/null'
        Write-Prompt $program 'exit 7'
        Wait-Program $program | Should -Be 7
        $program.Lines | Should -Not -Contain 'not reached'
        $program.Lines -match 'PipelineStopped|Exception|   at ' | Should -BeNullOrEmpty
    }

    It 'ends -Follow after some descriptors have arrived, and leaves nothing open' {
        $program = Invoke-Prompt @'
            function f {
                Send-FileDescriptor $left /dev/null, /etc
                'following'
                Receive-FileDescriptor $right -Follow | ForEach-Object { 'got ' + $_.Target; $_.Dispose() }
            }
'@
        $opens = foreach ($again in 1..2) {
            Write-Prompt $program f
            $null = Wait-ProgramLine $program 'got /etc'
            Write-ControlC $program
            $null = Wait-ProgramLine $program READY
            Write-Prompt $program o
            Wait-ProgramLine $program 'open:'
            $null = Wait-ProgramLine $program READY
        }

        $opens[1] -replace '.*open' | Should -BeExactly ($opens[0] -replace '.*open')
        Write-Prompt $program 'exit 0'
        Wait-Program $program | Should -Be 0
    }

    It 'ends a send that waits for space' {
        $program = Invoke-Prompt @'
            function s {
                try { for () { Send-FileDescriptor $left /dev/null -TimeoutSeconds 0 } } catch { 'full' }
                Send-FileDescriptor $left /dev/null
                'not reached'
            }
'@
        Write-Prompt $program s
        $null = Wait-ProgramLine $program 'full'
        Write-ControlC $program
        $null = Wait-ProgramLine $program READY
        Write-Prompt $program 'exit 0'
        Wait-Program $program | Should -Be 0
        $program.Lines | Should -Not -Contain 'not reached'
    }

    It 'ends a script that receives, and finally blocks run' {
        $program = Invoke-Pwsh -Terminal @'
            $left, $right = New-UnixSocketPair
            try { 'waiting'; Receive-FileDescriptor $right; 'not reached' } finally { [Console]::WriteLine('finally') }
'@
        $null = Wait-ProgramLine $program 'waiting'
        Write-ControlC $program
        $null = Wait-ProgramLine $program 'finally'
        Wait-Program $program | Should -Not -Be 0
        $program.Lines | Should -Not -Contain 'not reached'
    }

    It 'ends a script by SIGINT too, without a terminal' {
        $program = Invoke-Pwsh @'
            $left, $right = New-UnixSocketPair
            try { "waiting in $PID"; Receive-FileDescriptor $right; 'not reached' } finally { [Console]::WriteLine('finally') }
'@
        $line = Wait-ProgramLine $program 'waiting'
        Start-Sleep -Milliseconds 300
        Invoke-Signal ($line -replace '\D') SIGINT
        $null = Wait-ProgramLine $program 'finally'
        Wait-Program $program | Should -Not -Be 0
        $program.Lines | Should -Not -Contain 'not reached'
    }

    It 'ends the echo demo, and returns to the prompt' {
        $program = Invoke-Prompt "cd '$((Get-PSDrive TestDrive).Root)'; function d { Start-FdEchoDemo -Port 0 }"
        foreach ($again in 1..2) {
            Write-Prompt $program d
            $null = Wait-ProgramLine $program 'Listening on 127'
            Write-ControlC $program
            $null = Wait-ProgramLine $program 'Processing signal \(SIGINT\)'
            $null = Wait-ProgramLine $program 'Shutting down'
            $null = Wait-ProgramLine $program READY
            Test-Path TestDrive:/fd-pass.sock | Should -BeFalse
        }

        Write-Prompt $program t
        Wait-ProgramLine $program 'it is' | Should -BeLike '*it is /dev/null'
        Write-Prompt $program 'exit 7'
        Wait-Program $program | Should -Be 7
    }
}
