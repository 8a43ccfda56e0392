<#
.SYNOPSIS
Runs Pester test files, and writes what came of each as a small JSON file for whoever adds it up.
.DESCRIPTION
The exit code is the number of files in which something failed, a failed BeforeAll or a file that can't be read included.
.PARAMETER Path
The *.Tests.ps1 files, or the folder that they are in.
.PARAMETER ResultFolder
Where the JSON files go: file, passed, failed, skipped, and for each failed test its name and message.
.PARAMETER Output
How much to show: Detailed lists every test, Normal the failed ones.
.PARAMETER FailSkipped
Count a skipped test as a failed one.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string[]] $Path,
    [Parameter(Mandatory)] [string] $ResultFolder,
    [ValidateSet('Normal', 'Detailed')] [string] $Output = 'Normal',
    [switch] $FailSkipped
)

# The tests run with the preferences that users have.
Import-Module Pester -MinimumVersion 5.0 -ErrorAction Stop
$null = New-Item $ResultFolder -ItemType Directory -Force

$configuration = New-PesterConfiguration
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = $Output
$configuration.Output.CIFormat = 'None'
$configuration.Output.StackTraceVerbosity = 'FirstLine'

$bad = 0
foreach ($file in (Get-ChildItem $Path -Filter *.Tests.ps1 -ErrorAction Stop).FullName) {
    # A file at a time, so that each has its own count even when it can't be read.
    $configuration.Run.Path = $file
    $result = Invoke-Pester -Configuration $configuration
    $failures = @(
        foreach ($one in @($result.Failed) + @($result.FailedBlocks) + @($result.FailedContainers)) {
            if ($one) {
                @{ name = $one.ExpandedPath ?? "$one"; message = @($one.ErrorRecord | ForEach-Object { "$_" }) -join "`n" }
            }
        }

        if ($FailSkipped) {
            foreach ($one in $result.Skipped) {
                @{ name = $one.ExpandedPath; message = "Skipped. $($one.ErrorRecord)".Trim() }
            }
        }
    )
    $skipped = $FailSkipped ? 0 : $result.SkippedCount + $result.InconclusiveCount + $result.NotRunCount
    if ($result.TotalCount -eq 0 -and -not $failures) {
        $failures = @(@{ name = $file; message = 'There is no test in it.' })
    }

    $bad += $failures.Count -gt 0
    [ordered]@{
        file     = [IO.Path]::GetFileName($file)
        passed   = $result.PassedCount
        failed   = $failures.Count
        skipped  = $skipped
        failures = $failures
    } | ConvertTo-Json -Depth 3 | Set-Content (Join-Path $ResultFolder "$([IO.Path]::GetFileNameWithoutExtension($file)).json")
}

exit $bad
