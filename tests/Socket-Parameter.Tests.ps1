Describe '-Socket of <Command>' -ForEach @(
    @{ Command = 'Send-FileDescriptor'; Arguments = @{ InputObject = 0 } }
    @{ Command = 'Receive-FileDescriptor'; Arguments = @{ TimeoutSeconds = 5 } }
) {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        Set-Content "$folder/letters" 'content of the file' -NoNewline

        # The command under test on one socket, and the other command on the socket that it is connected to.
        function Test-Command($Socket, $Ours, $Other) {
            if ($Command -eq 'Send-FileDescriptor') {
                Send-FileDescriptor $Socket "$folder/letters"
                Read-All (Receive-FileDescriptor $Other -TimeoutSeconds 5)
            }
            else {
                Send-FileDescriptor $Other "$folder/letters"
                Read-All (Receive-FileDescriptor $Socket -TimeoutSeconds 5)
            }

            # The command does not close it, so it can be used again.
            $Ours.Send([byte[]]1) | Should -Be 1
        }
    }

    BeforeEach {
        $one, $other = New-UnixSocketPair
    }

    AfterEach {
        $one, $other | ForEach-Object Dispose
    }

    It 'accepts <Name>' -ForEach @(
        @{ Name = 'a Socket'; Make = { $one } }
        @{ Name = 'a Socket in a PSObject'; Make = { [psobject]::AsPSObject($one) } }
        @{ Name = 'a FileDescriptor'; Make = { [PSFdPass.FileDescriptor]::new([int]$one.Handle, $false) } }
        @{ Name = 'a NetworkStream'; Make = { [Net.Sockets.NetworkStream]::new($one) } }
        @{ Name = 'a SafeHandle'; Make = { $one.SafeHandle } }
        @{ Name = 'a number'; Make = { [int]$one.Handle } }
        @{ Name = 'a number as text, as at the prompt'; Make = { "$($one.Handle)" } }
        @{ Name = 'a DescriptorInfo'; Make = { Get-FileDescriptor $one } }
    ) {
        Test-Command (& $Make) $one $other | Should -BeExactly 'content of the file'
    }

    It 'works on <Type> sockets' -ForEach @{ Type = 'SeqPacket' }, @{ Type = 'Datagram' } {
        $left, $right = New-UnixSocketPair $Type
        Test-Command $left $left $right | Should -BeExactly 'content of the file'
        $left, $right | ForEach-Object Dispose
    }

    It 'ends the command with a specific error for <Name>: <Id>' -ForEach @(
        @{ Name = 'a closed socket'; Id = 'Closed'; Make = { $one.Dispose(); $one }; Says = '*Socket is closed*' }
        @{ Name = 'a closed FileDescriptor'; Id = 'Closed'; Says = '*is closed*'
            Make = { $made = [PSFdPass.FileDescriptor]::Open('/dev/null'); $made.Dispose(); $made } }
        @{ Name = 'a TCP socket'; Id = 'NotUnixSocket'; Make = { [Net.Sockets.Socket]::new('InterNetwork', 'Stream', 'Tcp') }
            Says = '*tcp socket. Only Unix-domain sockets carry descriptors. Connect-UnixSocket, New-UnixSocketListener and New-UnixSocketPair create them.' }
        @{ Name = 'a UdpClient'; Id = 'NotUnixSocket'; Make = { [Net.Sockets.UdpClient]::new(0) }; Says = '*only Unix-domain sockets*' }
        @{ Name = '/dev/null'; Id = 'ENOTSOCK'; Make = { [IO.File]::Open('/dev/null', 'Open', 'ReadWrite') }; Says = '*is open, but it is not a socket*' }
        @{ Name = 'a file'; Id = 'ENOTSOCK'; Make = { [PSFdPass.FileDescriptor]::Open("$folder/letters") }; Says = '*is not a socket*' }
        @{ Name = 'a number that is not open'; Id = 'EBADF'; Make = { 999999 }; Says = '*999999*is not open*' }
        @{ Name = 'a negative number'; Id = 'OutOfRange'; Make = { -1 }; Says = '-1 is not a valid descriptor*' }
        @{ Name = 'a path'; Id = 'InvalidArgument'; Make = { "$folder/letters" }; Says = 'A System.String is not a socket. Connect-UnixSocket connects to a path.' }
        @{ Name = 'a FileInfo'; Id = 'InvalidArgument'; Make = { Get-Item "$folder/letters" }; Says = '*is not a socket. Connect-UnixSocket connects to a path.' }
        @{ Name = 'an object that holds no descriptor'; Id = 'InvalidArgument'; Make = { Get-Date }; Says = 'A System.DateTime is not a socket.' }
        @{ Name = 'a description whose number now refers to something else'; Id = 'InvalidOperation'; Says = '*now refers to something else. It was *'
            Make = { $info = Get-FileDescriptor $one; $one.Dispose(); $script:next = Copy-FileDescriptor 0 -TargetFd $info.Fd; $info } }
    ) {
        $socket = & $Make
        try {
            & $Command $socket @Arguments
            $problem = $null
        }
        catch {
            $problem = $_
        }

        $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.$($Command -replace '-')Command"
        "$problem" | Should -BeLike $Says
        $problem.TargetObject | Should -Be $socket
        if ($socket -is [IDisposable]) { $socket.Dispose() }
    }

    It 'refuses a descriptor of another process, and refers to Copy-FileDescriptor' {
        $child = Invoke-Program sleep 60
        $info = Get-FileDescriptor 1 -ProcessId $child.Id
        $problem = try { & $Command $info @Arguments } catch { $_ }
        Clear-Program
        $problem.FullyQualifiedErrorId | Should -BeLike 'DescriptorElsewhere,*'
        "$problem" | Should -BeLike "Descriptor 1 belongs to process $($info.ProcessId). *Copy-FileDescriptor creates a copy in this process."
    }

    It 'completes the numbers of Unix-domain sockets' {
        $tcp = [Net.Sockets.Socket]::new('InterNetwork', 'Stream', 'Tcp')
        foreach ($line in "$Command ", "$Command -Socket ") {
            $found = (TabExpansion2 $line $line.Length).CompletionMatches
            $found.CompletionText | Should -Contain "$($one.Handle)"
            $found.CompletionText | Should -Not -Contain "$($tcp.Handle)"
            $found.Where{ $_.CompletionText -eq "$($one.Handle)" }.ToolTip | Should -BeExactly 'Socket unix'
        }

        $tcp.Dispose()
    }

    It 'completes variables that hold a socket before numbers, and shows the peer' {
        $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
        try {
            $null = $shell.AddScript("Import-Module '$((Get-Module PSFdPass).Path)'; `$mine, `$theirs = New-UnixSocketPair; `$text = 'mine'").Invoke()
            $shell.Commands.Clear()
            $found = $shell.AddScript("(TabExpansion2 '$Command ' $($Command.Length + 1)).CompletionMatches").Invoke()
            $found[0, 1].CompletionText | Should -BeExactly '$mine', '$theirs'
            $found[0].ToolTip | Should -Match '^\d+ unix.*, the peer of \$theirs$'
            $found[1].ToolTip | Should -Match '^\d+ unix.*, the peer of \$mine$'
            $found[2..($found.Count - 1)].CompletionText | ForEach-Object { $_ | Should -Match '^\d+$' }
            $shell.Commands.Clear()
            $shell.AddScript("(TabExpansion2 '$Command `$mi' $($Command.Length + 4)).CompletionMatches.CompletionText; `$mine, `$theirs | ForEach-Object Dispose").Invoke() |
                Should -BeExactly '$mine'
        }
        finally {
            $shell.Dispose()
        }
    }

    It 'refuses null' {
        { & $Command $null @Arguments } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
    }

    It 'leaves nothing open after an error' {
        Assert-NothingLeaks {
            # Disposed here, because a dropped socket may still be open when the descriptors are counted first.
            $file = [PSFdPass.FileDescriptor]::Open('/dev/null')
            foreach ($socket in 999999, -1, $file) {
                try { & $Command $socket @Arguments } catch { $Error.Clear() }
            }

            $file.IsOpen | Should -BeTrue
            $file.Dispose()
        }
    }
}
