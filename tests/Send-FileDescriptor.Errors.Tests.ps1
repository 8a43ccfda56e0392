Describe 'Send-FileDescriptor with bad input' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'content of the file' -NoNewline

        class HoldsNothing { [string] $Name = 'nothing' }

        function Assert-NothingArrived {
            { Receive-FileDescriptor $right -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
        }
    }

    BeforeEach {
        $left, $right = New-UnixSocketPair
    }

    AfterEach {
        $left, $right | ForEach-Object Dispose
    }

    Context 'an object' {
        BeforeDiscovery {
            $bad = @(
                @{ Name = 'a path that does not exist'; Id = 'ENOENT'; Make = { "$folder/none" }; Says = '*open (*/none): No such file*' }
                @{ Name = 'a FileInfo that does not exist'; Id = 'ENOENT'; Make = { [IO.FileInfo]::new("$folder/none") }; Says = '*open (*/none)*' }
                @{ Name = 'a path of another provider'; Id = 'InvalidArgument'; Make = { 'Env:PATH' }; Says = '*Env:PATH is not in the file system*' }
                @{ Name = 'a path on an unknown drive'; Id = 'DriveNotFound'; Make = { 'nodrive:x' }; Says = "*'nodrive' does not exist*" }
                @{ Name = 'an empty text'; Id = 'InvalidArgument'; Make = { '' }; Says = '*empty*' }
                @{ Name = 'a negative number'; Id = 'OutOfRange'; Make = { -1 }; Says = '-1 is not a valid descriptor*' }
                @{ Name = 'a negative number as text, as at the prompt'; Id = 'OutOfRange'; Make = { '-1' }; Says = '-1 is not a valid descriptor*' }
                @{ Name = 'a number that is too large'; Id = 'OutOfRange'; Make = { [long]::MaxValue }; Says = '* is not a valid descriptor*' }
                @{ Name = 'a number that is not open'; Id = 'EBADF'; Make = { 999999 }; Says = '*descriptor 999999*is not open*' }
                @{ Name = 'a closed FileStream'; Id = 'Closed'; Make = { $closed = [IO.File]::OpenRead($path); $closed.Dispose(); $closed }
                    Says = '*FileStream is closed*' }
                @{ Name = 'a closed Socket'; Id = 'Closed'; Make = { $closed, $other = New-UnixSocketPair; $closed.Dispose(); $other.Dispose(); $closed }
                    Says = '*Socket is closed*' }
                @{ Name = 'a closed TcpClient'; Id = 'Closed'; Make = { $closed = [Net.Sockets.TcpClient]::new(); $closed.Dispose(); $closed }
                    Says = '*TcpClient is closed*' }
                @{ Name = 'a closed FileDescriptor'; Id = 'Closed'; Says = '*is closed*'
                    Make = { $closed = [PSFdPass.FileDescriptor]::Open($path); $closed.Dispose(); $closed } }
                @{ Name = 'a FileDescriptor that was handed over'; Id = 'Closed'; Says = '*handed over as a Stream*'
                    Make = { $spent = [PSFdPass.FileDescriptor]::Open($path); $spent.OpenStream().Dispose(); $spent } }
                @{ Name = 'an object that holds no descriptor'; Id = 'InvalidArgument'; Make = { [HoldsNothing]::new() }
                    Says = '*HoldsNothing does not hold a descriptor. Use *Handle property.' }
                @{ Name = 'a process'; Id = 'InvalidArgument'; Make = { Get-Process -Id $PID }; Says = 'A process does not hold a descriptor. Send one of its standard streams*' }
                @{ Name = 'a fraction'; Id = 'InvalidArgument'; Make = { 1.5 }; Says = 'A System.Double does not hold a*' }
                @{ Name = 'a Boolean'; Id = 'InvalidArgument'; Make = { $true }; Says = 'A System.Boolean does not hold a*' }
                @{ Name = 'a copy from another process'; Id = 'InvalidArgument'
                    Make = { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($right)) }
                    Says = '*copy of a System.Net.Sockets.Socket*Start-ThreadJob*over a socket.' }
                @{ Name = 'a MemoryStream'; Id = 'InvalidArgument'; Make = { [IO.MemoryStream]::new() }; Says = 'A System.IO.MemoryStream does not hold a*' }
                @{ Name = 'a wait handle'; Id = 'InvalidArgument'; Make = { [Threading.ManualResetEvent]::new($false) }; Says = '*ManualResetEvent does not hold a*' }
            )
        }

        It 'reports a specific error for <Name>, and continues: <Id>' -ForEach $bad {
            $problem = Get-ErrorOf { $path, (& $Make), '/dev/null' | Send-FileDescriptor $left }
            $problem.Count | Should -Be 1
            $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.SendFileDescriptorCommand"
            "$problem" | Should -BeLike $Says
            $received = Receive-FileDescriptor $right -Count 2 -TimeoutSeconds 5
            $received.Target | Should -Be $path, /dev/null
            $received | ForEach-Object Dispose
        }

        It 'sends nothing of an array with <Name>' -ForEach $bad {
            $problem = Get-ErrorOf { Send-FileDescriptor $left $path, (& $Make) }
            $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.SendFileDescriptorCommand"
            Assert-NothingArrived
        }

        It 'names the object in the error' {
            $object = [HoldsNothing]::new()
            $problem = Get-ErrorOf { $object | Send-FileDescriptor $left }
            $problem.TargetObject | Should -Be $object
            $problem.CategoryInfo.Category | Should -Be InvalidArgument
        }

        It 'has the number, the name and the call of a failed system call' {
            $problem = Get-ErrorOf { Send-FileDescriptor $left "$folder/none" }
            $problem.Exception.Errno | Should -Be 2
            $problem.Exception.ErrnoName | Should -Be ENOENT
            $problem.Exception.Call | Should -Be open
            $problem.CategoryInfo.Category | Should -Be ObjectNotFound
        }

        It 'does not open a directory for writing' {
            $problem = Get-ErrorOf { Send-FileDescriptor $left $folder -Access Write }
            $problem.FullyQualifiedErrorId | Should -BeLike 'EISDIR,*'
            Assert-NothingArrived
        }
    }

    Context 'an argument' {
        It 'refuses <Name>' -ForEach @(
            @{ Name = 'null'; Arguments = @{ InputObject = $null }; Id = 'ParameterArgumentValidationErrorNullNotAllowed' }
            @{ Name = 'a negative timeout'; Arguments = @{ InputObject = 1; TimeoutSeconds = -0.5 }; Id = 'ParameterArgumentTransformationError' }
            @{ Name = 'a number that is not a byte as the message'; Arguments = @{ InputObject = 1; Message = 256 }; Id = 'ParameterArgumentTransformationError' }
            @{ Name = 'a fraction as the message'; Arguments = @{ InputObject = 1; Message = 1.5 }; Id = 'ParameterArgumentTransformationError' }
            @{ Name = 'a Boolean as the message'; Arguments = @{ InputObject = 1; Message = $true }; Id = 'ParameterArgumentTransformationError' }
            @{ Name = 'a fraction among bytes'; Arguments = @{ InputObject = 1; Message = 1, 2.5 }; Id = 'ParameterArgumentTransformationError' }
            @{ Name = 'a message of null'; Arguments = @{ InputObject = 1; Message = $null }; Id = 'ParameterArgument*' }
            @{ Name = 'an unknown access'; Arguments = @{ InputObject = 1; Access = 'Execute' }; Id = 'CannotConvertArgumentNoMessage' }
        ) {
            { Send-FileDescriptor $left @Arguments } | Should -Throw -ErrorId "$Id,PSFdPass.Commands.SendFileDescriptorCommand"
            Assert-NothingArrived
        }

        It 'sends nothing of <Name>, and explains why' -ForEach @(
            @{ Name = 'an empty array'; Array = @() }
            @{ Name = 'null in an array'; Array = 1, $null }
            @{ Name = 'only null in an array'; Array = , $null }
        ) {
            $problem = Get-ErrorOf { Send-FileDescriptor $left $Array }
            $problem.FullyQualifiedErrorId | Should -BeExactly 'InvalidArgument,PSFdPass.Commands.SendFileDescriptorCommand'
            "$problem" | Should -BeExactly 'There is nothing to send, because the array is empty or contains null.'
            Assert-NothingArrived
        }

        It 'refuses null from the pipeline, and continues' {
            $problem = Get-ErrorOf { $path, $null, '/dev/null' | Send-FileDescriptor $left }
            $problem.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationErrorNullNotAllowed,*'
            Receive-FileDescriptor $right -Count 2 -TimeoutSeconds 5 | ForEach-Object Dispose
        }

        It 'refuses a message without a byte on a stream, which would lose the descriptor' {
            { Send-FileDescriptor $left $path -Message '' } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage '*Descriptors: 1; bytes of data: 0; required: 1.*'
            { Send-FileDescriptor $left (@(0) * 254) -Message 'x' } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage '*Descriptors: 254; bytes of data: 1; required: 2.*'
            Assert-NothingArrived
        }

        It 'sends a message without a byte in a packet' {
            $one, $other = New-UnixSocketPair SeqPacket
            Send-FileDescriptor $one $path -Message ''
            $message = Receive-FileDescriptor $other -AsMessage
            $message.Data.Length | Should -Be 0
            $message.Descriptors.Target | Should -Be $path
            $message, $one, $other | ForEach-Object Dispose
        }
    }

    Context 'the connection' {
        It 'ends the command when the peer has closed' {
            $right.Dispose()
            $went = 0
            { $path, $path | ForEach-Object { $script:went++; $_ } | Send-FileDescriptor $left } |
                Should -Throw -ErrorId 'EPIPE,PSFdPass.Commands.SendFileDescriptorCommand' -ExpectedMessage '*The peer has closed the connection*'
            $script:went | Should -Be 1
        }

        It 'ends the command when the socket was never connected' {
            $alone = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            { Send-FileDescriptor $alone $path } | Should -Throw -ErrorId 'ENOTCONN,*' -ExpectedMessage '*not connected*'
            $alone.Dispose()
        }

        It 'ends the command when our socket is closed between two messages' {
            { & { $path; $left.Dispose(); $path } | Send-FileDescriptor $left } | Should -Throw -ErrorId 'Closed,*'
            (Receive-FileDescriptor $right).Dispose()
        }

        It 'ends the command when a packet is larger than the send buffer' {
            $one, $other = New-UnixSocketPair SeqPacket
            { Send-FileDescriptor $one $path -Message ([byte[]]::new(10000000)) } |
                Should -Throw -ErrorId 'EMSGSIZE,*' -ExpectedMessage "*larger than the socket's send buffer*"
            $one, $other | ForEach-Object Dispose
        }
    }
}
