# IDs, categories and exception types of errors, as about_PSFdPass documents them.
Describe 'An error' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $left, $right = New-UnixSocketPair SeqPacket
        $packets = New-UnixSocketListener "$folder/packets.sock" -SocketType SeqPacket
        $datagrams = New-UnixSocketListener "$folder/datagrams.sock" -SocketType Datagram
    }

    AfterAll {
        $left, $right, $packets, $datagrams | ForEach-Object Dispose
    }

    It 'for <What> has the ID <Id>, the category <Category>, and the type <Type>' -ForEach @(
        @{
            What = 'a Stream socket that connects to a SeqPacket socket'; Id = 'EPROTOTYPE'; Category = 'InvalidArgument'; Type = 'SystemCallException'
            Operation = { Connect-UnixSocket "$folder/packets.sock" }
        }
        @{
            What = 'accepting on a datagram socket'; Id = 'EOPNOTSUPP'; Category = 'NotImplemented'; Type = 'SystemCallException'
            Operation = { Wait-UnixSocketConnection $datagrams }
        }
        @{
            What = 'opening a socket'; Id = 'ENXIO'; Category = 'ObjectNotFound'; Type = 'SystemCallException'
            Operation = { Open-FileDescriptor "$folder/packets.sock" }
        }
        @{
            What = 'an address that is not local'; Id = 'EADDRNOTAVAIL'; Category = 'ConnectionError'; Type = 'SystemCallException'
            Operation = { Start-FdEchoDemo -ListenAddress 192.0.2.1 -Port 0 -SocketPath "$folder/demo.sock" -Say x }
        }
        @{
            What = 'a path that does not exist'; Id = 'ENOENT'; Category = 'ObjectNotFound'; Type = 'SystemCallException'
            Operation = { Open-FileDescriptor "$folder/missing" }
        }
        @{
            What = 'an argument of 140,000 bytes'; Id = 'E2BIG'; Category = 'LimitsExceeded'; Type = 'SystemCallException'
            Operation = { Start-FdProcess true ('x' * 140000) }; Says = '*each argument*128 KiB*'
        }
        @{
            What = 'a pattern that is not valid'; Id = 'InvalidPattern'; Category = 'InvalidArgument'; Type = 'System.Management.Automation.WildcardPatternException'
            Operation = { Get-FileDescriptor -Path '[' }
        }
        @{
            What = 'a pattern that matches nothing'; Id = 'NotFound'; Category = 'ObjectNotFound'; Type = 'System.Management.Automation.ItemNotFoundException'
            Operation = { Open-FileDescriptor -Path '[' }
        }
        @{
            What = 'a path as a listener'; Id = 'InvalidArgument'; Category = 'InvalidArgument'; Type = 'System.ArgumentException'
            Operation = { Wait-UnixSocketConnection ./here.sock }; Says = "'./here.sock' is a path*New-UnixSocketListener*"
        }
        @{
            What = 'reading data at a message with descriptors'; Id = 'DescriptorsPending'; Category = 'InvalidOperation'; Type = 'DescriptorsPendingException'
            Operation = { Send-FileDescriptor $left /dev/null; try { Read-FileDescriptor $right -Line } finally { (Receive-FileDescriptor $right).Dispose() } }
            Has = { $_.Fd | Should -Be ([int]$right.Handle) }
        }
        @{
            What = 'copying data at a message with descriptors'; Id = 'DescriptorsPending'; Category = 'InvalidOperation'; Type = 'DescriptorsPendingException'
            Operation = { Send-FileDescriptor $left /dev/null; try { Write-FileDescriptor $left -From $right } finally { (Receive-FileDescriptor $right).Dispose() } }
        }
        @{
            What = 'closing a standard stream'; Id = 'DescriptorInUse'; Category = 'ResourceBusy'; Type = 'DescriptorInUseException'
            Operation = { Close-FileDescriptor 1 }; Has = { $_.Fd | Should -Be 1 }
        }
        @{
            What = 'a descriptor of another process'; Id = 'DescriptorElsewhere'; Category = 'InvalidArgument'; Type = 'DescriptorElsewhereException'
            Operation = { Send-FileDescriptor $left $elsewhere }
            Has = { $_.Fd, $_.ProcessId | Should -Be $elsewhere.Fd, $child.Id }
        }
        @{
            What = 'a time limit for bytes'; Id = 'TimedOut'; Category = 'OperationTimeout'; Type = 'System.TimeoutException'
            Operation = { Read-FileDescriptor $right -Count 2 -TimeoutSeconds 1 }; Says = 'Not all bytes arrived within 1 second.'
        }
        @{
            What = 'a time limit for the end'; Id = 'TimedOut'; Category = 'OperationTimeout'; Type = 'System.TimeoutException'
            Operation = { Read-FileDescriptor $right -Raw -TimeoutSeconds 0.1 }; Says = 'The end was not reached within 0.1 seconds.'
        }
        @{
            What = 'a socket of another family'; Id = 'NotUnixSocket'; Category = 'InvalidArgument'; Type = 'NotUnixSocketException'
            Operation = { $udp = [Net.Sockets.UdpClient]::new(0); try { Send-FileDescriptor $udp /dev/null } finally { $udp.Dispose() } }
        }
    ) {
        $child = Start-FdProcess sleep 60 -PassThru
        try {
            $elsewhere = Get-FileDescriptor -ProcessId $child.Id | Select-Object -First 1
            $problem = try { Get-ErrorOf $Operation } catch { $_ }
            $problem | Should -HaveCount 1
            $problem.FullyQualifiedErrorId | Should -BeLike "$Id,PSFdPass.Commands.*"
            $problem.CategoryInfo.Category | Should -Be $Category
            $name = $Type -like '*.*' ? $Type : "PSFdPass.$Type"
            $problem.Exception.GetType().FullName | Should -BeExactly $name
            $problem.Exception.GetType().IsPublic | Should -BeTrue
            if ($Says) { "$problem" | Should -BeLike $Says }
            if ($Has) { $problem.Exception | ForEach-Object $Has }
        }
        finally {
            $child.Kill()
            $child.Dispose()
        }
    }

    It 'is of a type that the help names, and every type in the help exists' {
        $help = (Get-Content "$Repository/docs/en-US/about_PSFdPass.md" -Raw) -replace '\s+', ' '
        $named = [regex]::Matches($help, 'PSFdPass\.\w+Exception').Value | Sort-Object -Unique
        $named | ForEach-Object { ($_ -as [type]) ?? $_ } | Should -BeOfType type
        $public = [PSFdPass.DescriptorInUseException].Assembly.GetExportedTypes() + [PSFdPass.SystemCallException].Assembly.GetExportedTypes() |
            Where-Object { $_.IsSubclassOf([Exception]) }
        $public.Namespace | Sort-Object -Unique | Should -BeExactly PSFdPass

        # A stopped pipeline reports no error, so scripts can't catch this exception.
        $public.FullName | Where-Object { $_ -notlike '*CanceledException' -and $_ -notin $named } | Should -BeNullOrEmpty
    }
}
