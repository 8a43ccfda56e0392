Describe 'Receive-FileDescriptor with errors' {
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

    Context 'data without a descriptor' {
        It 'is an error that carries the message' {
            $null = $left.Send([Text.Encoding]::UTF8.GetBytes('only text'))
            $problem = Get-ErrorOf { Receive-FileDescriptor $right }
            $problem.Count | Should -Be 1
            $problem.FullyQualifiedErrorId | Should -BeExactly 'NoDescriptor,PSFdPass.Commands.ReceiveFileDescriptorCommand'
            $problem.CategoryInfo.Category | Should -Be InvalidData
            $problem.TargetObject | Should -BeOfType ([PSFdPass.ReceivedMessage])
            $problem.TargetObject.Text | Should -BeExactly 'only text'
            "$problem" | Should -BeLike '*9 bytes arrived without a descriptor*-AsMessage*'
        }

        It 'does not count towards -Count' {
            $one, $other = New-UnixSocketPair SeqPacket
            $null = $one.Send([byte[]]1)
            Send-FileDescriptor $one $path
            $received = Receive-FileDescriptor $other -Count 1 -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'NoDescriptor,*'
            $received.Target | Should -Be $path
            $received, $one, $other | ForEach-Object Dispose
        }

        It 'arrives together with the descriptor that was sent after it, on a stream' {
            $null = $left.Send([Text.Encoding]::UTF8.GetBytes('before'))
            Send-FileDescriptor $left $path -Message with
            $message = Receive-FileDescriptor $right -AsMessage
            $message.Text | Should -BeExactly beforewith
            $message.Descriptors.Target | Should -Be $path
            $message.Dispose()
        }
    }

    Context 'a peer' {
        It 'that has closed is a specific error' {
            $left.Dispose()
            { Receive-FileDescriptor $right } |
                Should -Throw -ErrorId 'PeerClosed,PSFdPass.Commands.ReceiveFileDescriptorCommand' -ExpectedMessage '*peer has closed the connection*'
        }

        It 'that has closed: what it had sent can still be received' {
            Send-FileDescriptor $left $path
            $left.Dispose()
            Read-All (Receive-FileDescriptor $right) | Should -BeExactly 'content of the file'
            { Receive-FileDescriptor $right } | Should -Throw -ErrorId 'PeerClosed,*'
        }

        It 'that closes with our message unread resets the connection' {
            Send-FileDescriptor $right $path
            $left.Dispose()
            { Receive-FileDescriptor $right } | Should -Throw -ErrorId 'ECONNRESET,*' -ExpectedMessage '*peer has closed*'
        }

        It 'that was never connected is an error' {
            $alone = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            { Receive-FileDescriptor $alone -TimeoutSeconds 5 } | Should -Throw -ErrorId 'EINVAL,*' -ExpectedMessage '*not connected*'
            $alone.Dispose()
        }
    }

    Context 'a time limit' {
        It 'of <Seconds> s ends the wait' -ForEach @{ Seconds = 0 }, @{ Seconds = 0.05 } {
            { Receive-FileDescriptor $right -TimeoutSeconds $Seconds } |
                Should -Throw -ErrorId 'TimedOut,PSFdPass.Commands.ReceiveFileDescriptorCommand' -ExpectedMessage 'No message arrived within the timeout.'
            Send-FileDescriptor $left $path
            Read-All (Receive-FileDescriptor $right -TimeoutSeconds $Seconds) | Should -BeExactly 'content of the file'
        }

        It 'applies to each message' {
            Send-FileDescriptor $left $path
            $received = [Collections.Generic.List[object]]::new()
            { Receive-FileDescriptor $right -Count 2 -TimeoutSeconds 0.05 | ForEach-Object { $received.Add($_) } } |
                Should -Throw -ErrorId 'TimedOut,*' -ExpectedMessage 'Only 1 of 2 descriptors arrived within the timeout. *'
            $received.Target | Should -Be $path
            $received | ForEach-Object Dispose
        }

        It 'refuses <Name>' -ForEach @(
            @{ Name = 'a count of 0'; Arguments = @{ Count = 0 } }
            @{ Name = 'a negative count'; Arguments = @{ Count = -1 } }
        ) {
            { Receive-FileDescriptor $right @Arguments } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context '-BufferSize' {
        It 'that exceeds the size of an array is refused' {
            { Receive-FileDescriptor $right -BufferSize ([int]::MaxValue) } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'for which there is not enough memory is an error, and the message stays in the queue: <Type>' -ForEach @{ Type = 'Stream' }, @{ Type = 'SeqPacket' } {
            $program = Invoke-Program env 'DOTNET_GCHeapHardLimit=0x10000000', $Pwsh, '-NoProfile', '-Command', "
                Import-Module '$Repository/out/PSFdPass'
                `$left, `$right = New-UnixSocketPair $Type
                Send-FileDescriptor `$left /dev/null
                try { Receive-FileDescriptor `$right -BufferSize 1000000000 } catch { `$_.FullyQualifiedErrorId; [string]`$_ }
                (Receive-FileDescriptor `$right).Target"
            Wait-Program $program | Should -Be 0
            $program.Lines | Should -Be @(
                'OutOfMemory,PSFdPass.Commands.ReceiveFileDescriptorCommand'
                'There is not enough memory for a buffer of 1000000000 bytes. Use a smaller one.'
                '/dev/null')
        }
    }

    Context 'a pipeline that ends early' {
        It 'warns that the rest of the message was closed' {
            Send-FileDescriptor $left (@($path) * 5)
            $first = Receive-FileDescriptor $right -WarningVariable warnings -WarningAction SilentlyContinue | Select-Object -First 1
            $first.IsOpen | Should -BeTrue
            "$warnings" | Should -BeLike '4 more descriptors of the message were closed*'
            $first.Dispose()
        }

        It 'writes no warning when the pipeline accepted all of them' {
            Send-FileDescriptor $left (@($path) * 2)
            $all = Receive-FileDescriptor $right -Follow -WarningVariable warnings | Select-Object -First 2
            $warnings | Should -BeNullOrEmpty
            $all | ForEach-Object Dispose
        }

        It 'leaves the accepted number open, with -As Number, and closes the others' {
            Send-FileDescriptor $left (@($path) * 3)
            $open = { @([IO.Directory]::GetFiles('/proc/self/fd') | Where-Object { [IO.FileInfo]::new($_).LinkTarget -eq $path }).Count }
            $fd = Receive-FileDescriptor $right -As Number -WarningAction SilentlyContinue | Select-Object -First 1
            (Get-FileDescriptor $fd).Target | Should -Be $path
            & $open | Should -Be 1
            Close-FileDescriptor $fd
            & $open | Should -Be 0
        }

        It 'can close each number as it arrives, with -As Number' {
            Send-FileDescriptor $left (@($path) * 3)
            Receive-FileDescriptor $right -As Number | ForEach-Object { Close-FileDescriptor $_ -ErrorAction Stop }
            @([IO.Directory]::GetFiles('/proc/self/fd') | Where-Object { [IO.FileInfo]::new($_).LinkTarget -eq $path }) | Should -BeNullOrEmpty
        }
    }

    Context 'a full descriptor table' {
        It 'is an error that has the received message, including the data' {
            $program = Invoke-Program sh '-c', @"
                ulimit -n 300
                exec '$Pwsh' -NoProfile -Command '
                    Import-Module "$Repository/out/PSFdPass"
                    `$left, `$right = New-UnixSocketPair
                    Send-FileDescriptor `$left (@(0) * 253) -Message "the data"
                    `$received = Receive-FileDescriptor `$right -ErrorVariable problem -ErrorAction SilentlyContinue
                    `$received | ForEach-Object Dispose
                    "`$(`$received.Count -lt 253) | `$(`$problem.FullyQualifiedErrorId) | `$(`$problem.TargetObject.Text) | `$problem"

                    # Now without a free number for a single descriptor.
                    Send-FileDescriptor `$left (@(0) * 253) -Message more
                    `$kept = Receive-FileDescriptor `$right -ErrorAction SilentlyContinue
                    Send-FileDescriptor `$left 0, 0 -Message none
                    `$none = Receive-FileDescriptor `$right -ErrorVariable second -ErrorAction SilentlyContinue
                    "`$(`$none.Count) | `$(`$second.FullyQualifiedErrorId)"
                    `$kept | ForEach-Object Dispose
                '
"@
            Wait-Program $program | Should -Be 0
            $program.Lines[0] | Should -BeLike 'True | DescriptorsLost,*ReceiveFileDescriptorCommand | the data | *ulimit -n*'
            $program.Lines[1] | Should -BeLike '0 | DescriptorsLost,*ReceiveFileDescriptorCommand'
        }
    }

    Context 'leaks' {
        It 'leaves nothing open after <Name>' -ForEach @(
            @{ Name = 'closed descriptors'; Act = { Send-FileDescriptor $left $path, $path; Receive-FileDescriptor $right | ForEach-Object Dispose } }
            @{ Name = 'dropped descriptors'; Act = { Send-FileDescriptor $left $path, $path; Receive-FileDescriptor $right } }
            @{ Name = 'a dropped message'; Act = { Send-FileDescriptor $left $path, $path; Receive-FileDescriptor $right -AsMessage } }
            @{ Name = 'dropped streams'; Act = { Send-FileDescriptor $left $path, $path; Receive-FileDescriptor $right -As Stream } }
            @{ Name = 'files that are not sockets'; Act = { Send-FileDescriptor $left $path; Receive-FileDescriptor $right -As Socket -ErrorAction SilentlyContinue } }
            @{ Name = 'an ErrorAction of Stop'; Act = {
                    Send-FileDescriptor $left $path, $path
                    try { Receive-FileDescriptor $right -As Socket -ErrorAction Stop } catch { $null } } }
            @{ Name = 'extra descriptors'; Act = { Send-FileDescriptor $left $path, $path; Receive-FileDescriptor $right -Count 1 -WarningAction SilentlyContinue } }
            @{ Name = 'a time limit'; Act = { try { Receive-FileDescriptor $right -TimeoutSeconds 0 } catch { $null } } }
            @{ Name = 'descriptors that nobody receives'; Act = {
                    $one, $other = New-UnixSocketPair
                    Send-FileDescriptor $one $path, $one
                    $one, $other | ForEach-Object Dispose } }
        ) {
            Assert-NothingLeaks {
                & $Act
                $Error.Clear()
            }
        }

        It 'closes at once the descriptors that the pipeline does not accept' {
            Send-FileDescriptor $left (@($path) * 50)
            $open = { @([IO.Directory]::GetFiles('/proc/self/fd') | Where-Object { [IO.FileInfo]::new($_).LinkTarget -eq $path }).Count }
            $first = Receive-FileDescriptor $right | Select-Object -First 1
            & $open | Should -Be 1
            Read-All $first | Should -BeExactly 'content of the file'
            & $open | Should -Be 0
        }
    }

    AfterAll {
        Clear-Program
    }
}
