# One side of the measurements in pwsh: reads a line, does what it says, answers with a line. The protocol is that of
# benchmarks/peers/stream.py, so that both do the same work:
#
#   connect PATH, listen PATH     joins the two sides; a path of a socket
#   hold COUNT                    opens so many descriptors to send
#   pipeline, array               sends all of them; answers when it began and ended, in nanoseconds of CLOCK_MONOTONIC
#   receive COUNT                 receives and closes them; answers the same
#   chunks FORM COUNT             sends COUNT of them to itself, receives and closes them, and so on until all went; answers
#                                 the same. A stream holds no more than some 270 messages that nobody has received
#   members COUNT                 creates a set of COUNT sockets on which nothing arrives, and one on which something can
#   wake FORM COUNT               sends a byte to that one, waits for it, and receives it, COUNT times: FORM is set or select; answers how
#                                 many nanoseconds that took
#   describe PROCESS              describes all descriptors of a process; answers the nanoseconds and the number of descriptors
#   call WORK COUNT               calls a cmdlet so many times; answers how many nanoseconds that took
param([Parameter(Mandatory, ValueFromRemainingArguments)] [string[]] $Module)

$ErrorActionPreference = 'Stop'
Import-Module $Module
$socket = $null
$fds = $null
$left, $right = New-UnixSocketPair
$device = [PSFdPass.FileDescriptor]::Open('/dev/null', 'ReadWrite')

function Send-Pipeline {
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    $fds | Send-FileDescriptor $socket
    "$start $([Diagnostics.Stopwatch]::GetTimestamp())"
}

function Send-Array {
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    Send-FileDescriptor $socket $fds
    "$start $([Diagnostics.Stopwatch]::GetTimestamp())"
}

function Receive-Count([int] $Count) {
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    $got = Receive-FileDescriptor $socket -Count $Count
    foreach ($descriptor in $got) { $descriptor.Close() }
    "$start $([Diagnostics.Stopwatch]::GetTimestamp())"
}

function Send-Chunk([string] $Form, [int] $Count) {
    $chunks = for ($i = 0; $i -lt $fds.Count; $i += $Count) { , $fds[$i..($i + $Count - 1)] }
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    foreach ($chunk in $chunks) {
        if ($Form -eq 'pipeline') { $chunk | Send-FileDescriptor $left } else { Send-FileDescriptor $left $chunk }
        foreach ($descriptor in Receive-FileDescriptor $right -Count $Count) { $descriptor.Close() }
    }
    "$start $([Diagnostics.Stopwatch]::GetTimestamp())"
}

# The loop is the same for each, and so is what it costs.
function Measure-Call([string] $Work, [int] $Count) {
    $a = $left
    $fd = $device
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    switch ($Work) {
        'nothing' { for ($i = 0; $i -lt $Count; $i++) { Invoke-Nothing } }
        'nothing-with-arguments' { for ($i = 0; $i -lt $Count; $i++) { Invoke-Nothing $a $fd } }
        'send' { for ($i = 0; $i -lt $Count; $i++) { Send-FileDescriptor $a $fd } }
    }
    $elapsed = [Diagnostics.Stopwatch]::GetTimestamp() - $start
    if ($Work -eq 'send') {
        foreach ($descriptor in Receive-FileDescriptor $right -Count $Count) { $descriptor.Close() }
    }
    $elapsed
}

function Build-Set([int] $Count) {
    $script:idle = @(foreach ($i in 1..$Count) { [Net.Sockets.Socket]::new('Unix', 'Dgram', 'Unspecified') })
    $script:near, $script:far = New-UnixSocketPair -SocketType Datagram
    $script:set = New-FileDescriptorSet
    foreach ($socket in $idle) { $set.Add($socket) }
    $set.Add($far)
    $script:all = [Net.Sockets.Socket[]] ($idle + $far)
    $set.Count
}

function Measure-Wake([string] $Form, [int] $Count) {
    $byte = [byte[]]::new(1)
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    for ($i = 0; $i -lt $Count; $i++) {
        $null = $near.Send($byte)
        if ($Form -eq 'set') {
            $ready = Wait-FileDescriptor $set
        }
        else {
            # Select leaves those that are ready in the list.
            $ready = [Collections.ArrayList]::new($all)
            [Net.Sockets.Socket]::Select($ready, $null, $null, -1)
            $ready = $ready[0]
        }
        $null = $ready.Receive($byte)
    }
    [Diagnostics.Stopwatch]::GetTimestamp() - $start
}

function Measure-Description([int] $Process) {
    $start = [Diagnostics.Stopwatch]::GetTimestamp()
    $descriptors = Get-FileDescriptor -ProcessId $Process
    "$([Diagnostics.Stopwatch]::GetTimestamp() - $start) $($descriptors.Count)"
}

while ($null -ne ($line = [Console]::In.ReadLine())) {
    $verb, $words = -split $line
    $answer = switch ($verb) {
        'connect' {
            $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $socket.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($words))
            'connected'
        }
        'listen' {
            $listener = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $listener.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new($words))
            $listener.Listen()
            $socket = $listener.Accept()
            'connected'
        }
        'hold' {
            $fds = @(foreach ($i in 1..$words) { $device.Duplicate() })
            $fds.Count
        }
        'pipeline' { Send-Pipeline }
        'array' { Send-Array }
        'receive' { Receive-Count $words }
        'chunks' { Send-Chunk $words[0] $words[1] }
        'members' { Build-Set $words }
        'wake' { Measure-Wake $words[0] $words[1] }
        'describe' { Measure-Description $words }
        'call' { Measure-Call $words[0] $words[1] }
    }
    [Console]::Out.WriteLine($answer)
}
