# Imports a module, or none, into a pwsh that has just started, and says how many milliseconds that took and how many bytes
# of memory the process has then: milliseconds, resident, private.
param([string] $Module)

$clock = [Diagnostics.Stopwatch]::StartNew()
if ($Module) { Import-Module $Module }
$milliseconds = $clock.Elapsed.TotalMilliseconds
[GC]::Collect()
[GC]::WaitForPendingFinalizers()
[GC]::Collect()
$kilobytes = @{}
foreach ($line in [IO.File]::ReadAllLines('/proc/self/smaps_rollup')) {
    if ($line -match '^(Rss|Private_Clean|Private_Dirty): +(\d+) kB') { $kilobytes[$Matches[1]] = [long] $Matches[2] }
}
'{0} {1} {2}' -f $milliseconds, (1024 * $kilobytes.Rss), (1024 * ($kilobytes.Private_Clean + $kilobytes.Private_Dirty))
