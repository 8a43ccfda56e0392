# Descriptors that are passed between processes.
Describe 'Two processes' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'abcdefghij' -NoNewline

        # The beginning of the other pwsh's script, which connects to our listener.
        $connect = @"
            `$socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            `$socket.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new('$folder/wire'))
"@
    }

    BeforeEach {
        $listener = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        $listener.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/wire"))
        $listener.Listen()
    }

    AfterEach {
        Clear-Program
        ${socket}?.Dispose()
        $listener.Dispose()
    }

    It 'pass an open file from one pwsh to another' {
        $other = Invoke-Pwsh "$connect
            Send-FileDescriptor `$socket '$path' -Message ""from `$PID"""
        $socket = $listener.Accept()
        $message = Receive-FileDescriptor $socket -AsMessage -TimeoutSeconds 30
        $message.Text | Should -Match '^from \d+$'
        $message.Text | Should -Not -Be "from $PID"
        Wait-Program $other | Should -Be 0
        Read-All $message.Descriptors[0] | Should -BeExactly abcdefghij
    }

    It 'pass a live TCP connection, whose user never notices' {
        $connection = Get-TcpConnection
        $other = Invoke-Pwsh "$connect
            `$stream = Receive-FileDescriptor `$socket -As Stream
            `$reader = [IO.StreamReader]::new(`$stream)
            `$stream.Write([Text.Encoding]::UTF8.GetBytes(""`$PID heard "" + `$reader.ReadLine() + ""``n""))
            `$stream.Dispose()"
        $socket = $listener.Accept()
        $connection.Server.GetStream().Write([Text.Encoding]::UTF8.GetBytes("hello from $PID`n"))
        Send-FileDescriptor $socket $connection.Server -CloseAfterSend
        $user = $connection.Client.GetStream()
        $user.Write([Text.Encoding]::UTF8.GetBytes("me`n"))
        $reader = [IO.StreamReader]::new($user)
        $reader.ReadLine() | Should -BeExactly "hello from $PID"
        $reader.ReadLine() | Should -Match '^\d+ heard me$'
        $reader.ReadLine() | Should -BeNullOrEmpty
        Wait-Program $other | Should -Be 0
        $connection.Client.Dispose()
    }

    It 'pass many descriptors in both directions at once' {
        $other = Invoke-Pwsh "$connect
            `$received = Receive-FileDescriptor `$socket -Count 500
            Send-FileDescriptor `$socket `$received -CloseAfterSend"
        $socket = $listener.Accept()
        Send-FileDescriptor $socket (@($path) * 500)
        $received = Receive-FileDescriptor $socket -Count 500 -TimeoutSeconds 30
        $received.Target | Select-Object -Unique | Should -Be $path
        $received | ForEach-Object Dispose
        Wait-Program $other | Should -Be 0
    }

    It 'report that the receiver was killed during a send' {
        $other = Invoke-Pwsh "$connect
            (Receive-FileDescriptor `$socket -Count 1).Dispose()
            'received'
            Start-Sleep 60"
        $socket = $listener.Accept()
        Send-FileDescriptor $socket $path
        $null = Wait-ProgramLine $other received
        $stream = [IO.File]::OpenRead($path)
        # The receiver is killed while the send waits for space.
        $killer = [powershell]::Create().AddScript('Start-Sleep -Milliseconds 300; [Diagnostics.Process]::GetProcessById($args[0]).Kill()').AddArgument($other.Id)
        $running = $killer.BeginInvoke()
        { for () { Send-FileDescriptor $socket $stream -TimeoutSeconds 30 } } |
            Should -Throw -ErrorId 'E*,PSFdPass.Commands.SendFileDescriptorCommand' -ExpectedMessage '*The peer has closed the connection*'
        # The stream that was not sent is still open.
        $stream.ReadByte() | Should -Be 97
        $killer.EndInvoke($running)
        $stream, $killer | ForEach-Object Dispose
    }

    It 'report that the sender was killed during a receive' {
        $other = Invoke-Pwsh "$connect
            Send-FileDescriptor `$socket '$path'
            'sent'
            Start-Sleep 60"
        $socket = $listener.Accept()
        $null = Wait-ProgramLine $other sent
        $killer = [powershell]::Create().AddScript('Start-Sleep -Milliseconds 300; [Diagnostics.Process]::GetProcessById($args[0]).Kill()').AddArgument($other.Id)
        $running = $killer.BeginInvoke()
        $received = [Collections.Generic.List[object]]::new()
        { Receive-FileDescriptor $socket -Count 2 -TimeoutSeconds 30 | ForEach-Object { $received.Add($_) } } |
            Should -Throw -ErrorId 'PeerClosed,*' -ExpectedMessage '*after 1 of 2 descriptors*'
        Read-All $received[0] | Should -BeExactly abcdefghij
        $killer.EndInvoke($running)
        $killer.Dispose()
    }

    It 'receive a descriptor from Python, with the offset that both share' {
        $other = Invoke-Program python3 "$Peers/peer.py", send, "$folder/wire", stream, $path
        $socket = $listener.Accept()
        $message = Receive-FileDescriptor $socket -AsMessage -TimeoutSeconds 20
        $message.Data | Should -Be 1
        # Python has read abc.
        $stream = $message.Descriptors[0].OpenStream()
        $stream.Position | Should -Be 3
        [IO.StreamReader]::new($stream).ReadToEnd() | Should -BeExactly defghij
        $stream.Dispose()
        $socket.Dispose()
        Wait-Program $other | Should -Be 0

        # The stream moved the offset that Python's descriptor shares.
        $other.Lines | Should -Be 'rest '
    }

    It 'send a descriptor to Python' {
        $other = Invoke-Program python3 "$Peers/peer.py", receive, "$folder/wire", stream, 2
        $socket = $listener.Accept()
        Send-FileDescriptor $socket $path, $path
        Wait-Program $other | Should -Be 0
        $other.Lines | Should -Be 'data 02', 'got abcd', 'got abcd'
    }

    It 'receive descriptors from a C program that ends right after sending them' {
        $other = Invoke-Program (Get-CompiledPeer peer $folder) garbage, "$folder/wire", stream, dies
        $socket = $listener.Accept()
        $received = Receive-FileDescriptor $socket -TimeoutSeconds 20
        $received.Target | Should -Be /dev/null, /dev/null
        $received | ForEach-Object Dispose
        { Receive-FileDescriptor $socket -TimeoutSeconds 20 } | Should -Throw -ErrorId 'PeerClosed,*'
        Wait-Program $other | Should -Be 137
    }

    It 'survive garbage from a C program: <Kind>' -ForEach @(
        @{ Kind = 'nothing'; Id = 'PeerClosed'; Count = 0 }
        @{ Kind = 'bytes'; Id = 'NoDescriptor'; Count = 0 }
        @{ Kind = 'empty'; Id = 'PeerClosed'; Count = 0 }
        @{ Kind = 'many'; Id = $null; Count = 253 }
        @{ Kind = 'two'; Id = $null; Count = 3 }
        @{ Kind = 'credentials'; Id = $null; Count = 1 }
    ) {
        $other = Invoke-Program (Get-CompiledPeer peer $folder) garbage, "$folder/wire", stream, $Kind
        $socket = $listener.Accept()
        $problem = $null
        $received = try { Receive-FileDescriptor $socket -TimeoutSeconds 20 -ErrorAction Stop } catch { $problem = $_ }
        @($received).Count | Should -Be $Count
        "$($problem.FullyQualifiedErrorId)" | Should -BeLike "$(if ($Id) { "$Id,*" })"
        $received | ForEach-Object Dispose
        Wait-Program $other | Should -Be 0
    }
}
