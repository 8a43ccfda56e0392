Describe 'Start-FdProcess' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $Child = Join-Path $TestDrive child
        $said = gcc -std=c11 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o $Child "$Peers/child.c" 2>&1
        if ($LASTEXITCODE) { throw "gcc: $said" }
        $running = [Collections.Generic.List[object]]::new()

        # Starts the child and returns its report: descriptors by number, and the other lines by their first word.
        function Get-Report([hashtable] $Parameters = @{}, [string[]] $Arguments = @()) {
            $file = New-MemoryFile
            $null = Start-FdProcess $Child (@('report') + $Arguments) -StandardOutput $file -Wait @Parameters
            $report = @{ Descriptors = @{}; env = @{}; arg = @() }
            foreach ($line in [IO.File]::ReadAllLines("/proc/self/fd/$($file.Fd)")) {
                switch -Regex ($line) {
                    '^fd (\d+) (.*)' { $report.Descriptors[[int] $Matches[1]] = $Matches[2] }
                    '^env ([^=]*)=(.*)' { $report.env[$Matches[1]] = $Matches[2] }
                    '^arg (.*)' { $report.arg += $Matches[1] }
                    '^(cwd|pid|group|parent|Sig...) (.*)' { $report[$Matches[1]] = $Matches[2] }
                }
            }
            $file.Dispose()
            $report
        }

        # Starts a child that ends when the pipe that is its input is closed, or when it is killed after the test.
        function Start-Holding([hashtable] $Parameters = @{}) {
            $process = Start-FdProcess sleep 60 -PassThru @Parameters
            $running.Add($process)
            $process
        }
    }

    AfterEach {
        foreach ($process in $running) {
            $again = [Diagnostics.Process]::GetProcesses() | Where-Object Id -EQ $process.Id
            if ($again -and -not $process.HasExited) { $again.Kill() }
            $process.Dispose()
        }
        $running.Clear()
    }

    It 'starts a child with exactly the descriptors it is given' {
        $file = New-MemoryFile a
        $left, $right = New-UnixSocketPair
        Set-Content (Join-Path $TestDrive input) text
        $report = Get-Report @{ Descriptor = @{ 3 = $left; '5' = $file; 9L = $file.Fd }; StandardInput = "$TestDrive/input"; StandardError = '/dev/null' }
        $report.Descriptors.Keys | Sort-Object | Should -Be 0, 1, 2, 3, 5, 9
        $report.Descriptors[0] | Should -BeExactly "$TestDrive/input"
        $report.Descriptors[2] | Should -BeExactly '/dev/null'
        $report.Descriptors[3] | Should -BeLike 'socket:*'
        $report.Descriptors[5] | Should -BeExactly '/memfd:a (deleted)'
        $report.Descriptors[9] | Should -BeExactly '/memfd:a (deleted)'
        $report.SigBlk, $report.SigIgn, $report.SigCgt | Should -Be ('0' * 16), ('0' * 16), ('0' * 16)
        $report.parent | Should -Be $PID
        $report.group | Should -Be $report.pid
        $left, $right, $file | ForEach-Object Dispose
    }

    It 'passes each element as one argument' {
        (Get-Report @{} '', 'two words', '*', '$x', 'a"b', "c'd").arg | Should -BeExactly $Child, report, '', 'two words', '*', '$x', 'a"b', "c'd"
    }

    It 'changes the environment' {
        $env:PSFDPASS_TEST = 'shell'
        try {
            (Get-Report).env.PSFDPASS_TEST | Should -BeExactly shell
            $report = Get-Report @{ Environment = @{ PSFDPASS_TEST = $null; Number = 5; 'a.b' = 'x' } }
            $report.env.Keys | Should -Not -Contain PSFDPASS_TEST
            $report.env.Number | Should -BeExactly 5
            $report.env.'a.b' | Should -BeExactly x
        }
        finally {
            $env:PSFDPASS_TEST = $null
        }
    }

    It 'starts in the shell''s location, to which paths are relative' {
        $null = New-Item -ItemType Directory "$TestDrive/here/below"
        Copy-Item $Child "$TestDrive/here/program"
        Push-Location "$TestDrive/here"
        try {
            (Get-Report).cwd | Should -BeExactly "$TestDrive/here"
            (Get-Report @{ WorkingDirectory = 'below' }).cwd | Should -BeExactly "$TestDrive/here/below"
            Start-FdProcess ./program report -StandardOutput out.txt -WorkingDirectory below -Wait
            Get-Content out.txt | Should -Contain "cwd $TestDrive/here/below"
        }
        finally {
            Pop-Location
        }
    }

    It 'redirects the output of native programs to files, pipes and sockets' {
        $path = Join-Path $TestDrive out.txt
        Set-Content $path 'longer than what comes'
        Start-FdProcess sh '-c', 'echo out; echo problem >&2' -StandardOutput $path -StandardError "$TestDrive/err.txt" -Wait
        [IO.File]::ReadAllText($path) | Should -BeExactly "out`n"
        [IO.File]::ReadAllText("$TestDrive/err.txt") | Should -BeExactly "problem`n"

        $left, $right = New-UnixSocketPair
        Start-FdProcess cat -StandardInput (Get-Item $path) -StandardOutput $left
        $left.Dispose()
        $reader = [IO.StreamReader]::new([Net.Sockets.NetworkStream]::new($right, $true))
        $reader.ReadToEnd() | Should -BeExactly "out`n"
        $reader.Dispose()
    }

    It 'passes listening sockets as a service manager does' {
        $listener = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
        $listener.Start()
        $report = Get-Report @{ ListenFds = $listener, $listener.Server; ListenFdNames = 'web', 'admin'; Environment = @{ 'a.b' = 1 }; WarningVariable = 'warnings'; WarningAction = 'SilentlyContinue' }
        $report.env.LISTEN_PID | Should -BeExactly $report.pid
        $report.env.LISTEN_FDS | Should -BeExactly 2
        $report.env.LISTEN_FDNAMES | Should -BeExactly 'web:admin'
        $report.Descriptors.Keys | Sort-Object | Should -Be 0, 1, 2, 3, 4
        $report.Descriptors[3], $report.Descriptors[4] | Should -BeLike 'socket:*'
        $listener.Dispose()

        $file = New-MemoryFile
        $null = Start-FdProcess $Child exit, 0 -ListenFds $file -Environment @{ 'a.b' = 1 } -Wait -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings -match 'a\.b' | Should -BeExactly "The program does not get the environment variable 'a.b', because /bin/sh discards it."
        $file.Dispose()
    }

    It 'returns nothing, and the process with -PassThru' {
        Start-FdProcess true | Should -BeNullOrEmpty
        Start-FdProcess true -Wait | Should -BeNullOrEmpty
        $process = Start-FdProcess $Child exit, 7 -PassThru -Wait
        $process | Should -BeOfType PSFdPass.FdProcess
        $process.HasExited | Should -BeTrue
        $process.ExitCode | Should -Be 7
        $process.ExitSignal | Should -BeNullOrEmpty
        $process.FileName | Should -BeExactly $Child
        ($process | Format-Table | Out-String) | Should -Match "(?s)Id\s+State\s+ExitCode\s+FileName.*$($process.Id)\s+Exited\s+7\s+$Child"
        ($process | Format-List | Out-String) | Should -Match '(?s)Id\s+:.*FileName\s+:.*HasExited\s+: True.*ExitCode\s+: 7.*ExitSignal\s+:'
        $process.Dispose()
    }

    It 'sets LASTEXITCODE with -Wait as a native command does: <Expected>' -ForEach @(
        @{ Program = 'exit 0'; Expected = 0 }
        @{ Program = 'exit 7'; Expected = 7 }
        @{ Program = 'kill -9 $$'; Expected = 137 }
    ) {
        $global:LASTEXITCODE = 99
        Start-FdProcess sh '-c', $Program
        $global:LASTEXITCODE | Should -Be 99 -Because 'it is not waited for'
        Start-FdProcess sh '-c', $Program -Wait
        $global:LASTEXITCODE | Should -Be $Expected
        & { Start-FdProcess sh '-c', $Program -Wait; $LASTEXITCODE } | Should -Be $Expected
        $running.Add((Start-FdProcess sleep 60 -Wait -TimeoutSeconds 0 -PassThru -ErrorAction Ignore))
        $global:LASTEXITCODE | Should -Be $Expected -Because 'the child still runs'
    }

    It 'reaps a child that was started without -PassThru' {
        $file = New-MemoryFile
        Start-FdProcess sh '-c', 'echo $$' -StandardOutput $file
        Wait-Until { [IO.File]::ReadAllText("/proc/self/fd/$($file.Fd)") -match '\n' } 'the child has run'
        $id = [IO.File]::ReadAllText("/proc/self/fd/$($file.Fd)").Trim()
        Wait-Until { -not (Test-Path "/proc/$id") } 'the child is reaped'
        $file.Dispose()
    }

    It 'ends the wait, not the child, after -TimeoutSeconds' {
        $problem = Get-ErrorOf { $script:process = Start-FdProcess sleep 60 -Wait -TimeoutSeconds 0.1 -PassThru }
        $running.Add($process)
        $problem.FullyQualifiedErrorId | Should -BeExactly 'TimedOut,PSFdPass.Commands.StartFdProcessCommand'
        "$problem" | Should -BeExactly "Process $($process.Id) (sleep) has not ended within 0.1 seconds. It is still running."
        $problem.TargetObject.Id | Should -Be $process.Id
        $process.HasExited | Should -BeFalse
        $process.Kill()
        $process.WaitForExit()
        $process.ExitSignal | Should -Be 9
        ($process | Out-String) | Should -Match 'Signal 9\s+137'
    }

    It 'ends the wait, not the child, when the pipeline is stopped' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$Repository/out/PSFdPass'; Start-FdProcess sleep 60 -PassThru -Wait")
        $output = [Management.Automation.PSDataCollection[object]]::new()
        $started = $shell.BeginInvoke([Management.Automation.PSDataCollection[object]]::new(), $output)
        Wait-Until { $output.Count } 'the child is started'
        $running.Add($output[0])
        $shell.Stop()
        $started.IsCompleted | Should -BeTrue
        $output[0].HasExited | Should -BeFalse
        $shell.Dispose()
    }

    It 'opens one path for standard output and standard error once' {
        $path = "$TestDrive/both.txt"
        Start-FdProcess sh '-c', 'echo out; echo err >&2' -StandardOutput $path -StandardError $path -Wait
        Get-Content $path | Should -Be 'out', 'err'
    }

    It 'refuses a fractional descriptor number' {
        { Start-FdProcess true -Descriptor @{ 3.7 = '/etc/hosts' } -ErrorAction Stop } |
            Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage '*3.7*is not the number of a descriptor*'
    }

    It 'survives the Ctrl-C of the terminal, which ends the wait' {
        if (-not (Get-Command python3 -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'python3 is not installed'; return }
        $script = @'
import os, pty, select, signal, sys, time
pwsh, module, folder = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'dumb'

    # A process in the background may inherit these signals as ignored.
    for one in signal.SIGINT, signal.SIGQUIT: signal.signal(one, signal.SIG_DFL)
    os.execv(pwsh, [pwsh, '-NoProfile', '-Command', f"Import-Module '{module}'; try {{ Start-FdProcess sh '-c', 'echo $$ > {folder}/started; exec sleep 60' -Wait }} finally {{ 'stopped' | Set-Content {folder}/stopped }}"])
end = time.time() + 60
sent = 0

# Waits for pwsh itself, because the child keeps the terminal open.
while time.time() < end and os.waitpid(pid, os.WNOHANG)[0] == 0:
    if select.select([terminal], [], [], 0.05)[0]:
        try:
            if not os.read(terminal, 4096): break
        except OSError:
            break
    # Once a second, because pwsh may not be waiting yet when the child has started.
    if time.time() > sent + 1 and os.path.exists(f'{folder}/started'):
        time.sleep(0.3)
        os.write(terminal, b'\x03')
        sent = time.time()
child = int(open(f'{folder}/started').read())
print(os.path.exists(f'{folder}/stopped'), open(f'/proc/{child}/comm').read().strip())
os.kill(child, signal.SIGKILL)
'@
        Set-Content "$TestDrive/terminal.py" $script
        python3 "$TestDrive/terminal.py" ([Environment]::ProcessPath) "$Repository/out/PSFdPass" $TestDrive | Should -BeExactly 'True sleep'
    }

    It 'refers to exactly that process when it is piped to another command' {
        $process = Start-Holding
        ($process | Get-Process).Id | Should -Be $process.Id
        $process | Stop-Process -WhatIf
        $process.HasExited | Should -BeFalse
        $other = Start-Holding
        $process | Stop-Process
        $process.WaitForExit([timespan]::FromSeconds(30)) | Should -BeTrue
        $other.HasExited | Should -BeFalse
    }

    It 'holds a descriptor, which is readable when the process has ended' {
        $process = Start-Holding
        (Get-FileDescriptor $process.SafeHandle).Target | Should -BeLike '*pidfd*'
        $copy = Copy-FileDescriptor $process
        $copy.IsOpen | Should -BeTrue
        $copy.Dispose()
    }

    It 'starts nothing with -WhatIf' {
        $out = Join-Path $TestDrive whatif.txt
        Start-FdProcess touch "$TestDrive/touched" -StandardOutput $out -Descriptor @{ 3 = $out } -Wait -WhatIf
        $out, "$TestDrive/touched" | Should -Not -Exist
    }

    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a missing program'; Id = 'ENOENT'; Do = { Start-FdProcess psfdpass-none }; Says = '*psfdpass-none*No directory in PATH contains this program.' }
        @{ Name = 'a missing path'; Id = 'ENOENT'; Do = { Start-FdProcess /no/such/program }; Says = '*/no/such/program*' }
        @{ Name = 'a file that is not executable'; Id = 'EACCES'; Do = { Start-FdProcess "$Peers/child.c" }; Says = '*child.c*The file is not executable*' }
        @{ Name = 'a number twice'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -Descriptor @{ 3 = 0; ("3".Trim()) = 0 } }; Says = 'Two descriptors can''t both have the number 3 in the child.' }
        @{ Name = 'a number twice, by -ListenFds'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -Descriptor @{ 3 = 0 } -ListenFds 0 }; Says = 'Two descriptors can''t both have the number 3 in the child*' }
        @{ Name = 'a number that is too high'; Id = 'OutOfRange'; Do = { Start-FdProcess true -Descriptor @{ 2000000000 = 0 } }; Says = 'The child can''t have descriptor 2000000000.*' }
        @{ Name = 'a text as a number'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -Descriptor @{ x = 0 } }; Says = '''x'' is not the number of a descriptor.' }
        @{ Name = 'null for a descriptor'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -Descriptor @{ 3 = $null } }; Says = 'The descriptor for the child''s number 3 is null.' }
        @{ Name = 'a descriptor that is not open'; Id = 'EBADF'; Do = { Start-FdProcess true -Descriptor @{ 3 = 99999 } }; Says = '*99999*' }
        @{ Name = 'an object without a descriptor'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -StandardOutput (Get-Date) }; Says = 'A System.DateTime does not hold a descriptor.' }
        @{ Name = 'a missing input'; Id = 'ENOENT'; Do = { Start-FdProcess true -StandardInput /no/such/file }; Says = '*/no/such/file*' }
        @{ Name = 'a missing directory'; Id = 'ENOENT'; Do = { Start-FdProcess true -WorkingDirectory /no/such/folder }; Says = '*/no/such/folder*The working directory does not exist.' }
        @{ Name = 'too many names'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -ListenFds 0 -ListenFdNames a, b }; Says = 'The number of names (2) differs from the number of descriptors (1).' }
        @{ Name = '-TimeoutSeconds without -Wait'; Id = 'InvalidArgument'; Do = { Start-FdProcess true -TimeoutSeconds 1 }; Says = '*-Wait*' }
    ) {
        Assert-NothingLeaks {
            $problem = $null
            try { & $Do } catch { $problem = $_ }
            $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.StartFdProcessCommand"
            "$problem" | Should -BeLike $Says
        }
    }

    It 'leaves no descriptor open' {
        Assert-NothingLeaks {
            $file = New-MemoryFile
            Start-FdProcess true -Descriptor @{ 3 = $file } -StandardInput /dev/null -StandardOutput "$TestDrive/out" -Wait
            $file.Dispose()
        }
    }

    It 'completes programs' {
        $line = 'Start-FdProcess slee'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain sleep
        $line = 'Start-FdProcess /bin/slee'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain /bin/sleep
    }
}
