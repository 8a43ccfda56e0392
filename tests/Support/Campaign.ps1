# Functions for the campaigns in PowerShell. In BeforeAll: . $PSScriptRoot/Support/Campaign.ps1, after Common.ps1.

# Multiplies the length of a campaign. The short form runs with the other tests.
$Scale = [int]($env:PSFDPASS_CAMPAIGN_SCALE ?? 1)

# A runspace with the module, which is used again after each stop.
function New-CampaignRunspace {
    $state = [initialsessionstate]::CreateDefault2()
    $state.ImportPSModule((Get-Module PSFdPass).Path)
    $runspace = [runspacefactory]::CreateRunspace($state)
    $runspace.Open()
    $runspace
}

# Runs a command in a runspace, and stops it, as Ctrl-C does, at a random moment of its first milliseconds (one time in ten, of ten
# times as many). Returns its output and how long the stop took. A command that can't be stopped fails the test.
function Invoke-RandomStop($Runspace, [string] $Command, [hashtable] $Arguments, [string] $Script, [int] $MostMilliseconds = 4) {
    $shell = [powershell]::Create()
    $shell.Runspace = $Runspace
    try {
        $null = $Script ? $shell.AddScript($Script) : $shell.AddCommand($Command)
        $null = $shell.AddParameters($Arguments)
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $null = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)

        # Start-Sleep is not exact enough to reach every moment of a command that has just begun.
        $microseconds = [Random]::Shared.Next(([Random]::Shared.Next(10) ? 1000 : 10000) * $MostMilliseconds)
        $watch = [Diagnostics.Stopwatch]::StartNew()
        while ($watch.Elapsed.TotalMicroseconds -lt $microseconds) { }
        $state = $shell.InvocationStateInfo.State
        $watch.Restart()
        if (-not $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000)) { throw "$Command can't be stopped" }
        [pscustomobject]@{
            Output       = @($output)
            Milliseconds = $watch.Elapsed.TotalMilliseconds
            HadEnded     = $state -ne 'Running'
            Errors       = @($shell.Streams.Error) -join '; '
        }
    }
    finally {
        $shell.Dispose()
    }
}

# How many descriptors are open, without the assemblies that the runtime loads when it first needs them.
function Get-OpenCount { @(Get-OpenDescriptor | Where-Object { $_ -notlike '*.dll' }).Count }

# Adds a line to artifacts/campaigns.txt, from which docs/reliability.md is written.
function Add-CampaignResult([string] $Name, [string] $Text, [double[]] $Milliseconds) {
    $sorted = @($Milliseconds | Sort-Object)
    $times = $sorted ? ", stop median {0:0.0} ms, 99 % {1:0.0} ms, longest {2:0.0} ms" -f $sorted[[Math]::Floor($sorted.Count / 2)], $sorted[[Math]::Floor($sorted.Count * 0.99)], $sorted[-1] : ''
    $folder = New-Item -ItemType Directory "$Repository/artifacts" -Force
    Add-Content "$folder/campaigns.txt" "${Name}: $Text$times, scale $Scale"
}
