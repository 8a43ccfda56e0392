BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    . $PSScriptRoot/Support/Stopping.ps1
}

Describe 'Read-FileDescriptor' {
    BeforeEach {
        $left, $right = New-UnixSocketPair
    }

    AfterEach {
        $left.Dispose()
        $right.Dispose()
    }

    It 'reads one line, and leaves the rest to another reader' {
        $null = $left.Send([Text.Encoding]::UTF8.GetBytes("one`r`ntwo`nrest"))
        Read-FileDescriptor $right -Line | Should -BeExactly one
        Read-FileDescriptor $right -Line | Should -BeExactly two
        $buffer = [byte[]]::new(10)
        [Text.Encoding]::UTF8.GetString($buffer, 0, $right.Receive($buffer)) | Should -BeExactly rest
    }

    It 'leaves what follows the line in a pipe to another reader' {
        $writer = [IO.Pipes.AnonymousPipeServerStream]::new('Out')
        $reader = [IO.Pipes.AnonymousPipeClientStream]::new('In', $writer.ClientSafePipeHandle)
        Write-FileDescriptor $writer 'head', 'body'
        Read-FileDescriptor $reader -Line | Should -BeExactly head
        $reader.ReadByte() | Should -Be ([int][char]'b')
        $writer.Dispose()
        Read-FileDescriptor $reader | Should -BeExactly ody
        $reader.Dispose()
    }

    It 'leaves what follows the line in a file to another holder of the description' {
        Set-Content "$TestDrive/lines" one, two, three
        $file = Open-FileDescriptor "$TestDrive/lines"
        $copy = Copy-FileDescriptor $file
        Read-FileDescriptor $file -Line | Should -BeExactly one
        Read-FileDescriptor $copy -Line | Should -BeExactly two
        Read-FileDescriptor $file | Should -BeExactly three
        $file.Close()
        $copy.Close()
    }

    It 'reads all lines until the end, also a last one without a line feed' {
        Write-FileDescriptor $left 'a', '', 'b'
        Write-FileDescriptor $left 'c' -NoNewline
        $left.Dispose()
        Read-FileDescriptor $right | Should -BeExactly 'a', '', 'b', 'c'
        Read-FileDescriptor $right | Should -BeNullOrEmpty
        Read-FileDescriptor $right -Line | Should -BeNullOrEmpty
    }

    It 'returns lines with -Follow, and does not read more than the pipeline accepts' {
        Write-FileDescriptor $left (1..5)
        Read-FileDescriptor $right -Line -Follow | Select-Object -First 2 | Should -BeExactly '1', '2'
        $left.Dispose()
        Read-FileDescriptor $right -Line -Follow | Should -BeExactly '3', '4', '5'
    }

    It 'joins characters that are split across chunks' {
        $text = 'ä€𝄞' * 50000
        $file = New-MemoryFile text "x$text`ny$text"
        $lines = Read-FileDescriptor $file
        $lines.Count | Should -Be 2
        $lines[0] | Should -BeExactly "x$text"
        $lines[1] | Should -BeExactly "y$text"

        $bytes = [Text.Encoding]::UTF8.GetBytes("$text`n")
        $null = Start-ThreadJob {
            $all = $using:bytes
            $socket = $using:left
            for ($i = 0; $i -lt $all.Length; $i += 7001) {
                $null = $socket.Send($all, $i, [Math]::Min(7001, $all.Length - $i), 'None')
            }

            $socket.Shutdown('Send')
        }
        Read-FileDescriptor $right | Should -BeExactly $text
        Get-Job | Remove-Job -Force
        $file.Close()
    }

    It 'reads <Name> of 10 MB' -ForEach @(
        @{ Name = 'a file' }
        @{ Name = 'a stream' }
    ) {
        $bytes = [byte[]]::new(10mb)
        [Random]::new(4).NextBytes($bytes)
        $file = New-MemoryFile large $bytes
        if ($Name -eq 'a file') {
            $read = Read-FileDescriptor $file -Raw -AsByteStream
        }
        else {
            $shell = [powershell]::Create()
            $null = $shell.AddScript('param($Socket, $Bytes) $sent = 0; while ($sent -lt $Bytes.Length) { $sent += $Socket.Send($Bytes, $sent, $Bytes.Length - $sent, 0) }; $Socket.Shutdown(1)').AddArgument($left).AddArgument($bytes)
            $sending = $shell.BeginInvoke()
            $read = Read-FileDescriptor $right -Raw -AsByteStream
            $shell.EndInvoke($sending)
            $shell.Dispose()
        }

        $read.Length | Should -Be 10mb
        [Linq.Enumerable]::SequenceEqual($read, $bytes) | Should -BeTrue
        $file.Close()
    }

    It 'reads a number of bytes, as text and as bytes' {
        Write-FileDescriptor $left 'abcdefgh' -NoNewline
        Read-FileDescriptor $right -Count 3 | Should -BeExactly abc
        $bytes = Read-FileDescriptor $right -Count 2 -AsByteStream
        , $bytes | Should -BeOfType ([byte[]])
        $bytes | Should -Be 100, 101
        $left.Dispose()
        Read-FileDescriptor $right -Count 100 | Should -BeExactly fgh
        Read-FileDescriptor $right -Count 100 | Should -BeNullOrEmpty
    }

    It 'returns single bytes with -AsByteStream' {
        Write-FileDescriptor $left 'ab'
        $left.Dispose()
        Read-FileDescriptor $right -AsByteStream | Should -Be 97, 98, 10
    }

    It 'decodes <Encoding>' -ForEach @(
        @{ Encoding = 'latin1'; Bytes = 228, 10 }
        @{ Encoding = 'unicode'; Bytes = 228, 0, 10, 0 }
        @{ Encoding = 1252; Bytes = 228, 10 }
    ) {
        if ($Encoding -eq 1252) { $Encoding = [Text.Encoding]::Latin1 }
        $null = $left.Send([byte[]]$Bytes)
        $left.Dispose()
        Read-FileDescriptor $right -Encoding $Encoding | Should -BeExactly 'ä'
    }

    It 'refuses -Line in an encoding whose line feed is not one byte' {
        { Read-FileDescriptor $right -Line -Encoding unicode } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Read-FileDescriptor $right -Encoding klingon } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'ends by its time limit on a silent socket, with the text that was read' {
        { Read-FileDescriptor $right -Line -TimeoutSeconds 0.05 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
        { Read-FileDescriptor $right -TimeoutSeconds 0.05 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
        Write-FileDescriptor $left 'hälf' -NoNewline
        $failure = Get-ErrorOf { Read-FileDescriptor $right -Line -TimeoutSeconds 0.05 }
        $failure.TargetObject | Should -BeExactly 'hälf'
        $failure.CategoryInfo.Category | Should -Be OperationTimeout
        Write-FileDescriptor $left "line`npart" -NoNewline
        $output = Read-FileDescriptor $right -TimeoutSeconds 0.05 -ErrorVariable failed -ErrorAction SilentlyContinue
        $output | Should -BeExactly line
        $failed[0].TargetObject | Should -BeExactly part
        Write-FileDescriptor $left 'raw' -NoNewline
        (Get-ErrorOf { Read-FileDescriptor $right -Raw -AsByteStream -TimeoutSeconds 0.05 }).TargetObject | Should -Be 114, 97, 119
    }

    It 'leaves a message that carries descriptors in the queue, and reads the data before it' {
        $file = New-MemoryFile content hello
        Write-FileDescriptor $left 'line'
        Send-FileDescriptor $left $file -Message 'data'
        Read-FileDescriptor $right -Line | Should -BeExactly line
        foreach ($arguments in @{ Line = $true }, @{ Raw = $true }, @{ Count = 10 }, @{}) {
            (Get-ErrorOf { Read-FileDescriptor $right @arguments }).FullyQualifiedErrorId | Should -BeLike 'DescriptorsPending,*'
        }

        $message = Receive-FileDescriptor $right -AsMessage -TimeoutSeconds 10
        $message.Text | Should -BeExactly data
        $message.Descriptors.Count | Should -Be 1
        $message.Dispose()
        $file.Close()
    }

    It 'reads packets whole, each as a line' {
        $one, $other = New-UnixSocketPair SeqPacket
        Write-FileDescriptor $one "a`nb" -NoNewline
        Write-FileDescriptor $one 'c'
        Read-FileDescriptor $other -Line | Should -BeExactly "a`nb"
        Write-FileDescriptor $one 'd' -NoNewline
        $one.Dispose()
        Read-FileDescriptor $other | Should -BeExactly 'c', 'd'
        $other.Dispose()
    }

    It 'stops at once: <Name>' -ForEach @(
        @{ Name = 'a line'; Arguments = @{ Line = $true } }
        @{ Name = 'lines'; Arguments = @{ Line = $true; Follow = $true } }
        @{ Name = 'everything'; Arguments = @{} }
        @{ Name = 'bytes'; Arguments = @{ Count = 5 } }
    ) {
        Invoke-Stop Read-FileDescriptor (@{ InputObject = $right } + $Arguments) | Should -Be Stopped
    }

    It 'does not change O_NONBLOCK' {
        (Get-FileDescriptor ([int]$right.Handle)).Flags | Should -Not -Match NonBlocking
        Write-FileDescriptor $left 'x'
        Read-FileDescriptor $right -Line | Should -BeExactly x
        Get-ErrorOf { Read-FileDescriptor $right -Line -TimeoutSeconds 0.05 } | Should -Not -BeNullOrEmpty
        (Get-FileDescriptor ([int]$right.Handle)).Flags | Should -Not -Match NonBlocking
    }

    It 'accepts <Name>' -ForEach @(
        @{ Name = 'a number'; Convert = { [int]$right.Handle } }
        @{ Name = 'a number as text'; Convert = { "$([int]$right.Handle)" } }
        @{ Name = 'a stream'; Convert = { [Net.Sockets.NetworkStream]::new($right) } }
        @{ Name = 'a handle'; Convert = { $right.SafeHandle } }
    ) {
        Write-FileDescriptor $left 'text'
        $holder = & $Convert
        $holder | Read-FileDescriptor -Line | Should -BeExactly text
    }

    It 'refuses an object without a descriptor, and a closed one' {
        (Get-ErrorOf { Read-FileDescriptor 'file.txt' }).FullyQualifiedErrorId | Should -BeLike 'InvalidArgument,*'
        (Get-ErrorOf { Read-FileDescriptor 54321 }).FullyQualifiedErrorId | Should -BeLike 'EBADF,*'
        $right.Dispose()
        (Get-ErrorOf { Read-FileDescriptor $right }).FullyQualifiedErrorId | Should -BeLike 'Closed,*'
    }

    It 'reads several descriptors, and continues after an error' {
        $file = New-MemoryFile text 'text'
        $result = $right, $file | Read-FileDescriptor -TimeoutSeconds 0.05 2>&1
        $result[0].FullyQualifiedErrorId | Should -BeLike 'TimedOut,*'
        $result[1] | Should -BeExactly text
        $file.Close()
    }

    It 'reads a line of a megabyte without pausing, from <Name>' -ForEach @(
        @{ Name = 'a file'; Make = { New-MemoryFile long ('x' * 1MB + "`nrest") } }
        @{ Name = 'a socket'; Make = {
                $module = (Get-Module PSFdPass).Path
                $null = Start-ThreadJob { Import-Module $using:module; Write-FileDescriptor $using:left ('x' * 1MB), 'rest' }
                $right
            }
        }
    ) {
        # With a pause after every few kilobytes, this took more than ten seconds.
        $source = & $Make
        Read-FileDescriptor $source -Line -TimeoutSeconds 5 | Should -HaveCount 1
        Read-FileDescriptor $source -Line -TimeoutSeconds 5 | Should -BeExactly rest
        Get-Job | Wait-Job | Remove-Job
        if ($source -isnot [Net.Sockets.Socket]) { $source.Close() }
    }

    It 'ends at its time limit although data keeps arriving: <_>' -ForEach 'lines', 'bytes' {
        $zero = Open-FileDescriptor /dev/zero
        $parameters = if ($_ -eq 'bytes') { @{ AsByteStream = $true } } else { @{} }
        $script:failure = $null
        & { Read-FileDescriptor $zero -TimeoutSeconds 0.05 @parameters -ErrorVariable script:failure -ErrorAction SilentlyContinue } | Out-Null
        $failure.FullyQualifiedErrorId | Should -BeLike 'TimedOut,*'
        $zero.Close()
    }

    It 'leaks nothing' {
        Assert-NothingLeaks {
            $a, $b = New-UnixSocketPair
            $file = New-MemoryFile x y
            Send-FileDescriptor $a $file
            Read-FileDescriptor $b -Line -ErrorAction Ignore
            (Receive-FileDescriptor $b).Close()
            Read-FileDescriptor $b -Line -TimeoutSeconds 0.03 -ErrorAction Ignore
            $a.Dispose()
            $b.Dispose()
            $file.Close()
        }
    }
}
