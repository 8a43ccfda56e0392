# A process that holds one descriptor of every kind (tests/peers/one_of_each.c), for tests to inspect.

# Builds and starts the process in an empty folder. Fd has the numbers by name, such as pair-left. Stop() ends the process.
function Start-OneOfEach([string] $Folder) {
    if (-not (Get-Command gcc -ErrorAction Ignore)) {
        # Tests that use it are skipped: Skip-Without gcc.
        return [pscustomobject]@{ Id = 0; Fd = @{} } | Add-Member -PassThru ScriptMethod Stop { }
    }

    $source = "$PSScriptRoot/../peers/one_of_each.c"
    $program = "$Folder/one_of_each"
    $null = New-Item -ItemType Directory "$Folder/one" -Force
    $said = gcc -std=gnu11 -O1 -Wall -Wextra -Werror -o $program $source 2>&1
    if ($LASTEXITCODE) {
        throw "gcc: $said"
    }

    $start = [Diagnostics.ProcessStartInfo]::new($program, [string[]]@("$Folder/one"))
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    $fd = @{}
    while ('ready' -cne ($line = $process.StandardOutput.ReadLine())) {
        if ($null -eq $line) {
            throw "one_of_each ended with $($process.ExitCode)"
        }

        $name, $number = $line -split ' '
        $fd[$name] = [int]$number
    }

    [pscustomobject]@{ Id = $process.Id; Fd = $fd; Folder = "$Folder/one"; Process = $process } |
        Add-Member -PassThru ScriptMethod Stop {
            $this.Process.StandardInput.Close()
            if (-not $this.Process.WaitForExit(30000)) {
                $this.Process.Kill()
            }

            $this.Process.Dispose()
        }
}

# The output of lsof for a process: for each number, a table of lsof's one-letter fields (lsof -F).
function Get-LsofField([int] $ProcessId) {
    $all = @{}
    $current = $null
    foreach ($line in lsof -nP -p $ProcessId -F fatsodinPT 2>/dev/null) {
        $letter, $value = $line[0], $line.Substring(1)
        if ($letter -ceq [char]'f') {
            # cwd, rtd, txt and mem are not descriptors.
            $current = @{}
            if ($value -match '^\d+$') {
                $all[[int]$value] = $current
            }
        }
        elseif ($letter -ceq [char]'T') {
            $name, $text = $value -split '=', 2
            $current["T$name"] = $text
        }
        elseif ($current) {
            $current["$letter"] = $value
        }
    }

    $all
}

# Runs a script in another pwsh as the user nobody, and returns its output.
function Invoke-AsNobody([string] $Script) {
    $pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : (Get-Command pwsh).Source
    $module = (Get-Module PSFdPass).ModuleBase
    $text = "`$ErrorActionPreference = 'Stop'; Import-Module '$module/PSFdPass.psd1'; try { $Script } catch { `$_.FullyQualifiedErrorId; `"`$_`" }"
    setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp NO_COLOR=1 POWERSHELL_TELEMETRY_OPTOUT=1 $pwsh -NoProfile -NonInteractive -Command $text
}
