# Stops commands at random moments, as Ctrl-C does, and shares sockets between runspaces. By default, these are short forms;
# with PSFDPASS_CAMPAIGN_SCALE=50, each command is stopped 1,000 times. Each test adds a line to artifacts/campaigns.txt.

BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    . $PSScriptRoot/Support/Campaign.ps1
    $folder = (Get-PSDrive TestDrive).Root
    $null = mkfifo "$folder/pipe"
    $runspace = New-CampaignRunspace

    # Fills a socket so that the next write waits, and returns the number of packets sent.
    function Add-UntilFull($Socket) {
        $sent = 0
        while ($true) {
            try { Send-FileDescriptor $Socket -Message 'x' -TimeoutSeconds 0 } catch [TimeoutException] { return $sent }
            $sent++
        }
    }

    # Returns the texts of all queued messages, and closes their descriptors.
    function Get-Waiting($Socket) {
        while ($message = Receive-FileDescriptor $Socket -AsMessage -TimeoutSeconds 0 -ErrorAction Ignore) {
            $message.Text
            $message.Dispose()
        }
    }
}

AfterAll {
    $runspace.Dispose()
}

Describe 'Stop at a random moment' {
    BeforeEach {
        $left, $right = New-UnixSocketPair SeqPacket
        $listener = New-UnixSocketListener "$folder/listener.sock"
    }

    AfterEach {
        $left, $right, $listener | ForEach-Object Dispose
    }

    # Each command must wait indefinitely. Each (after a stop) and After (at the end) check that the object can be used as before, and that
    # nothing was lost.
    It 'ends <Command> <Name>, leaks nothing, and leaves the object usable' -ForEach @(
        @{
            Command = 'Receive-FileDescriptor'; Name = ''; With = { @{ Socket = $right } }
            Each = { Send-FileDescriptor $left -Message "$_"; Get-Waiting $right | Should -BeExactly "$_" }
        }
        @{
            Command = 'Receive-FileDescriptor'; Name = '-Follow'; With = { @{ Socket = $right; Follow = $true } }
            Each = { Send-FileDescriptor $left -Message "$_"; Get-Waiting $right | Should -BeExactly "$_" }
        }
        @{
            Command = 'Send-FileDescriptor'; Name = 'into a full buffer'; With = { @{ Socket = $left; InputObject = '/dev/null' } }
            Before = { $script:full = Add-UntilFull $left }
            After = { @(Get-Waiting $right).Count | Should -Be $full; Send-FileDescriptor $left -Message 'next'; Get-Waiting $right | Should -BeExactly next }
        }
        @{
            Command = 'Send-FileDescriptor'; Name = 'of a FIFO'; With = { @{ Socket = $left; InputObject = "$folder/pipe" } }
            After = { Get-Waiting $right | Should -BeNullOrEmpty }
        }
        @{
            Command = 'Read-FileDescriptor'; Name = '-Line'; With = { @{ InputObject = $right; Line = $true } }
            Each = { Write-FileDescriptor $left "line $_"; Read-FileDescriptor $right -Line -TimeoutSeconds 30 | Should -BeExactly "line $_" }
        }
        @{
            Command = 'Write-FileDescriptor'; Name = 'into a full buffer'; With = { @{ Descriptor = $left; InputObject = 'more' } }
            Before = { $script:full = Add-UntilFull $left }
            After = { @(Get-Waiting $right).Count | Should -Be $full }
        }
        @{
            Command = 'Write-FileDescriptor'; Name = '-From a silent socket'; With = { @{ Descriptor = $other[0]; From = $right } }
            Before = { $script:other = New-UnixSocketPair }
            After = {
                Write-FileDescriptor $left 'copied' -NoNewline
                Write-FileDescriptor $other[0] -From $right -Count 6 -TimeoutSeconds 30
                Read-FileDescriptor $other[1] -Count 6 -TimeoutSeconds 30 | Should -BeExactly copied
                $other | ForEach-Object Dispose
            }
        }
        @{
            Command = 'Wait-FileDescriptor'; Name = ''; With = { @{ InputObject = $left, $right } }
            After = { Send-FileDescriptor $left -Message 'now'; Wait-FileDescriptor $right -TimeoutSeconds 30 | Should -Be $right }
        }
        @{
            Command = 'Wait-FileDescriptor'; Name = '-Follow'; With = { @{ InputObject = $set; Follow = $true } }
            Before = { $script:set = New-FileDescriptorSet $left, $right }
            After = { Send-FileDescriptor $left -Message 'now'; Wait-FileDescriptor $set -TimeoutSeconds 30 | Should -Be $right; $set.Dispose() }
        }
        @{
            Command = 'Wait-UnixSocketConnection'; Name = '-Follow'; With = { @{ Listener = $listener; Follow = $true } }
            After = {
                $client = Connect-UnixSocket "$folder/listener.sock"
                $connection = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
                $client, $connection | ForEach-Object Dispose
            }
        }
        @{
            Command = 'Connect-UnixSocket'; Name = '-Wait'; With = { @{ Path = "$folder/missing.sock"; Wait = $true } }
            After = { Test-Path "$folder/missing.sock" | Should -BeFalse }
        }
        @{ Command = 'Open-FileDescriptor'; Name = 'of a FIFO'; With = { @{ Path = "$folder/pipe" } } }
        @{
            Command = 'Start-FdProcess'; Name = '-Wait'; With = { @{ FilePath = 'cat'; StandardInput = $right; Wait = $true } }

            # The children end when their input ends.
            After = { $left.Dispose() }
        }
        foreach ($silent in @(
                @{ Command = 'Get-SavedFileDescriptor'; Name = 'from a silent holder'; With = { @{ Holder = "$folder/listener.sock" } } }
                @{ Command = 'Remove-SavedFileDescriptor'; Name = 'from a silent holder'; With = { @{ Name = 'x'; Holder = "$folder/listener.sock" } } }
                @{ Command = 'Restore-FileDescriptor'; Name = 'from a silent holder'; With = { @{ Name = 'x'; Holder = "$folder/listener.sock" } } }
                @{ Command = 'Save-FileDescriptor'; Name = 'to a silent holder'; With = { @{ Name = 'x'; InputObject = $left; Holder = "$folder/listener.sock" } } }
                @{ Command = 'Start-SocketTakeover'; Name = 'from a silent server'; With = { @{ Path = "$folder/listener.sock" } } }
            )) {
            # Each stop leaves a connection in the listener's queue, whose length is limited.
            $silent + @{
                Most = 100
                After = { while (Wait-FileDescriptor $listener -TimeoutSeconds 0) { (Wait-UnixSocketConnection $listener).Dispose() } }
            }
        }
        @{
            Command = 'Send-ServiceNotification'; Name = '-Barrier to a silent manager'; With = { @{ Barrier = $true } }
            Before = { $script:manager = New-UnixSocketListener "$folder/manager.sock" -SocketType Datagram; $env:NOTIFY_SOCKET = "$folder/manager.sock" }
            After = { Remove-Item env:NOTIFY_SOCKET; $null = Get-Waiting $manager; $manager.Dispose() }
            Most = 100
        }
        @{
            Command = 'Wait-SocketTakeover'; Name = ''; With = { @{ Path = "$folder/takeover.sock"; InputObject = $left } }
            After = { Test-Path "$folder/takeover.sock" | Should -BeFalse }
        }
        @{
            Command = 'Start-FdEchoDemo'; Name = ''; With = { @{ Role = 'WideReceiver'; SocketPath = "$folder/demo.sock" } }
            After = { Test-Path "$folder/demo.sock" | Should -BeFalse }
            Most = 100
        }
    ) {
        if ($Before) { . $Before }
        $arguments = & $With
        $rounds = [Math]::Min(20 * $Scale, $Most ?? [int]::MaxValue)

        # The first runs make the runtime open descriptors that it keeps.
        foreach ($again in 1..3) { $null = Invoke-RandomStop $runspace $Command $arguments -MostMilliseconds 50 }
        $open = Get-OpenCount
        $times = foreach ($round in 1..$rounds) {
            $stop = Invoke-RandomStop $runspace $Command $arguments
            $stop.HadEnded | Should -BeFalse -Because "$Command has to wait: $($stop.Errors)"
            $stop.Output | Should -BeNullOrEmpty
            if ($Each) { $round | ForEach-Object $Each }
            $stop.Milliseconds
        }

        if ($After) { . $After }
        Wait-Until { (Get-OpenCount) -le $open } "$Command leaves nothing open"
        Add-CampaignResult "$Command $Name" "$rounds stops" $times
    }

    It 'loses at most the one message that is being returned: <Command> on <Type>' -ForEach @(
        foreach ($type in 'SeqPacket', 'Datagram', 'Stream') {
            @{ Type = $type; Command = '-AsMessage'; With = @{ AsMessage = $true; Follow = $true } }
        }
        @{ Type = 'SeqPacket'; Command = '-Count'; With = @{ AsMessage = $true; Count = 1000000 } }
    ) {
        $sender, $receiver = New-UnixSocketPair $Type
        $messages = 1000 * $Scale
        $open = Get-OpenCount
        $sending = New-CampaignRunspace
        $shell = [powershell]::Create()
        $shell.Runspace = $sending
        $null = $shell.AddScript({
                param($Socket, $Count)
                foreach ($number in 1..$Count) { Send-FileDescriptor $Socket /dev/null -Message "$number " }
            }).AddArgument($sender).AddArgument($messages)
        $running = $shell.BeginInvoke()
        $received = [Collections.Generic.List[string]]::new()
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $times = while (-not $running.IsCompleted) {
            if ($watch.Elapsed.TotalSeconds -gt 60 * $Scale) { throw 'The sender does not end.' }
            $stop = Invoke-RandomStop $runspace Receive-FileDescriptor ($With + @{ Socket = $receiver })
            foreach ($message in $stop.Output) {
                $received.Add($message.Text)
                $message.Dispose()
            }

            $stop.Milliseconds
        }

        $shell.Streams.Error | Should -BeNullOrEmpty
        $shell.Dispose()
        $sending.Dispose()
        foreach ($text in Get-Waiting $receiver) { $received.Add($text) }

        # A stream can join messages, but keeps their order.
        [int[]] $numbers = (-join $received).Trim() -split ' +'
        for ($index = 1; $index -lt $numbers.Count; $index++) {
            if ($numbers[$index] -le $numbers[$index - 1]) { throw "$($numbers[$index]) after $($numbers[$index - 1])" }
        }

        $lost = $messages - $numbers.Count
        $lost | Should -BeLessOrEqual @($times).Count -Because 'a stop loses at most one message'
        $sender, $receiver | ForEach-Object Dispose
        Get-OpenCount | Should -BeLessOrEqual $open
        Add-CampaignResult "Receive-FileDescriptor $Command, $Type" "$messages messages, $(@($times).Count) stops, $lost discarded in the moment of a stop" $times
    }

    It 'closes each descriptor whose number was not returned, with -As Number' {
        $open = Get-OpenCount
        $returned = 0
        $times = foreach ($round in 1..(50 * $Scale)) {
            foreach ($again in 1..5) { Send-FileDescriptor $left /dev/null, /dev/zero }
            $stop = Invoke-RandomStop $runspace Receive-FileDescriptor @{ Socket = $right; As = 'Number'; Follow = $true } -MostMilliseconds 1
            $returned += $stop.Output.Count
            $null = Get-Waiting $right
            [PSFdPass.FileDescriptor]::CloseAll([int[]]$stop.Output)
            $stop.Milliseconds
        }

        $returned | Should -BeGreaterThan 0
        Get-OpenCount | Should -BeLessOrEqual $open
        Add-CampaignResult 'Receive-FileDescriptor -As Number' "$(50 * $Scale) stops, $returned numbers returned, 0 left open" $times
    }

    It 'sends each message whole or not at all, and in order' {
        $next = 1
        $times = foreach ($round in 1..(20 * $Scale)) {
            $stop = Invoke-RandomStop $runspace -Script 'param($Socket, $From) for ($i = $From; ; $i++) { Send-FileDescriptor $Socket /dev/null -Message "$i" }' -Arguments @{
                Socket = $left; From = $next
            } -MostMilliseconds 8
            foreach ($text in Get-Waiting $right) {
                if ($text -cne "$next") { throw "$text instead of $next" }
                $next++
            }

            $stop.Milliseconds
        }

        $next | Should -BeGreaterThan 1
        Add-CampaignResult 'Send-FileDescriptor, one after another' "$(20 * $Scale) stops, $($next - 1) messages, 0 lost or doubled" $times
    }

    It 'accepts each connection once, and leaves the others in the queue' {
        $rounds = 20 * $Scale
        $each = 20
        $accepted = 0
        $times = foreach ($round in 1..$rounds) {
            $clients = foreach ($number in 1..$each) { Connect-UnixSocket "$folder/listener.sock" }
            $stop = Invoke-RandomStop $runspace Wait-UnixSocketConnection @{ Listener = $listener; Follow = $true } -MostMilliseconds 1
            $stop.Milliseconds
            $accepted += $stop.Output.Count
            $stop.Output | ForEach-Object Dispose
            while (Wait-FileDescriptor $listener -TimeoutSeconds 0) {
                (Wait-UnixSocketConnection $listener).Dispose()
                $accepted++
            }

            $clients | ForEach-Object Dispose
        }

        $closed = $rounds * $each - $accepted
        $closed | Should -BeIn (0..$rounds) -Because 'a stop closes at most one connection'
        Add-CampaignResult 'Wait-UnixSocketConnection -Follow, a full queue' "$rounds stops, $closed of $($rounds * $each) connections closed in the moment of a stop" $times
    }
}

