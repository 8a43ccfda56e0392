# Stops a command that waits, as Ctrl-C does. In BeforeAll: . $PSScriptRoot/Support/Stopping.ps1

# Runs a command, which must wait, in a separate runspace, stops it, and returns the final state of the pipeline.
function Invoke-Stop([string] $Command, [hashtable] $Arguments) {
    $state = [initialsessionstate]::CreateDefault2()
    $state.ImportPSModule((Get-Module PSFdPass).Path)
    $shell = [powershell]::Create($state)
    try {
        $null = $shell.AddCommand($Command).AddParameters($Arguments)
        $running = $shell.BeginInvoke()
        if ($running.AsyncWaitHandle.WaitOne(1000)) { throw "$Command does not wait: $($shell.Streams.Error)" }
        if (-not $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000)) { throw "$Command can't be stopped" }
        $shell.InvocationStateInfo.State
    }
    finally {
        $shell.Dispose()
    }
}
