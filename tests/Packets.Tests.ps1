Describe 'Packets' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        function Send-Letter($Socket, [string[]] $Text, [int] $Bytes = 0) {
            foreach ($one in $Text) {
                Send-FileDescriptor $Socket /dev/null -Message ($Bytes ? [byte[]]::new($Bytes) : $one)
            }
        }

        # Everything that waits, as text; closes the descriptors.
        function Receive-Text($Socket) {
            while ($true) {
                try { $message = Receive-FileDescriptor $Socket -AsMessage -TimeoutSeconds 0 } catch { break }
                $message.Text
                $message.Dispose()
            }
        }
    }

    AfterEach {
        $left, $right, $listener | ForEach-Object { ${_}?.Dispose() }
        Clear-Program
    }

    Context 'over <_> sockets' -ForEach SeqPacket, Datagram {
        BeforeEach {
            $left, $right = New-UnixSocketPair $_
        }

        It 'keeps the boundaries of messages, and the descriptors with their messages' {
            $one, $two = "$TestDrive/one", "$TestDrive/two"
            Set-Content $one first
            Set-Content $two second
            Send-FileDescriptor $left $one -Message aaaa
            Send-FileDescriptor $left $two -Message bb
            $messages = 1..2 | ForEach-Object { Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5 }
            $messages.Text | Should -Be aaaa, bb
            $messages.Descriptors.Target | Should -Be (Convert-Path $one), (Convert-Path $two)
            $messages | ForEach-Object Dispose
        }

        It 'receives a packet whole, however large the sender can make it' {
            $left.SendBufferSize = 400000
            Send-Letter $left x -Bytes 300000
            $message = Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5 -WarningVariable warnings
            $message.Data.Length, $message.BytesLost, $message.Flags | Should -Be 300000, 0, None
            $warnings | Should -BeNullOrEmpty
            $message.Dispose()
        }

        It 'reports how much of a packet did not fit into -BufferSize' {
            Send-Letter $left abcdefghij, next
            $message = Receive-FileDescriptor $right -AsMessage -BufferSize 4 -TimeoutSeconds 5 -WarningVariable warnings -WarningAction SilentlyContinue
            $message.Text, $message.BytesLost, $message.Flags | Should -Be abcd, 6, DataTruncated
            "$warnings" | Should -Be "Discarded the last 6 bytes of a packet of 10 bytes, because they did not fit into -BufferSize."
            $message.Descriptors.Target | Should -Be /dev/null
            $message.Dispose()
            Receive-Text $right | Should -Be next
        }

        It 'warns of lost bytes when only the descriptors are returned' {
            Send-Letter $left abcdefghij
            $received = Receive-FileDescriptor $right -BufferSize 9 -TimeoutSeconds 5 -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings" | Should -BeLike 'Discarded the last 1 bytes of a packet of 10 bytes*'
            $received.Dispose()
        }

        It 'carries a descriptor without a byte of data' {
            Send-FileDescriptor $left /dev/null -Message ([byte[]]@())
            $message = Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5
            $message.Data.Length, $message.Descriptors.Count | Should -Be 0, 1
            $message.Dispose()
        }

        It 'reports the sender of each message, with -WithCredentials' {
            { Receive-FileDescriptor $right -WithCredentials -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
            Send-Letter $left a
            $message = Receive-FileDescriptor $right -AsMessage -WithCredentials -TimeoutSeconds 5
            $message.Credentials.ProcessId, $message.Credentials.UserId, $message.Credentials.GroupId | Should -Be $PID, (id -u), (id -g)
            $message.Dispose()
        }

        It 'reports no sender for a message that was sent before the request' {
            Send-Letter $left a
            $message = Receive-FileDescriptor $right -AsMessage -WithCredentials -TimeoutSeconds 5
            $message.Credentials.ProcessId, $message.Credentials.UserId | Should -Be 0, 65534
            $message.Dispose()
        }

        It 'has no credentials by default' {
            Send-Letter $left a
            $message = Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5
            $message.Credentials | Should -BeNullOrEmpty
            $message.Dispose()
        }
    }

    Context '-Peek over <_> sockets' -ForEach Stream, SeqPacket, Datagram {
        BeforeEach {
            $left, $right = New-UnixSocketPair $_
        }

        It 'leaves the message in the queue, and installs its descriptors each time' {
            Send-Letter $left letter
            $looks = 1..2 | ForEach-Object { Receive-FileDescriptor $right -Peek -AsMessage -TimeoutSeconds 5 }
            $message = Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5
            @($looks; $message).Text | Should -Be letter, letter, letter
            @($looks; $message).Descriptors.Target | Should -Be /dev/null, /dev/null, /dev/null
            @($looks; $message).Descriptors.Fd | Sort-Object -Unique | Should -HaveCount 3
            $looks + $message | ForEach-Object Dispose
            Receive-Text $right | Should -BeNullOrEmpty
        }

        It 'leaks nothing' {
            Send-Letter $left letter
            Assert-NothingLeaks { (Receive-FileDescriptor $right -Peek -TimeoutSeconds 5).Dispose() }
        }
    }

    It 'returns part of a packet with -Peek, and loses nothing' {
        $left, $right = New-UnixSocketPair SeqPacket
        Send-Letter $left abcdef
        $look = Receive-FileDescriptor $right -Peek -BufferSize 3 -AsMessage -TimeoutSeconds 5 -WarningVariable warnings
        $look.Text | Should -Be abc
        $warnings | Should -BeNullOrEmpty
        $look.Dispose()
        Receive-Text $right | Should -Be abcdef
    }

    It 'has no -Peek with <Name>' -ForEach @(@{ Name = '-Follow'; With = @{ Follow = $true } }, @{ Name = '-Count'; With = @{ Count = 1 } }) {
        $left, $right = New-UnixSocketPair
        { Receive-FileDescriptor $right -Peek @With } | Should -Throw '*-Peek returns the same message each time*' -ErrorId 'InvalidArgument,*'
    }

    It 'receives at most -BufferSize bytes of a stream, and the rest later' {
        $left, $right = New-UnixSocketPair
        Send-FileDescriptor $left /dev/null -Message abcdef
        $message = Receive-FileDescriptor $right -BufferSize 4 -AsMessage -TimeoutSeconds 5 -WarningVariable warnings
        $message.Text, $message.BytesLost, $message.Descriptors.Count | Should -Be abcd, 0, 1
        $warnings | Should -BeNullOrEmpty
        $message.Dispose()
        Receive-Text $right | Should -Be ef
    }

    It 'creates pairs with the requested buffers' {
        $left, $right = New-UnixSocketPair SeqPacket -SendBufferSize 30000 -ReceiveBufferSize 20000
        foreach ($socket in $left, $right) {
            $socket.SendBufferSize, $socket.ReceiveBufferSize | Should -Be 60000, 40000
        }

        { Send-Letter $left x -Bytes 70000 } | Should -Throw -ErrorId 'EMSGSIZE,*'
    }

    It 'distinguishes the users of a datagram socket by the credentials of each message' -Skip:((id -u) -ne 0) {
        Skip-Without perl, setpriv
        $path = "$((Get-PSDrive TestDrive).Root)/users.sock"
        chmod 755 (Split-Path $path)
        $listener = New-UnixSocketListener $path -SocketType Datagram -Mode 0666
        { Receive-FileDescriptor $listener -WithCredentials -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
        $send = '$s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $ARGV[0]) or die "$!\n"; $s->send("hi")'
        foreach ($user in 0, 65534) {
            setpriv --reuid=$user --regid=$user --clear-groups perl -MIO::Socket::UNIX -e $send $path
            $LASTEXITCODE | Should -Be 0
        }

        $messages = 1..2 | ForEach-Object { Receive-FileDescriptor $listener -AsMessage -TimeoutSeconds 5 }
        $messages.Credentials.UserId | Should -Be 0, 65534
    }

    Context '-Follow over a datagram socket' {
        BeforeEach {
            $left, $right = New-UnixSocketPair Datagram
        }

        It 'returns the messages in order, each with its descriptors, until the time limit' {
            foreach ($number in 1..8) {
                Send-FileDescriptor $left (@('/dev/null') * $number) -Message "m$number"
            }

            $messages = [Collections.Generic.List[object]]::new()
            { Receive-FileDescriptor $right -Follow -AsMessage -TimeoutSeconds 0 | ForEach-Object { $messages.Add($_) } } |
                Should -Throw -ErrorId 'TimedOut,*'
            $messages.Text | Should -Be (1..8 | ForEach-Object { "m$_" })
            $messages | ForEach-Object { $_.Descriptors.Count } | Should -Be (1..8)
            $messages | ForEach-Object Dispose
        }

        It 'receives every packet whole' {
            $left.SendBufferSize = 400000
            foreach ($size in 10, 150000, 0, 120000) {
                Send-FileDescriptor $left /dev/null -Message ([byte[]]::new($size))
            }

            $lengths = Receive-FileDescriptor $right -Follow -AsMessage -TimeoutSeconds 5 | Select-Object -First 4 | ForEach-Object { $_.Data.Length; $_.Dispose() }
            $lengths | Should -Be 10, 150000, 0, 120000
        }

        It 'reports how much of each packet did not fit into -BufferSize' {
            Send-Letter $left ab, abcdefg, abcd
            $messages = Receive-FileDescriptor $right -Follow -AsMessage -BufferSize 3 -TimeoutSeconds 5 -WarningVariable warnings -WarningAction SilentlyContinue |
                Select-Object -First 3
            $messages.Text | Should -Be ab, abc, abc
            $messages.BytesLost | Should -Be 0, 4, 1
            $warnings | Should -HaveCount 2
            $messages | ForEach-Object Dispose
        }

        It 'loses nothing when the pipeline ends early: the next command continues from there' {
            Send-Letter $left a, b, c, d, e
            (Receive-FileDescriptor $right -Follow -AsMessage -TimeoutSeconds 5 | Select-Object -First 1 | ForEach-Object { $_.Text; $_.Dispose() }) | Should -Be a
            $look = Receive-FileDescriptor $right -Peek -AsMessage -TimeoutSeconds 5
            $look.Text, $look.Descriptors.Target | Should -Be b, /dev/null
            $look.Dispose()
            (Receive-FileDescriptor $right -Count 2 -TimeoutSeconds 5).Count | Should -Be 2
            Send-Letter $left f
            Receive-Text $right | Should -Be d, e, f
        }

        It 'writes an error with the message when it has no descriptor' {
            Send-Letter $left a
            $null = $left.Send([byte[]](1, 2))
            Send-Letter $left b
            $problem = $null
            $received = Receive-FileDescriptor $right -Follow -TimeoutSeconds 5 -ErrorVariable problem -ErrorAction SilentlyContinue | Select-Object -First 2
            $received | Should -HaveCount 2
            $problem.FullyQualifiedErrorId | Should -BeLike 'NoDescriptor,*'
            $problem.TargetObject.Data | Should -Be 1, 2
            $received | ForEach-Object Dispose
        }

        It 'reports the sender of each message' {
            $path = "$((Get-PSDrive TestDrive).Root)/who.sock"
            $listener = New-UnixSocketListener $path -SocketType Datagram
            $server = Invoke-Pwsh "`$s = Connect-UnixSocket '$path' -SocketType Datagram; [Console]::ReadLine(); 1..3 | % { Send-FileDescriptor `$s /dev/null }"
            { Receive-FileDescriptor $listener -WithCredentials -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
            $server.Input.WriteLine()
            $messages = Receive-FileDescriptor $listener -Follow -AsMessage -TimeoutSeconds 30 | Select-Object -First 3
            $messages.Credentials.ProcessId | Should -Be $server.Id, $server.Id, $server.Id
            $messages | ForEach-Object Dispose
        }

        It 'leaves nothing open when the pipeline ends early' {
            Assert-NothingLeaks {
                $one, $two = New-UnixSocketPair Datagram
                Send-Letter $one a, b, c, d
                Receive-FileDescriptor $two -Follow -TimeoutSeconds 5 | Select-Object -First 1
                $one.Dispose()
                $two.Dispose()
            }
        }
    }

    Context 'with <Language> over <Type> with <Kind>' -ForEach @(
        foreach ($kind in 'a path', 'an abstract name') {
            foreach ($type in 'SeqPacket', 'Datagram') {
                @{ Language = 'C'; Needs = 'gcc'; Type = $type; Kind = $kind; Command = { "$bin/peer" }; Message = $null }
                @{ Language = 'Python'; Needs = 'python3'; Type = $type; Kind = $kind; Command = { 'python3', "$Peers/peer.py" }; Message = $null }
                @{ Language = 'Go'; Needs = 'go'; Type = $type; Kind = $kind; Command = { "$bin/peer-go" }; Message = $null }
                @{ Language = 'Perl'; Needs = 'perl'; Type = $type; Kind = $kind; Command = { 'perl', "$Peers/peer.pl" }; Message = [byte[]]@(0) }
                @{ Language = 'Ruby'; Needs = 'ruby'; Type = $type; Kind = $kind; Command = { 'ruby', "$Peers/peer.rb" }; Message = $null }
            }
        }
    ) {
        BeforeAll {
            $bin = (Get-PSDrive TestDrive).Root
            if (Get-Command $Needs -CommandType Application -ErrorAction Ignore) {
                if ($Language -eq 'C') {
                    $null = Get-CompiledPeer peer $bin
                }
                elseif ($Language -eq 'Go') {
                    env GO111MODULE=off GOCACHE=$bin/go go build -o "$bin/peer-go" "$Peers/peer.go"
                    $LASTEXITCODE | Should -Be 0
                }
            }

            Set-Content "$bin/letters" abcdefghij -NoNewline
            $command = @(. $Command)

            function Invoke-Peer([string[]] $ArgumentList) {
                Invoke-Program $command[0] (@($command | Select-Object -Skip 1) + $ArgumentList)
            }

            # A peer exits with 77 if its system can't do it.
            function Assert-Peer($Program) {
                $status = Wait-Program $Program
                if ($status -eq 77) {
                    Set-ItResult -Skipped -Because "$Language says: $($Program.Lines)"
                }

                $status | Should -Be 0 -Because "$($Program.Lines -join "`n")$($Program.Error.Result)"
            }
        }

        BeforeEach {
            $unique = "psfdpass-$([guid]::NewGuid())"
            $path = "$bin/$($unique.Substring(9, 8))"
            $address = $Kind -eq 'a path' ? @{ Path = $path } : @{ AbstractName = $unique }
            $text = $Kind -eq 'a path' ? $path : "@$unique"
            $with = $null -ne $Message ? @{ Message = $Message } : @{}
        }

        It 'receives' {
            Skip-Without $Needs
            $listener = New-UnixSocketListener @address -SocketType $Type
            $peer = Invoke-Peer send, $text, $Type.ToLower(), "$bin/letters"
            $right = $Type -eq 'Datagram' ? $listener : (Wait-UnixSocketConnection $listener -TimeoutSeconds 30)
            $received = Receive-FileDescriptor $right -TimeoutSeconds 30
            [IO.Path]::GetFileName($received.Target) | Should -Be letters
            $stream = $received.OpenStream()
            $bytes = [byte[]]::new(4)
            $stream.Read($bytes, 0, 4) | Should -Be 4
            $stream.Dispose()
            [Text.Encoding]::UTF8.GetString($bytes) | Should -BeExactly defg -Because 'the offset is shared'
            if ($right -ne $listener) { $right.Dispose() }
            Assert-Peer $peer
            $peer.Lines[-1] | Should -BeLike 'rest *'
        }

        It 'sends' {
            Skip-Without $Needs
            if ($Type -eq 'Datagram') {
                $peer = Invoke-Peer receive, $text, datagram, 1
                $left = Connect-UnixSocket @address -SocketType Datagram -Wait -TimeoutSeconds 30
            }
            else {
                $listener = New-UnixSocketListener @address -SocketType $Type
                $peer = Invoke-Peer receive, $text, $Type.ToLower(), 1
                $left = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
            }

            "$bin/letters" | Send-FileDescriptor $left @with
            Assert-Peer $peer
            $peer.Lines | Should -Contain 'got abcd'
        }
    }
}