Describe 'Runspaces that share sockets and descriptors' {
    BeforeAll {
        # The first use makes the runtime open descriptors that it keeps.
        $module = (Get-Module PSFdPass).Path
        1..4 | ForEach-Object -ThrottleLimit 4 -Parallel { Import-Module $using:module }
        Start-ThreadJob { Import-Module $using:module } | Receive-Job -Wait -AutoRemoveJob
        $left, $right = New-UnixSocketPair
        try { $null = Receive-FileDescriptor $right -TimeoutSeconds 0.1 } catch [TimeoutException] { $left, $right | ForEach-Object Dispose }
    }

    It 'send and receive each message once: <Type>' -ForEach @{ Type = 'SeqPacket' }, @{ Type = 'Datagram' }, @{ Type = 'Stream' } {
        $left, $right = New-UnixSocketPair $Type
        $each = 250 * $Scale
        $open = Get-OpenCount
        $receivers = foreach ($number in 1..3) {
            Start-ThreadJob -ThrottleLimit 8 {
                Import-Module $using:module
                $socket = $using:right
                $end = $using:left
                while ($true) {
                    $message = Receive-FileDescriptor $socket -AsMessage -ErrorAction Ignore -TimeoutSeconds 30
                    if (-not $message) { break }
                    if ($message.Text -ceq 'end') { Send-FileDescriptor $end -Message 'end'; $message.Dispose(); break }
                    if ($message.Descriptors.Count -ne 1 -or $message.Descriptors[0].Target -ne '/dev/null') { "wrong: $message" }
                    $message.Text
                    $message.Dispose()
                }
            }
        }

        # One descriptor, which all of them send at the same time.
        $file = Open-FileDescriptor /dev/null
        1..4 | ForEach-Object -ThrottleLimit 4 -Parallel {
            Import-Module $using:module
            $name = $_
            $socket = $using:left
            $shared = $using:file
            1..$using:each | ForEach-Object { Send-FileDescriptor $socket $shared -Message "$name-$_" }
        }

        # Each receiver sends this message again, for the next receiver.
        Send-FileDescriptor $left -Message 'end'
        $texts = $receivers | Receive-Job -Wait -AutoRemoveJob
        $expected = foreach ($name in 1..4) { foreach ($number in 1..$each) { "$name-$number" } }
        Compare-Object @($expected) @($texts) | Should -BeNullOrEmpty
        $file, $left, $right | ForEach-Object Dispose
        Wait-Until { (Get-OpenCount) -le $open } 'the jobs leave nothing open'
        Add-CampaignResult "Four senders and three receivers, $Type" "$(4 * $each) messages, each received once"
    }

    It 'dispose objects in use: each operation succeeds or reports an error, and no other descriptor is closed' {
        $kept = foreach ($number in 1..20) { Open-FileDescriptor /dev/zero }
        $count = 40 * $Scale
        $results = foreach ($round in 1..$count) {
            $pair = New-UnixSocketPair SeqPacket
            $file = Open-FileDescriptor /dev/null
            $objects = $file, $pair[0], $pair[1]
            $jobs = 1..3 | ForEach-Object -AsJob -ThrottleLimit 3 -Parallel {
                Import-Module $using:module
                $file = ($using:objects)[0]
                $left = ($using:objects)[1]
                $right = ($using:objects)[2]
                switch ($_) {
                    1 { try { 1..20 | ForEach-Object { Send-FileDescriptor $left $file -ErrorAction Stop } } catch { $_.FullyQualifiedErrorId } }
                    2 { try { Receive-FileDescriptor $right -Follow -TimeoutSeconds 30 -ErrorAction Stop | ForEach-Object { $_.Dispose() } } catch { $_.FullyQualifiedErrorId } }
                    3 { Start-Sleep -Milliseconds (Get-Random 5); $file.Dispose(); $left.Dispose(); Start-Sleep -Milliseconds (Get-Random 3); $right.Dispose() }
                }
            }
            $jobs | Wait-Job | Receive-Job
            $jobs | Remove-Job
        }

        $results | ForEach-Object { $_ -split ',' | Select-Object -First 1 } | Sort-Object -Unique | Where-Object { $_ -notin 'Closed', 'EPIPE', 'ECONNRESET' } |
            Should -BeNullOrEmpty
        $kept | ForEach-Object { $_.IsOpen ? (Get-FileDescriptor $_.Fd).Target : 'closed' } | Sort-Object -Unique | Should -Be /dev/zero
        $kept | ForEach-Object Dispose
        Add-CampaignResult 'Disposal during use in three runspaces' "$count rounds, $(@($results).Count) uses ended with an error about it"
    }
}
