# Commands to QEMU over its monitor protocol (QMP), with descriptors. In a script: . $PSScriptRoot/qmp.ps1

function Connect-Qmp([string] $Path) {
    $qmp = Connect-UnixSocket $Path
    $stream = [Net.Sockets.NetworkStream]::new($qmp, $true)
    $script:Qmp = [pscustomobject]@{ Socket = $qmp; Reader = [IO.StreamReader]::new($stream) }

    # The greeting, and the end of the negotiation.
    $null = Receive-QmpAnswer
    $null = Invoke-Qmp qmp_capabilities
}

function Disconnect-Qmp {
    $script:Qmp.Reader.Dispose()
}

# The answer to a command is the first line that is not an event.
function Receive-QmpAnswer {
    do {
        $line = $script:Qmp.Reader.ReadLine() ?? $(throw 'QEMU has closed the connection.')
        $answer = ConvertFrom-Json $line -AsHashtable
    }
    while ($answer.ContainsKey('event'))
    if ($answer.ContainsKey('error')) { throw "QEMU: $($answer.error.desc)" }
    $answer
}

# A descriptor is sent together with the command that uses it.
function Invoke-Qmp([string] $Command, [hashtable] $Arguments = @{}, $Descriptor) {
    $json = @{ execute = $Command; arguments = $Arguments } | ConvertTo-Json -Compress -Depth 5
    if ($Descriptor) { Send-FileDescriptor $script:Qmp.Socket $Descriptor -Message "$json`n" }
    else { Send-FileDescriptor $script:Qmp.Socket -Message "$json`n" }
    (Receive-QmpAnswer)['return']
}
