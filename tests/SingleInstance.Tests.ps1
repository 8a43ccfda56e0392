Describe 'The recipe single-instance' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $sample = "$Repository/samples/single-instance/run.ps1"
    }

    BeforeEach {
        $name = "psfdpass-$([guid]::NewGuid())"
    }

    AfterEach {
        Clear-Program
    }

    It 'runs the script, with its output and its exit code' {
        $only = Invoke-Pwsh "& '$sample' $name { 'working' }; exit `$LASTEXITCODE"
        Wait-Program $only | Should -Be 0
        $only.Lines | Should -Be working
    }

    It 'runs one at a time: the error of the second names the first, and the second runs after the first has ended' {
        $first = Invoke-Pwsh "& '$sample' $name { 'first'; [Console]::ReadLine() }"
        $null = Wait-ProgramLine $first '^first$'
        $second = Invoke-Pwsh "& '$sample' $name { 'second' }; exit `$LASTEXITCODE"
        Wait-Program $second | Should -Be 1
        $second.Lines | Should -Not -Contain second
        $second.Error.Result | Should -Match 'Another instance is running'
        $second.Error.Result | Should -Match "in use by process $($first.Id)"

        $first.Input.WriteLine('done')
        Wait-Program $first | Should -Be 0
        $third = Invoke-Pwsh "& '$sample' $name { 'third' }; exit `$LASTEXITCODE"
        Wait-Program $third | Should -Be 0
        $third.Lines | Should -Be third
    }

    It 'frees the lock when the first is killed, though a child of it lives on' {
        $first = Invoke-Pwsh "& '$sample' $name { 'child ' + (Start-Process sleep 60 -PassThru).Id; [Console]::ReadLine() }"
        $child = [int]((Wait-ProgramLine $first '^child') -split ' ')[1]
        $first.Process.Kill()
        $first.Process.WaitForExit()
        Get-Process -Id $child | Should -Not -BeNullOrEmpty
        $second = Invoke-Pwsh "& '$sample' $name { 'second' }; exit `$LASTEXITCODE"
        Wait-Program $second | Should -Be 0
        $second.Lines | Should -Be second
        Stop-Process -Id $child
    }

    It 'frees the lock when the script fails, and passes the error on' {
        $first = Invoke-Pwsh "try { & '$sample' $name { throw 'broken' } } catch { `"caught `$_`" }; & '$sample' $name { 'again' }"
        Wait-Program $first | Should -Be 0
        $first.Lines | Should -Be 'caught broken', again
    }

    It 'fits on a page' {
        (Get-Content $sample).Count | Should -BeLessOrEqual 60
    }
}
