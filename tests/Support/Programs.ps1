# Programs that tests start. Their output is read line by line, every wait has a limit, and Clear-Program ends them.

$Programs = [Collections.Generic.List[object]]::new()

# Skips a test, with the reason, when a program that it needs is not installed. For use in It.
function Skip-Without([string[]] $Name) {
    $missing = $Name | Where-Object { -not (Get-Command $_ -CommandType Application -ErrorAction Ignore) }
    if ($missing) {
        Set-ItResult -Skipped -Because "$($missing -join ' and ') is not installed"
    }
}

# Starts a program. -Terminal gives it a terminal of its own, where Ctrl-C can be typed.
function Invoke-Program([string] $Path, [string[]] $ArgumentList, [switch] $Terminal, [string] $WorkingDirectory = $PWD.ProviderPath) {
    Skip-Without (@('python3', $Path) + @($ArgumentList -eq 'perl'))

    # The tests may run with ignored signals, which programs would inherit.
    $own = @("$PSScriptRoot/signals_as_usual.py"; if ($Terminal) { '--terminal' }; $Path; $ArgumentList)
    $start = [Diagnostics.ProcessStartInfo]::new('python3', [string[]]$own)
    $start.WorkingDirectory = $WorkingDirectory
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $start.Environment['NO_COLOR'] = '1'
    $process = [Diagnostics.Process]::Start($start)
    $program = [pscustomobject]@{
        Name    = "$Path $ArgumentList"
        Id      = $process.Id
        Process = $process
        Input   = $process.StandardInput
        Lines   = [Collections.Generic.List[string]]::new()
        Next    = $null
        Error   = $process.StandardError.ReadToEndAsync()
    }
    $Programs.Add($program)
    $program
}

# Starts another pwsh with the module imported, for a script given as text.
function Invoke-Pwsh([string] $Script, [switch] $Terminal, [switch] $NoExit, [string] $WorkingDirectory = $PWD.ProviderPath) {
    $arguments = @(
        '-NoProfile'
        if ($NoExit) { '-NoExit' }
        '-Command'
        "`$ErrorActionPreference = 'Stop'; Import-Module '$Repository/out/PSFdPass'; $Script"
    )
    Invoke-Program $Pwsh $arguments -Terminal:$Terminal -WorkingDirectory $WorkingDirectory
}

# Returns the next line that a program writes, or null at the end.
function Read-ProgramLine($Program) {
    $Program.Next ??= $Program.Process.StandardOutput.ReadLineAsync()
    if (-not $Program.Next.Wait([TimeSpan]::FromSeconds(30))) {
        throw "$($Program.Name) wrote nothing more within 30 seconds, after:`n$($Program.Lines -join "`n")"
    }

    $line = $Program.Next.Result
    $Program.Next = $null
    if ($null -ne $line) {
        $Program.Lines.Add($line)
    }

    $line
}

# Reads until a line matches, and returns that line.
function Wait-ProgramLine($Program, [string] $Pattern) {
    do {
        $line = Read-ProgramLine $Program
        if ($null -eq $line) {
            throw "$($Program.Name) ended without '$Pattern':`n$($Program.Lines -join "`n")`n$($Program.Error.Result)"
        }
    } until ($line -match $Pattern)

    $line
}

# Reads to the end, and returns the exit code. Lines then has all of the output.
function Wait-Program($Program) {
    $Program.Input.Close()
    while ($null -ne (Read-ProgramLine $Program)) { }
    if (-not $Program.Process.WaitForExit(30000)) {
        throw "$($Program.Name) closed its output but does not end."
    }

    $Program.Process.ExitCode
}

# Ends programs that are still running. For AfterEach or AfterAll.
function Clear-Program {
    foreach ($program in $Programs) {
        if (-not $program.Process.HasExited) {
            $program.Process.Kill($true)
            $program.Process.WaitForExit()
        }

        $program.Process.Dispose()
    }

    $Programs.Clear()
}

function Invoke-Signal([int] $Id, [string] $Name) {
    sh -c "kill -s $($Name -replace '^SIG') $Id"
    $LASTEXITCODE | Should -Be 0
}

# Compiles one of the programs in tests/peers, and returns its path.
function Get-CompiledPeer([string] $Name, [string] $Folder) {
    Skip-Without gcc
    gcc -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$Folder/$Name" "$Peers/$Name.c"
    $LASTEXITCODE | Should -Be 0
    "$Folder/$Name"
}
