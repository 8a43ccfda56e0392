Describe 'Receive-FileDescriptor' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'content of the file' -NoNewline
    }

    BeforeEach {
        $left, $right = New-UnixSocketPair
    }

    AfterEach {
        $left, $right | ForEach-Object Dispose
    }

    Context 'without parameters' {
        It 'returns a FileDescriptor that describes itself' {
            Send-FileDescriptor $left $path
            $received = Receive-FileDescriptor $right
            $received | Should -BeOfType ([PSFdPass.FileDescriptor])
            $received.Fd | Should -BeGreaterThan 2
            $received.Kind | Should -Be File
            $received.Access | Should -Be Read
            $received.Target | Should -BeExactly $path
            $received.Flags | Should -Be CloseOnExec
            $received.Dispose()
            $received.Fd | Should -Be -1
            $received.Target | Should -BeExactly '(closed)'
        }

        It 'returns all descriptors of one message, and leaves the next message' {
            Send-FileDescriptor $left $path, $folder
            Send-FileDescriptor $left /dev/null
            $received = Receive-FileDescriptor $right
            $received.Target | Should -Be $path, $folder
            $next = Receive-FileDescriptor $right
            $next.Target | Should -Be /dev/null
            $received + $next | ForEach-Object Dispose
        }

        It 'works in either blocking mode of the socket' {
            $right.Blocking = $false
            Send-FileDescriptor $left $path
            Read-All (Receive-FileDescriptor $right -TimeoutSeconds 5) | Should -BeExactly 'content of the file'
            { Receive-FileDescriptor $right -TimeoutSeconds 0.05 } | Should -Throw -ErrorId 'TimedOut,*'
        }

        It 'receives descriptors that no child inherits' {
            Send-FileDescriptor $left $path
            $received = Receive-FileDescriptor $right
            "$(sh -c 'ls -l /proc/self/fd')" | Should -Not -BeLike "*$path*"
            $received.Dispose()
        }
    }

    Context 'the socket from the pipeline' {
        It 'receives from each socket in turn' {
            $other, $otherRight = New-UnixSocketPair
            Send-FileDescriptor $left $path
            Send-FileDescriptor $other $folder
            $received = $right, $otherRight | Receive-FileDescriptor
            $received.Target | Should -Be $path, $folder
            @($received) + $other + $otherRight | ForEach-Object Dispose
        }

        It 'receives on a connection that was just accepted' {
            $listener = New-UnixSocketListener -Path "$folder/accepted.sock"
            $client = Connect-UnixSocket -Path "$folder/accepted.sock"
            Send-FileDescriptor $client $path
            $received = Wait-UnixSocketConnection $listener | Receive-FileDescriptor
            $received.Target | Should -BeExactly $path
            $received, $client, $listener | ForEach-Object Dispose
        }
    }

    Context '-Count' {
        It 'continues until that many have arrived' {
            $path, $folder, '/dev/null' | Send-FileDescriptor $left
            $received = Receive-FileDescriptor $right -Count 3
            $received.Target | Should -Be $path, $folder, /dev/null
            $received | ForEach-Object Dispose
        }

        It 'receives more than one message can carry' {
            Send-FileDescriptor $left (@($path) * 600)
            $received = Receive-FileDescriptor $right -Count 600
            $received.Count | Should -Be 600
            $received.Fd | Select-Object -Unique | Should -HaveCount 600
            $received | ForEach-Object Dispose
        }

        It 'returns the extra descriptors of the last message too, and warns' {
            Send-FileDescriptor $left $path, $folder, /dev/null
            $received = Receive-FileDescriptor $right -Count 2 -WarningVariable warning -WarningAction SilentlyContinue
            $received.Count | Should -Be 3
            $warning | Should -HaveCount 1
            "$warning" | Should -BeLike '*3 arrived, not 2.'
            $received | ForEach-Object Dispose
        }

        It 'reports how many arrived when the peer closes early' {
            Send-FileDescriptor $left $path
            $left.Dispose()
            $received = [Collections.Generic.List[object]]::new()
            { Receive-FileDescriptor $right -Count 3 | ForEach-Object { $received.Add($_) } } |
                Should -Throw -ErrorId 'PeerClosed,PSFdPass.Commands.ReceiveFileDescriptorCommand' -ExpectedMessage '*after 1 of 3 descriptors*'
            $received.Target | Should -Be $path
            $received | ForEach-Object Dispose
        }
    }

    Context '-As' {
        BeforeDiscovery {
            $forms = @(
                @{ As = 'Descriptor'; What = 'connection'; Type = 'PSFdPass.FileDescriptor' }
                @{ As = 'Descriptor'; What = 'file'; Type = 'PSFdPass.FileDescriptor' }
                @{ As = 'Socket'; What = 'connection'; Type = 'System.Net.Sockets.Socket' }
                @{ As = 'Socket'; What = 'listener'; Type = 'System.Net.Sockets.Socket' }
                @{ As = 'Stream'; What = 'connection'; Type = 'System.Net.Sockets.NetworkStream' }
                @{ As = 'Stream'; What = 'file'; Type = 'PSFdPass.Descriptors.DescriptorStream' }
                @{ As = 'Stream'; What = 'pipe'; Type = 'PSFdPass.Descriptors.DescriptorStream' }
                @{ As = 'Stream'; What = 'device'; Type = 'PSFdPass.Descriptors.DescriptorStream' }
                @{ As = 'Handle'; What = 'connection'; Type = 'System.Net.Sockets.SafeSocketHandle' }
                @{ As = 'Handle'; What = 'file'; Type = 'Microsoft.Win32.SafeHandles.SafeFileHandle' }
                @{ As = 'Number'; What = 'connection'; Type = 'System.Int32' }
                @{ As = 'Number'; What = 'file'; Type = 'System.Int32' }
                @{ As = 'Auto'; What = 'connection'; Type = 'System.Net.Sockets.Socket' }
                @{ As = 'Auto'; What = 'listener'; Type = 'System.Net.Sockets.Socket' }
                @{ As = 'Auto'; What = 'file'; Type = 'PSFdPass.Descriptors.DescriptorStream' }
                @{ As = 'Auto'; What = 'pipe'; Type = 'PSFdPass.Descriptors.DescriptorStream' }
                @{ As = 'Auto'; What = 'device'; Type = 'PSFdPass.FileDescriptor' }
                @{ As = 'Auto'; What = 'directory'; Type = 'PSFdPass.FileDescriptor' }
            )
        }

        BeforeEach {
            # One of each kind.
            $connection = Get-TcpConnection
            $listener = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
            $listener.Start()
            $pipe = [IO.Pipes.AnonymousPipeServerStream]::new()
            $kinds = @{
                connection = $connection.Server
                listener   = $listener
                file       = $path
                pipe       = $pipe.ClientSafePipeHandle
                device     = '/dev/null'
                directory  = $folder
            }
        }

        It 'returns a <What> as <As>: a working <Type>' -ForEach $forms {
            Send-FileDescriptor $left $kinds[$What]
            $received = Receive-FileDescriptor $right -As $As
            $received.GetType().FullName | Should -BeExactly $Type
            $stream = switch ($received) {
                { $_ -is [IO.Stream] } { $_ }
                { $_ -is [Net.Sockets.SafeSocketHandle] } { [Net.Sockets.NetworkStream]::new([Net.Sockets.Socket]::new($_)) }
                { $_ -is [Microsoft.Win32.SafeHandles.SafeFileHandle] } { [IO.FileStream]::new($_, 'Read') }
                { $_ -is [int] } { [PSFdPass.FileDescriptor]::new($_, $true).OpenStream() }
                { $_ -is [PSFdPass.FileDescriptor] -and $_.Kind -ne 'Directory' } { $_.OpenStream() }
                { $_ -is [Net.Sockets.Socket] -and $_.Connected } { [Net.Sockets.NetworkStream]::new($_) }
            }
            switch ($What) {
                connection { Test-Line $stream $connection.Client.GetStream() "as $As" | Should -BeTrue }
                file { [IO.StreamReader]::new($stream).ReadToEnd() | Should -BeExactly 'content of the file' }
                pipe { Test-Line $pipe $stream "as $As" | Should -BeTrue }
                device { $stream.ReadByte() | Should -Be -1 }
                listener { $received.LocalEndPoint | Should -Be $listener.LocalEndpoint }
                directory { $received.Target | Should -BeExactly $folder }
            }

            $stream, $received | Where-Object { $_ -is [IDisposable] } | ForEach-Object Dispose
        }

        It 'reports that a <What> can not be a <As>, in an error that has the descriptor' -ForEach @(
            @{ What = 'file'; As = 'Socket'; Id = 'ENOTSOCK' }
            @{ What = 'directory'; As = 'Stream'; Id = 'NotSupported' }
            @{ What = 'listener'; As = 'Stream'; Id = 'NotSupported' }
        ) {
            Send-FileDescriptor $left $kinds[$What]
            Send-FileDescriptor $left $kinds[$What]
            $problem = Get-ErrorOf { Receive-FileDescriptor $right -As $As -Count 2 }
            $problem.Count | Should -Be 2
            $problem[0].FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.ReceiveFileDescriptorCommand"
            $problem.TargetObject | Should -BeOfType ([PSFdPass.FileDescriptor])
            $problem.TargetObject.IsOpen | Should -Be $true, $true
            $problem.TargetObject | ForEach-Object Dispose
        }

        It 'refuses an unknown form' {
            { Receive-FileDescriptor $right -As Nothing } | Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*' -ExpectedMessage '*Auto*'
        }

        It 'completes the forms' {
            $line = 'Receive-FileDescriptor $right -As '
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText |
                Should -Be Auto, Descriptor, Handle, Number, Socket, Stream
        }

        It 'returns a connection as a stream that works after its sender used it asynchronously' {
            # An asynchronous operation sets O_NONBLOCK, which both processes share.
            $waiting = $connection.Server.GetStream().ReadAsync([byte[]]::new(1), 0, 1)
            $connection.Client.GetStream().WriteByte(1)
            $waiting.Result | Should -Be 1
            Send-FileDescriptor $left $connection.Server
            $stream = Receive-FileDescriptor $right -As Stream
            Test-Line $connection.Client.GetStream() $stream | Should -BeTrue
            $stream.Dispose()
        }

        AfterEach {
            $listener, $pipe, $connection.Server, $connection.Client | ForEach-Object Dispose
        }
    }

    Context '-AsMessage' {
        It 'returns one object for each message: data, text, descriptors, flags' {
            Send-FileDescriptor $left $path, $folder -Message 'grüß dich'
            $message = Receive-FileDescriptor $right -AsMessage
            $message | Should -BeOfType ([PSFdPass.ReceivedMessage])
            $message.Text | Should -BeExactly 'grüß dich'
            $message.Data | Should -Be ([Text.Encoding]::UTF8.GetBytes('grüß dich'))
            $message.Descriptors.Target | Should -Be $path, $folder
            $message.Flags | Should -Be None
            $message.Credentials | Should -BeNullOrEmpty
            $message.Dispose()
        }

        It 'returns a message without a descriptor too' {
            $null = $left.Send([Text.Encoding]::UTF8.GetBytes('only text'))
            $message = Receive-FileDescriptor $right -AsMessage
            $message.Text | Should -BeExactly 'only text'
            $message.Descriptors.Count | Should -Be 0
        }

        It 'keeps the boundaries of packets' {
            $one, $other = New-UnixSocketPair SeqPacket
            Send-FileDescriptor $one $path -Message first
            Send-FileDescriptor $one $path -Message second
            $messages = Receive-FileDescriptor $other -AsMessage -Count 2
            $messages.Text | Should -BeExactly first, second
            $messages + $one + $other | ForEach-Object Dispose
        }

        It 'has the credentials of the sender when the socket asks for them' {
            # SO_PASSCRED, which .NET has no name for.
            $right.SetRawSocketOption(1, 16, [BitConverter]::GetBytes(1))
            Send-FileDescriptor $left $path
            $message = Receive-FileDescriptor $right -AsMessage
            $message.Credentials.ProcessId | Should -Be $PID
            $message.Descriptors.Count | Should -Be 1
            $message.Dispose()
        }

        It 'can not be combined with -As' {
            { Receive-FileDescriptor $right -AsMessage -As Socket } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        }
    }

    Context '-Follow' {
        It 'continues until the peer closes, which is not an error' {
            $path, $folder | Send-FileDescriptor $left
            Send-FileDescriptor $left /dev/null, $path
            $left.Dispose()
            $received = Receive-FileDescriptor $right -Follow
            $received.Target | Should -Be $path, $folder, /dev/null, $path
            $received | ForEach-Object Dispose
        }

        It 'returns messages as they arrive' {
            Send-FileDescriptor $left $path -Message first
            $texts = Receive-FileDescriptor $right -Follow -AsMessage | ForEach-Object {
                $_.Text
                $_.Dispose()
                if ($_.Text -eq 'first') { Send-FileDescriptor $left $path -Message second } else { $left.Dispose() }
            }
            $texts | Should -BeExactly first, second
        }

        It 'ends when -Count is reached' {
            $path, $folder, '/dev/null' | Send-FileDescriptor $left
            $received = Receive-FileDescriptor $right -Follow -Count 2
            $received.Target | Should -Be $path, $folder
            $left.Dispose()
            $rest = Receive-FileDescriptor $right -Follow -Count 5
            $rest.Target | Should -Be /dev/null
            $received + $rest | ForEach-Object Dispose
        }

        It 'writes an error for a message without a descriptor, and continues' {
            $one, $other = New-UnixSocketPair SeqPacket
            $null = $one.Send([Text.Encoding]::UTF8.GetBytes('only text'))
            Send-FileDescriptor $one $path
            $one.Dispose()
            $received = Receive-FileDescriptor $other -Follow -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'NoDescriptor,*'
            $received.Target | Should -Be $path
            $received, $other | ForEach-Object Dispose
        }
    }

    Context 'several sockets' {
        BeforeEach {
            $pairs = 1..3 | ForEach-Object { , @(New-UnixSocketPair SeqPacket) }
            $senders = $pairs | ForEach-Object { $_[0] }
            $receivers = $pairs | ForEach-Object { $_[1] }
        }

        AfterEach {
            $senders + $receivers | ForEach-Object Dispose
        }

        It 'receives from the socket that has a message, until all have closed' {
            # No message is queued on the first socket. Each received message causes the next one to be sent.
            Send-FileDescriptor $senders[2] -Message '2'
            $order = $receivers | Receive-FileDescriptor -Follow -AsMessage | ForEach-Object {
                $number = [int]"$($_.Text)"
                $number
                if ($number -lt 9) { Send-FileDescriptor $senders[($number + 1) % 3] -Message "$($number + 1)" }
                else { $senders | ForEach-Object Dispose }
            }
            $order | Should -Be (2..9)
        }

        It 'continues with the others after one has timed out' {
            $feeder = [powershell]::Create().AddScript({
                    param($sockets)
                    foreach ($round in 1..20) {
                        [void]$sockets[0].Send([byte[]](1, 2))
                        [void]$sockets[2].Send([byte[]](3, 4))
                        Start-Sleep -Milliseconds 50
                    }
                    $sockets[0].Dispose(); $sockets[2].Dispose()
                }).AddArgument($senders)
            $running = $feeder.BeginInvoke()
            $messages = $receivers | Receive-FileDescriptor -Follow -AsMessage -TimeoutSeconds 0.6 -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeExactly 'TimedOut,PSFdPass.Commands.ReceiveFileDescriptorCommand'
            $problem.TargetObject | Should -Be $receivers[1]
            $messages | Should -HaveCount 40
            $null = $feeder.EndInvoke($running)
            $feeder.Dispose()
        }

        It 'writes an error about one socket, and continues with the others: <Name>' -ForEach @(
            @{ Name = 'a number that is not open'; Bad = { 999999 }; Id = 'EBADF' }
            @{ Name = 'a closed socket'; Bad = { $receivers[0].Dispose(); $receivers[0] }; Id = 'Closed' }
            @{ Name = 'a path'; Bad = { '/dev/null' }; Id = 'InvalidArgument' }
        ) {
            Send-FileDescriptor $senders[2] -Message x
            $senders[1..2] | ForEach-Object Dispose
            $problem = $null
            $messages = (& $Bad), $receivers[1], $receivers[2] |
                Receive-FileDescriptor -Follow -AsMessage -ErrorVariable problem -ErrorAction SilentlyContinue
            $messages.Text | Should -Be x
            $problem.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        }

        It 'ends with an error about a socket that another runspace closes' {
            $closer = [powershell]::Create().AddScript({ param($socket) Start-Sleep -Milliseconds 300; $socket.Dispose() }).AddArgument($receivers[0])
            $senders[1..2] | ForEach-Object Dispose
            $running = $closer.BeginInvoke()
            $receivers | Receive-FileDescriptor -Follow -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'Closed,*'
            $null = $closer.EndInvoke($running)
            $closer.Dispose()
        }

        It 'continues after the end of one, without -Follow' {
            $senders[0].Dispose()
            Send-FileDescriptor $senders[1] /dev/null
            $problem = $null
            $received = $receivers[0..1] | Receive-FileDescriptor -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'PeerClosed,*'
            $received.Target | Should -Be /dev/null
            $received.Dispose()
        }

        It 'ends when it is stopped' {
            $state = [initialsessionstate]::CreateDefault2()
            $state.ImportPSModule((Get-Module PSFdPass).Path)
            $shell = [powershell]::Create($state).AddScript('$args | Receive-FileDescriptor -Follow')
            $receivers | ForEach-Object { $null = $shell.AddArgument($_) }
            $running = $shell.BeginInvoke()
            $running.AsyncWaitHandle.WaitOne(500) | Should -BeFalse
            $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
            $shell.Dispose()
        }
    }

    It 'shows the progress of -Count when that takes over a second' {
        $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
        try {
            $null = $shell.AddScript("Import-Module '$((Get-Module PSFdPass).Path)'").AddStatement().
                AddCommand('Receive-FileDescriptor').AddParameters(@{ Socket = $right; Count = 3; As = 'Descriptor' })
            $running = $shell.BeginInvoke()
            Send-FileDescriptor $left /dev/null
            Start-Sleep -Milliseconds 1200
            $shell.Streams.Progress.Count | Should -Be 0 -Because 'nothing has happened since then'
            Send-FileDescriptor $left /dev/null
            Wait-Until { $shell.Streams.Progress.Count } 'the progress is shown'
            $shell.Streams.Progress[0].StatusDescription, $shell.Streams.Progress[0].PercentComplete | Should -Be '2 of 3 descriptors', 66
            Send-FileDescriptor $left /dev/null
            $shell.EndInvoke($running) | ForEach-Object Dispose
            $shell.Streams.Progress[-1].RecordType | Should -Be Completed
        }
        finally {
            $shell.Dispose()
        }
    }

    It 'ignores a timeout with -ErrorAction Ignore' {
        Receive-FileDescriptor $right -TimeoutSeconds 0 -ErrorAction Ignore | Should -BeNullOrEmpty
        { Receive-FileDescriptor $right -TimeoutSeconds 0 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
    }

    It 'warns that -WithCredentials has no effect without -AsMessage' {
        Send-FileDescriptor $left /dev/null
        (Receive-FileDescriptor $right -WithCredentials -WarningVariable warnings -WarningAction SilentlyContinue).Dispose()
        "$warnings" | Should -BeLike '*Use -AsMessage to return it*'
    }
}
