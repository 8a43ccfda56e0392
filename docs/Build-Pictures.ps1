<#
.SYNOPSIS
Makes the pictures of the README: docs/handover.svg and docs/demo.svg.
.DESCRIPTION
The first shows how a connection moves. The second is a recording: the demo runs in a terminal of its own (util-linux's script), and
each line appears with its original delay. Run by ./build.ps1 -Task Pictures.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$font = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'

function ConvertTo-Svg([string] $Body, [int] $Width, [int] $Height, [string] $Title, [string] $Style = '') {
    @"
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $Width $Height" width="$Width" height="$Height" role="img" aria-label="$Title">
<title>$Title</title>
<style>text { font-family: $font; font-size: 14px; fill: #1f2328 } .box { fill: #ddf4ff; stroke: #0969da } .tcp { stroke: #1a7f37; stroke-width: 4 } .unix { stroke: #8250df; stroke-width: 2; stroke-dasharray: 6 4 } .note { fill: #59636e; font-size: 12px }$Style</style>
<rect width="$Width" height="$Height" rx="8" fill="#ffffff"/>
$Body
</svg>
"@
}

function Get-Box([int] $X, [int] $Y, [string] $Text, [string] $Note) {
    "<rect class=""box"" x=""$X"" y=""$Y"" width=""150"" height=""44"" rx=""6""/><text x=""$($X + 75)"" y=""$($Y + 20)"" text-anchor=""middle"">$Text</text>" +
    "<text class=""note"" x=""$($X + 75)"" y=""$($Y + 37)"" text-anchor=""middle"">$Note</text>"
}

$steps = @(
    @{ Text = '1  The user connects. The quarterback accepts and greets.'; From = 165; To = 280; Unix = $false }
    @{ Text = '2  The quarterback sends the descriptor of the connection.'; From = 165; To = 280; Unix = $true }
    @{ Text = '3  It closes its copy. The connection stays, in another process.'; From = 165; To = 560; Unix = $false }
)
$body = for ($i = 0; $i -lt $steps.Count; $i++) {
    $step = $steps[$i]
    $y = 20 + 120 * $i
    "<text x=""15"" y=""$($y + 8)"">$($step.Text)</text>"
    $path = $i -eq 2 ? "M $($step.From) $($y + 42) C 300 $($y + 90), 430 $($y + 90), $($step.To) $($y + 42)" : "M $($step.From) $($y + 42) L $($step.To) $($y + 42)"
    "<path class=""tcp"" fill=""none"" d=""$path""/>"
    if ($step.Unix) {
        "<path class=""unix"" d=""M 430 $($y + 42) L 560 $($y + 42)""/><text class=""note"" x=""495"" y=""$($y + 34)"" text-anchor=""middle"">descriptor</text>"
    }

    Get-Box 15 ($y + 20) 'User' 'one TCP connection'
    Get-Box 280 ($y + 20) 'Quarterback' 'process 396'
    Get-Box 560 ($y + 20) 'Wide Receiver' 'process 395'
}

ConvertTo-Svg ($body -join "`n") 725 375 'A connection moves from one process to another' | Set-Content "$PSScriptRoot/handover.svg"

$pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : 'pwsh'
$manifest = Import-PowerShellDataFile "$PSScriptRoot/../PSFdPass.psd1"
$module = "$PSScriptRoot/../out/PSFdPass/$($manifest.ModuleVersion)/PSFdPass.psd1"
$folder = (New-Item -ItemType Directory -Path ([IO.Path]::GetTempPath()) -Name "psfdpass-$([guid]::NewGuid())").FullName
try {
    Push-Location $folder
    $command = "Import-Module '$module'; Start-FdEchoDemo -Port 0 -Say foo, bar"
    script --quiet --return --timing=times --command "$pwsh -NoProfile -Command ""$command""" log > $null
    $times = Get-Content times
    $log = [IO.File]::ReadAllText("$folder/log")
}
finally {
    Pop-Location
    Remove-Item -Recurse $folder
}

# Each line of the timing file is a delay and the number of bytes that were written after it. The first line of the log is script's own.
$log = $log.Substring($log.IndexOf("`n") + 1)
$seconds = 0.0
$text = ''
$position = 0
$lines = [Collections.Generic.List[object]]::new()
$lines.Add(@{ Text = 'PS> Start-FdEchoDemo -Say foo, bar'; At = 0.0 })
foreach ($time in $times) {
    $delay, $count = $time -split ' '
    $seconds += [Math]::Min([double] $delay, 0.8)
    $text += $log.Substring($position, [Math]::Min([int] $count, $log.Length - $position))
    $position = [Math]::Min($position + [int] $count, $log.Length)
    while (($end = $text.IndexOf("`n")) -ge 0) {
        $line = ($text.Substring(0, $end) -replace '\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])', '' -replace '[\x00-\x1f]', '').TrimEnd()
        $text = $text.Substring($end + 1)
        if ($line) { $lines.Add(@{ Text = $line; At = $seconds + 0.25 * $lines.Count }) }
    }
}

$style = ' rect.terminal { fill: #0d1117 } text.line { fill: #e6edf3; opacity: 0; animation: appear 0.1s forwards } @keyframes appear { to { opacity: 1 } }'
$rows = for ($i = 0; $i -lt $lines.Count; $i++) {
    $shown = [Security.SecurityElement]::Escape($lines[$i].Text)
    "<text class=""line"" x=""16"" y=""$(30 + 20 * $i)"" style=""animation-delay: $($lines[$i].At.ToString('0.00', [cultureinfo]::InvariantCulture))s"">$shown</text>"
}

$height = 30 + 20 * $lines.Count
ConvertTo-Svg ("<rect class=""terminal"" width=""725"" height=""$height"" rx=""8""/>`n" + ($rows -join "`n")) 725 $height 'The echo demo at a terminal' $style |
    Set-Content "$PSScriptRoot/demo.svg"
