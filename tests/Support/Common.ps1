# Functions for several test files. In BeforeAll: . $PSScriptRoot/Support/Common.ps1

$Repository = (Resolve-Path "$PSScriptRoot/../..").Path
$Pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : 'pwsh'
$Peers = "$Repository/tests/peers"

Import-Module "$Repository/out/PSFdPass" -ErrorAction Stop

. $PSScriptRoot/Programs.ps1

# Runs a script, which must not end with a terminating error, and returns its non-terminating errors.
function Get-ErrorOf([scriptblock] $Operation) {
    $ErrorActionPreference = 'Continue'
    & $Operation 2>&1 | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] }
}

# Number and target of each descriptor of this process, after everything that was dropped is closed.
function Get-OpenDescriptor {
    foreach ($again in 1..2) {
        [GC]::Collect()
        [GC]::WaitForPendingFinalizers()
    }

    foreach ($entry in [IO.Directory]::GetFiles('/proc/self/fd')) {
        # The descriptor that read the list is closed, and has no target.
        $target = [IO.FileInfo]::new($entry).LinkTarget
        if ($target -and -not $target.EndsWith('/fd')) {
            "$([IO.Path]::GetFileName($entry)) $target"
        }
    }
}

# Fails if a script leaves a descriptor open, or closes one that it did not open.
function Assert-NothingLeaks([scriptblock] $Operation) {
    # The first run makes the runtime open descriptors that it keeps. It can also open some later, in the background, but only
    # once; a leak occurs in every attempt.
    $null = & $Operation
    foreach ($attempt in 1..3) {
        $before = (Get-OpenDescriptor | Sort-Object) -join "`n"
        foreach ($again in 1..3) {
            $null = & $Operation
        }

        $after = (Get-OpenDescriptor | Sort-Object) -join "`n"
        if ($after -ceq $before) { return }
    }

    $after | Should -BeExactly $before
}

# The two ends of a TCP connection over loopback, as TcpClients.
function Get-TcpConnection {
    $listener = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
    $listener.Start()
    $client = [Net.Sockets.TcpClient]::new()
    $client.Connect($listener.LocalEndpoint)
    [pscustomobject]@{ Client = $client; Server = $listener.AcceptTcpClient() }
    $listener.Dispose()
}

# Writes a line to one stream and reads it from another.
function Test-Line([IO.Stream] $From, [IO.Stream] $To, [string] $Text = 'still alive') {
    $From.Write([Text.Encoding]::UTF8.GetBytes("$Text`n"))
    $From.Flush()
    $reader = [IO.StreamReader]::new($To, [Text.Encoding]::UTF8, $false, 128, $true)
    $reader.ReadLine() -ceq $Text
}

# Reads a received file from its current position to the end, and closes it.
function Read-All($Descriptor) {
    $reader = [IO.StreamReader]::new($Descriptor.OpenStream())
    $reader.ReadToEnd()
    $reader.Dispose()
}

function Wait-Until([scriptblock] $Condition, [string] $What) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($watch.Elapsed.TotalSeconds -gt 30) {
            throw "This did not become true within 30 seconds: $What"
        }

        Start-Sleep -Milliseconds 10
    }
}

# Returns whether a socket listens. Its path exists from bind(2) on, and connections are refused until listen(2).
function Test-Listening([string] $Path) {
    [bool] ([IO.File]::ReadAllLines('/proc/net/unix') -match " 00010000 .* $([regex]::Escape($Path))`$")
}
