<#
.SYNOPSIS
Runs Pester test files, and writes the result of each to a small JSON file, so that the caller can add up the counts.
.DESCRIPTION
The exit code is the number of files with a failure, including a failed BeforeAll and a file that can't be read.
.PARAMETER Path
The *.Tests.ps1 files, or the folder that they are in.
.PARAMETER ResultFolder
The folder for the JSON files. They contain file, passed, failed, skipped, and the name and message of each failed test.
.PARAMETER Output
The amount of output. Detailed lists every test, Normal the failed ones.
.PARAMETER FailSkipped
Counts a skipped test as failed.
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
    # One file at a time, so that each has its own counts, even when it can't be read.
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
        $failures = @(@{ name = $file; message = 'The file contains no test.' })
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
