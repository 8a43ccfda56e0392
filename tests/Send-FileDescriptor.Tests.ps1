Describe 'Send-FileDescriptor' {
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

    Context 'messages' {
        It 'sends each object of the pipeline as a message of its own' {
            $path, $folder, '/dev/null' | Send-FileDescriptor $left
            $messages = 1..3 | ForEach-Object { Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5 }
            $messages.Descriptors.Target | Should -Be $path, $folder, /dev/null
            foreach ($message in $messages) {
                $message.Descriptors.Count | Should -Be 1
                $message.Data | Should -Be 1
                $message.Dispose()
            }
        }

        It 'sends an array as one message' {
            Send-FileDescriptor $left $path, $folder, /dev/null
            $message = Receive-FileDescriptor $right -AsMessage
            $message.Descriptors.Target | Should -Be $path, $folder, /dev/null
            $message.Data | Should -Be 3
            $message.Dispose()
        }

        It 'sends an array from the pipeline as one message' {
            , @($path, $folder) | Send-FileDescriptor $left
            $message = Receive-FileDescriptor $right -AsMessage
            $message.Descriptors.Count | Should -Be 2
            $message.Dispose()
        }

        It 'sends at once, while the pipeline continues' {
            & {
                $path
                Read-All (Receive-FileDescriptor $right -TimeoutSeconds 5) | Set-Variable first -Scope 2
                $folder
            } | Send-FileDescriptor $left
            $first | Should -BeExactly 'content of the file'
            (Receive-FileDescriptor $right).Dispose()
        }

        It 'splits more than 253 into several messages, in order' {
            $many = @(0) * 598 + $path, $folder
            Send-FileDescriptor $left $many
            $messages = 1..3 | ForEach-Object { Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 5 }
            $messages.ForEach{ $_.Descriptors.Count } | Should -Be 253, 253, 94
            $messages.ForEach{ $_.Data[0] } | Should -Be 253, 253, 94
            $messages[2].Descriptors[-2, -1].Target | Should -Be $path, $folder
            $messages | ForEach-Object Dispose
        }

        It 'keeps the data of a message whole when <Type> needs several' -ForEach @(
            @{ Type = 'Stream'; Texts = 'some dat', 'a' }
            @{ Type = 'SeqPacket'; Texts = 'some data', '' }
        ) {
            $one, $other = New-UnixSocketPair $Type
            Send-FileDescriptor $one (@(0) * 254) -Message 'some data'
            $messages = 1..2 | ForEach-Object { Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5 }
            $messages.Text | Should -BeExactly $Texts
            $messages.ForEach{ $_.Descriptors.Count } | Should -Be 253, 1
            $messages + $one + $other | ForEach-Object Dispose
        }
    }

    Context '-Message' {
        It 'sends <Name>' -ForEach @(
            @{ Name = 'a text as UTF-8'; Message = 'grüß dich →'; Bytes = [Text.Encoding]::UTF8.GetBytes('grüß dich →') }
            @{ Name = 'bytes'; Message = [byte[]](0, 255, 7); Bytes = 0, 255, 7 }
            @{ Name = 'one number as a byte'; Message = 0; Bytes = 0 }
            @{ Name = 'several numbers as bytes'; Message = 1, 2, 3; Bytes = 1, 2, 3 }
            @{ Name = 'a digit in a text as that character'; Message = '7'; Bytes = 0x37 }
        ) {
            Send-FileDescriptor $left $path -Message $Message
            $received = Receive-FileDescriptor $right -AsMessage
            $received.Data | Should -Be $Bytes
            $received.Descriptors.Target | Should -Be $path
            $received.Dispose()
        }

        It 'sends a message larger than the buffer in parts; the first has the descriptor' {
            $text = 'x' * 1000000
            $child = Invoke-Pwsh "
                `$socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
                `$socket.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new('$folder/large'))
                `$total = 0
                do {
                    `$message = Receive-FileDescriptor `$socket -AsMessage
                    `$total += `$message.Data.Length
                    if (`$message.Descriptors.Count) { 'descriptor with the first ' + (`$total -eq `$message.Data.Length) }
                } until (`$total -eq 1000000)
                'all of it'"
            $listener = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            $listener.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/large"))
            $listener.Listen()
            $socket = $listener.Accept()
            Send-FileDescriptor $socket $path -Message $text -TimeoutSeconds 30
            Wait-Program $child | Should -Be 0
            $child.Lines | Should -Be 'descriptor with the first True', 'all of it'
            $socket, $listener | ForEach-Object Dispose
        }
    }

    Context '-Access' {
        It 'opens a <Kind> for <Access>' -ForEach $(
            foreach ($kind in 'path', 'FileInfo') {
                foreach ($access in 'Read', 'Write', 'ReadWrite') { @{ Kind = $kind; Access = $access } }
            }
        ) {
            Send-FileDescriptor $left ($Kind -eq 'path' ? $path : (Get-Item $path)) -Access $Access
            $received = Receive-FileDescriptor $right
            $received.Access | Should -Be $Access
            $received.Dispose()
        }

        It 'opens for reading by default' {
            Send-FileDescriptor $left $path
            $received = Receive-FileDescriptor $right
            $received.Access | Should -Be Read
            $received.Dispose()
        }

        It 'does not change the access of an open descriptor' {
            $stream = [IO.File]::OpenRead($path)
            Send-FileDescriptor $left $stream -Access Write
            $received = Receive-FileDescriptor $right
            $received.Access | Should -Be Read
            $received, $stream | ForEach-Object Dispose
        }
    }

    Context 'paths' {
        It "follows the shell's location, not the process's" {
            Push-Location TestDrive:
            try { Send-FileDescriptor $left letters, ./letters }
            finally { Pop-Location }
            [Environment]::CurrentDirectory | Should -Not -Be $folder
            $received = Receive-FileDescriptor $right
            $received.Target | Should -Be $path, $path
            $received | ForEach-Object Dispose
        }

        It 'accepts a path on a drive of PowerShell' {
            Send-FileDescriptor $left TestDrive:/letters
            Read-All (Receive-FileDescriptor $right) | Should -BeExactly 'content of the file'
        }

        It 'uses the characters of a path literally' {
            Set-Content -LiteralPath "$folder/a[1]*" 'brackets' -NoNewline
            Send-FileDescriptor $left "$folder/a[1]*"
            Read-All (Receive-FileDescriptor $right) | Should -BeExactly 'brackets'
        }
    }

    Context '-CloseAfterSend' {
        It 'closes our copy, and the TCP connection lives on' {
            $connection = Get-TcpConnection
            Send-FileDescriptor $left $connection.Server -CloseAfterSend
            $connection.Server.Client.SafeHandle.IsClosed | Should -BeTrue
            $stream = Receive-FileDescriptor $right -As Stream
            # The finalizers of our copy must not end the connection either.
            $connection.Server = $null
            $null = Get-OpenDescriptor
            Test-Line $connection.Client.GetStream() $stream | Should -BeTrue
            Test-Line $stream $connection.Client.GetStream() | Should -BeTrue
            $stream.Dispose()
            $connection.Client.GetStream().ReadByte() | Should -Be -1
            $connection.Client.Dispose()
        }

        It 'closes <Name>' -ForEach @(
            @{ Name = 'a FileStream'; Make = { [IO.File]::OpenRead($path) }; IsOpen = { $holder.CanRead } }
            @{ Name = 'a FileDescriptor'; Make = { [PSFdPass.FileDescriptor]::Open($path) }; IsOpen = { $holder.IsOpen } }
            @{ Name = 'a SafeFileHandle'; Make = { [IO.File]::OpenHandle($path) }; IsOpen = { -not $holder.IsClosed } }
            @{ Name = 'a number'; Make = { [PSFdPass.FileDescriptor]::Open($path).Detach() }
                IsOpen = { Test-Path "/proc/self/fd/$holder" } }
        ) {
            $holder = & $Make
            & $IsOpen | Should -BeTrue
            Send-FileDescriptor $left $holder -CloseAfterSend
            & $IsOpen | Should -BeFalse
            Read-All (Receive-FileDescriptor $right) | Should -BeExactly 'content of the file'
        }

        It 'keeps our copy when the message could not be sent' {
            $right.Dispose()
            $stream = [IO.File]::OpenRead($path)
            { Send-FileDescriptor $left $stream -CloseAfterSend } | Should -Throw -ErrorId 'EPIPE,*'
            $stream.CanRead | Should -BeTrue
            $stream.Dispose()
        }

        It 'sends nothing that must not be closed: <Name>' -ForEach @(
            @{ Name = 'the standard output'; Number = '1'; Says = '*standard stream*' }
            @{ Name = 'the standard error, as an object'; Number = '[Microsoft.Win32.SafeHandles.SafeFileHandle]::new(2, $false)'; Says = '*standard stream*' }
            @{ Name = 'a descriptor of the runtime'; Number = '(Get-FileDescriptor -Kind Epoll -Force)[0].Fd'; Says = '*belongs to the .NET runtime*' }
            @{ Name = 'one of them in an array'; Number = '(Get-Item /dev/null), 1'; Says = '*standard stream*' }
            @{ Name = 'a description of the standard output'; Number = '(Get-FileDescriptor 1)'; Says = '*standard stream*' }
        ) {
            # Closing a descriptor that the runtime needs would end the process.
            $child = Invoke-Pwsh "
                `$null = [Security.Cryptography.RandomNumberGenerator]::GetBytes(1)
                `$left, `$right = New-UnixSocketPair
                Send-FileDescriptor `$left ($Number) -CloseAfterSend -ErrorAction SilentlyContinue
                `$Error[0].FullyQualifiedErrorId
                `"`$(`$Error[0])`"
                try { Receive-FileDescriptor `$right -TimeoutSeconds 0 } catch { `$_.FullyQualifiedErrorId }"
            Wait-Program $child | Should -Be 0
            $child.Lines[0] | Should -BeExactly 'DescriptorInUse,PSFdPass.Commands.SendFileDescriptorCommand'
            $child.Lines[1] | Should -BeLike $Says
            $child.Lines[1] | Should -BeLike '*. Send it without -CloseAfterSend.'
            $child.Lines[2] | Should -BeLike 'TimedOut,*'
        }

        It 'closes each number once' {
            $n, $m = 1..2 | ForEach-Object { (Open-FileDescriptor $path).Detach() }
            Send-FileDescriptor $left $n, $n, $m -CloseAfterSend -ErrorVariable problem
            $problem | Should -BeNullOrEmpty
            Get-FileDescriptor $n, $m -ErrorAction Ignore | Should -BeNullOrEmpty
            Receive-FileDescriptor $right -Count 3 | ForEach-Object Dispose
        }

        It 'closes an object and its number once' {
            $stream = [IO.File]::OpenRead($path)
            Send-FileDescriptor $left ([int]$stream.SafeFileHandle.DangerousGetHandle()), $stream, $stream.SafeFileHandle -CloseAfterSend -ErrorVariable problem
            $problem | Should -BeNullOrEmpty
            $stream.CanRead | Should -BeFalse
            Receive-FileDescriptor $right -Count 3 | ForEach-Object Dispose
        }

        It 'closes the rest when one can not be closed, and reports the error' {
            class Stubborn : IO.FileStream {
                Stubborn([string] $path) : base($path, [IO.FileMode]::Open) { }
                [void] Dispose([bool] $disposing) { if ($disposing) { throw [IO.IOException]::new('I will not.') } }
            }
            $stubborn = [Stubborn]::new($path)
            $last = Open-FileDescriptor $path
            $number = (Open-FileDescriptor $path).Detach()
            $given = Send-FileDescriptor $left $stubborn, $last, $number -CloseAfterSend -PassThru -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.Count | Should -Be 1
            "$problem" | Should -BeLike '*I will not.*'
            $problem[0].FullyQualifiedErrorId | Should -BeLike '*,PSFdPass.Commands.SendFileDescriptorCommand'
            $last.IsOpen | Should -BeFalse
            Get-FileDescriptor $number -ErrorAction Ignore | Should -BeNullOrEmpty
            $given.Count | Should -Be 3
            Receive-FileDescriptor $right -Count 3 | ForEach-Object Dispose
            $stubborn.SafeFileHandle.Dispose()
        }
    }

    Context '-PassThru' {
        It 'returns the objects, from the pipeline and from an array' {
            $stream = [IO.File]::OpenRead($path)
            $given = $stream, $path | Send-FileDescriptor $left -PassThru
            $given[0] | Should -Be $stream
            $given[1] | Should -BeExactly $path
            @(Send-FileDescriptor $left $stream, $path -PassThru).Count | Should -Be 2
            Receive-FileDescriptor $right -Count 4 | ForEach-Object Dispose
            $stream.Dispose()
        }

        It 'returns nothing without it' {
            Send-FileDescriptor $left $path | Should -BeNullOrEmpty
            (Receive-FileDescriptor $right).Dispose()
        }
    }

    Context '-TimeoutSeconds' {
        It 'ends the wait for space, and sends nothing of the message' {
            $sent = 0
            $full = { for () { Send-FileDescriptor $left $path -TimeoutSeconds 0; $script:sent++ } }
            $full | Should -Throw -ErrorId 'TimedOut,*' -ExpectedMessage '*0 of 1 descriptors and 0 of 1 bytes were sent*'
            $script:sent | Should -BeGreaterThan 0
            $stream = [IO.File]::OpenRead($path)
            { Send-FileDescriptor $left $stream -CloseAfterSend -TimeoutSeconds 0.05 } | Should -Throw -ErrorId 'TimedOut,*'
            $stream.CanRead | Should -BeTrue
            $stream.Dispose()
            $received = Receive-FileDescriptor $right -Count $script:sent
            $received.Count | Should -Be $script:sent
            { Receive-FileDescriptor $right -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
            $received | ForEach-Object Dispose
        }
    }

    It 'reports after a timeout how many objects of the pipeline were sent before' {
        $problem = try { 1..100000 | ForEach-Object { $path } | Send-FileDescriptor $left -TimeoutSeconds 0.05 } catch { $_ }
        "$problem" | Should -Match '0 of 1 descriptors? .*Before this object, (\d+) objects of the pipeline were sent\.$'
        $received = Receive-FileDescriptor $right -Count ([regex]::Match("$problem", '(\d+) objects').Groups[1].Value)
        { Receive-FileDescriptor $right -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*' -Because 'it counts all of them'
        $received | ForEach-Object Dispose
    }

    Context '-WhatIf' {
        It 'describes what it would do, and does nothing' {
            $stream = [IO.File]::OpenRead($path)
            Send-FileDescriptor $left $stream, $path -WhatIf -CloseAfterSend -PassThru | Should -BeNullOrEmpty
            $stream.CanRead | Should -BeTrue
            $stream.Dispose()
            { Receive-FileDescriptor $right -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
            $child = Invoke-Pwsh "
                `$left, `$right = New-UnixSocketPair
                Send-FileDescriptor `$left $path, `$right -WhatIf
                Send-FileDescriptor `$left (@('$path') * 20) -WhatIf"
            Wait-ProgramLine $child 'What if' | Should -Match "operation `"Send File $path, Socket unix`" on target `"descriptor \d+ Socket unix`""
            Wait-Program $child | Should -Be 0
            $child.Lines[-1] | Should -Match "Send (File $path, ){7}File $path and 12 more`""
        }

        It 'describes with -Verbose what it does' {
            $said = Send-FileDescriptor $left $path -Verbose 4>&1
            "$said" | Should -Match "Send File $path`" on target `"descriptor $($left.Handle) Socket unix`""
            (Receive-FileDescriptor $right).Dispose()
        }
    }

    Context 'leaks' {
        It 'leaves nothing open after <Name>' -ForEach @(
            @{ Name = 'a path'; Act = { Send-FileDescriptor $left $path } }
            @{ Name = 'many paths'; Act = { Send-FileDescriptor $left (@($path) * 300) } }
            @{ Name = '-WhatIf'; Act = { Send-FileDescriptor $left $path -WhatIf } }
            @{ Name = 'a bad object after a good one'; Act = { Send-FileDescriptor $left $path, ([object]::new()) -ErrorAction SilentlyContinue } }
            @{ Name = 'a failed message'; Act = { try { Send-FileDescriptor $left $path -Message '' } catch { $null } } }
        ) {
            Assert-NothingLeaks {
                & $Act
                # A descriptor that was sent is in flight until it is received.
                try { Receive-FileDescriptor $right -Count 300 -TimeoutSeconds 0 | ForEach-Object Dispose } catch { $null }
            }
        }
    }

    AfterAll {
        Clear-Program
    }

    Context 'data alone' {
        BeforeAll {
            $one, $other = New-UnixSocketPair SeqPacket
        }

        AfterAll {
            $one, $other | ForEach-Object Dispose
        }

        It 'sends <Name>' -ForEach @(
            @{ Name = 'a text'; Data = 'READY'; Bytes = [Text.Encoding]::UTF8.GetBytes('READY') }
            @{ Name = 'bytes'; Data = [byte[]](1, 2, 255); Bytes = [byte[]](1, 2, 255) }
            @{ Name = 'numbers'; Data = 7, 8; Bytes = [byte[]](7, 8) }
        ) {
            Send-FileDescriptor $one -Message $Data | Should -BeNullOrEmpty
            $message = Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5
            $message.Data | Should -Be $Bytes
            $message.Descriptors | Should -BeNullOrEmpty
        }

        It 'can''t be empty' {
            { Send-FileDescriptor $one -Message '' } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage '*nothing to send*'
        }

        It 'sends nothing with -WhatIf' {
            Send-FileDescriptor $one -Message x -WhatIf
            { Receive-FileDescriptor $other -TimeoutSeconds 0 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
        }

        It 'is not sent for an input of null' {
            $nothing = $null
            { Send-FileDescriptor $one $nothing -Message x } | Should -Throw -ErrorId 'ParameterArgumentValidationErrorNullNotAllowed,*'
            { Send-FileDescriptor $one -InputObject $nothing -Message x } | Should -Throw -ErrorId 'ParameterArgumentValidationErrorNullNotAllowed,*'
            { Receive-FileDescriptor $other -TimeoutSeconds 0 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
        }

        It 'is not sent for an empty pipeline, which is not an error' {
            @() | Send-FileDescriptor $one -Message x
            { Receive-FileDescriptor $other -TimeoutSeconds 0 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
        }

        It 'is mandatory without any input' {
            $said = pwsh -NoProfile -NonInteractive -Command "Import-Module '$((Get-Module PSFdPass).Path)'; `$l, `$r = New-UnixSocketPair; Send-FileDescriptor `$l" 2>&1
            "$said" | Should -BeLike '*missing mandatory parameters: Message*'
        }

        It 'is sent with each object of a pipeline' {
            "$Repository/README.md", "$Repository/LICENSE" | Send-FileDescriptor $one -Message both
            foreach ($name in 'README.md', 'LICENSE') {
                $message = Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5
                $message.Text | Should -BeExactly both
                $message.Descriptors.Target | Should -BeExactly "$Repository/$name"
                $message.Dispose()
            }
        }

        It 'reports after a timeout that nothing was sent' {
            $full, $silent = New-UnixSocketPair
            $problem = try { while ($true) { Send-FileDescriptor $full -Message ([byte[]]::new(100000)) -TimeoutSeconds 0.05 } } catch { $_ }
            $problem.FullyQualifiedErrorId | Should -BeLike 'TimedOut,*'
            "$problem" | Should -Match '\d+ of 100000 bytes were sent'
            "$problem" | Should -Not -Match 'descriptor'
            $full, $silent | ForEach-Object Dispose
        }
    }

    Context 'a received message' {
        BeforeAll {
            $one, $other = New-UnixSocketPair SeqPacket
            $letters = "$((Get-PSDrive TestDrive).Root)/forwarded"
            Set-Content $letters abc -NoNewline
        }

        AfterAll {
            $one, $other | ForEach-Object Dispose
        }

        It 'is forwarded with its data and descriptors<Text>' -ForEach @{ Text = ''; With = @{}; Data = 'the data' }, @{
            Text = ', and with other data'; With = @{ Message = 'other' }; Data = 'other'
        } {
            Send-FileDescriptor $one $letters, /dev/null -Message 'the data'
            $first = Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5
            $first | Send-FileDescriptor $one @With -CloseAfterSend
            $first.Descriptors.IsOpen | Should -Be $false, $false
            $second = Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5
            $second.Text | Should -BeExactly $Data
            $second.Descriptors.Target | Should -Be $letters, /dev/null
            $second.Dispose()
        }

        It 'is forwarded without a descriptor' {
            Send-FileDescriptor $one -Message 'only data'
            Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5 | Send-FileDescriptor $one
            $second = Receive-FileDescriptor $other -AsMessage -TimeoutSeconds 5
            $second.Text, $second.Descriptors.Count | Should -Be 'only data', 0
        }
    }

    Context 'a FIFO' {
        BeforeAll {
            $one, $other = New-UnixSocketPair
            $fifo = "$((Get-PSDrive TestDrive).Root)/fifo"
            mkfifo $fifo
        }

        AfterAll {
            $one, $other | ForEach-Object Dispose
            Remove-Item $fifo
        }

        It 'is waited for at most -TimeoutSeconds' {
            { Send-FileDescriptor $one $fifo -TimeoutSeconds 0.1 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
        }

        It 'is not opened with -WhatIf' {
            # Opening it would wait.
            Send-FileDescriptor $one $fifo -WhatIf
            Send-FileDescriptor $one "$fifo.none" -WhatIf
        }

        It 'is not waited for after the command was stopped' {
            $state = [initialsessionstate]::CreateDefault2()
            $state.ImportPSModule((Get-Module PSFdPass).Path)
            $shell = [powershell]::Create($state)
            $null = $shell.AddCommand('Send-FileDescriptor').AddParameters(@{ Socket = $one; InputObject = $fifo })
            $running = $shell.BeginInvoke()
            $running.AsyncWaitHandle.WaitOne(500) | Should -BeFalse
            $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
            $shell.Dispose()
        }

        It 'is sent when its other end is opened' {
            $writer = Invoke-Program sh '-c', "printf text > '$fifo'"
            Send-FileDescriptor $one $fifo -TimeoutSeconds 30
            $received = Receive-FileDescriptor $other -TimeoutSeconds 5
            $received.Kind | Should -Be Pipe
            Read-All $received | Should -BeExactly text
            Wait-Program $writer | Should -Be 0
            Clear-Program
        }
    }

    Context 'completion' {
        It 'offers paths with brackets, which the cmdlet accepts' {
            Push-Location (Get-PSDrive TestDrive).Root
            Set-Content -LiteralPath 'in[1].txt' abc
            $one, $other = New-UnixSocketPair
            $line = 'Send-FileDescriptor $one ./in'
            $text = (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText
            & ([scriptblock]::Create("Send-FileDescriptor `$one $text"))
            $received = Receive-FileDescriptor $other -TimeoutSeconds 5
            $received.Target | Should -BeLike '*/in`[1`].txt'
            $received, $one, $other | ForEach-Object Dispose
            Pop-Location
        }
    }
}
