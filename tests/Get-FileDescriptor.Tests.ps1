Describe 'Get-FileDescriptor' {
    BeforeDiscovery {
        $isRoot = (id -u) -eq 0
        $kinds = @(
            @{ Name = 'file'; Kind = 'File'; Access = 'ReadWrite'; Path = 'file.txt'; Flags = 'CloseOnExec'; Position = 4; Size = 10 }
            @{ Name = 'append'; Kind = 'File'; Access = 'Write'; Path = 'file.txt'; Flags = 'Append'; Position = 0; Size = 10 }
            @{ Name = 'deleted'; Kind = 'File'; Access = 'Read'; Path = 'gone.txt'; Flags = 'CloseOnExec'; Position = 0; Size = 0 }
            @{ Name = 'directory'; Kind = 'Directory'; Access = 'Read'; Path = ''; Flags = 'CloseOnExec'; Position = 0 }
            @{ Name = 'symlink'; Kind = 'SymbolicLink'; Access = 'None'; Path = 'link'; Flags = 'CloseOnExec, PathOnly'; Size = 8 }
            @{ Name = 'fifo'; Kind = 'Pipe'; Access = 'ReadWrite'; Path = 'fifo'; Flags = 'CloseOnExec' }
            @{ Name = 'pipe-read'; Kind = 'Pipe'; Access = 'Read'; Flags = 'CloseOnExec, NonBlocking' }
            @{ Name = 'pipe-write'; Kind = 'Pipe'; Access = 'Write'; Flags = 'CloseOnExec, NonBlocking' }
            @{ Name = 'null'; Kind = 'CharacterDevice'; Access = 'Write'; Flags = 'CloseOnExec' }
            @{ Name = 'block'; Kind = 'BlockDevice'; Access = 'Read'; Flags = 'CloseOnExec, NonBlocking'; Position = 0 }
            @{ Name = 'netlink'; Kind = 'Socket'; Access = 'ReadWrite'; Flags = 'CloseOnExec' }
            @{ Name = 'eventfd'; Kind = 'Event'; Access = 'ReadWrite'; Flags = 'CloseOnExec' }
            @{ Name = 'timerfd'; Kind = 'Timer'; Access = 'ReadWrite'; Flags = 'CloseOnExec' }
            @{ Name = 'signalfd'; Kind = 'Signal'; Access = 'ReadWrite'; Flags = 'CloseOnExec' }
            @{ Name = 'epoll'; Kind = 'Epoll'; Access = 'ReadWrite'; Flags = 'CloseOnExec' }
            @{ Name = 'inotify'; Kind = 'Inotify'; Access = 'Read'; Flags = 'CloseOnExec' }
            @{ Name = 'pidfd'; Kind = 'ProcessDescriptor'; Access = 'ReadWrite'; Flags = 'CloseOnExec' }
            @{ Name = 'memfd'; Kind = 'MemoryFile'; Access = 'ReadWrite'; Flags = 'CloseOnExec'; Position = 3; Size = 3 }
            @{ Name = 'namespace'; Kind = 'Namespace'; Access = 'Read'; Flags = 'CloseOnExec' }
        )
        $sockets = @(
            foreach ($version in 4, 6) {
                $family = $version -eq 4 ? 'Inet' : 'Inet6'
                @{ Name = "tcp$version-listening"; Family = $family; Type = 'Stream'; State = 'Listening' }
                @{ Name = "tcp$version-connected"; Family = $family; Type = 'Stream'; State = 'Established' }
                @{ Name = "tcp$version-accepted"; Family = $family; Type = 'Stream'; State = 'Established' }
                @{ Name = "tcp$version-unbound"; Family = $family; Type = 'Stream'; State = 'Closed' }
                @{ Name = "tcp$version-udp"; Family = $family; Type = 'Dgram'; State = 'Unconnected' }
                @{ Name = "tcp$version-udp-connected"; Family = $family; Type = 'Dgram'; State = 'Connected' }
            }
            @{ Name = 'unix-listening'; Family = 'Unix'; Type = 'Stream'; State = 'Listening'; Local = '{0}/stream.sock' }
            @{ Name = 'unix-relative'; Family = 'Unix'; Type = 'Stream'; State = 'Listening'; Local = 'accepting.sock' }
            @{ Name = 'unix-connected'; Family = 'Unix'; Type = 'Stream'; State = 'Connected'; Remote = 'accepting.sock' }
            @{ Name = 'unix-accepted'; Family = 'Unix'; Type = 'Stream'; State = 'Connected'; Local = 'accepting.sock' }
            @{ Name = 'unix-seqpacket-listening'; Family = 'Unix'; Type = 'Seqpacket'; State = 'Listening'; Local = '{0}/packets.sock' }
            @{ Name = 'unix-seqpacket'; Family = 'Unix'; Type = 'Seqpacket'; State = 'Connected'; Remote = '{0}/packets.sock' }
            @{ Name = 'unix-datagram'; Family = 'Unix'; Type = 'Dgram'; State = 'Unconnected'; Local = '{0}/datagram.sock' }
            @{ Name = 'unix-datagram-connected'; Family = 'Unix'; Type = 'Dgram'; State = 'Connected'; Remote = '{0}/datagram.sock' }
            @{ Name = 'unix-abstract'; Family = 'Unix'; Type = 'Stream'; State = 'Listening'; Local = '@one_of_each-{1}' }
            @{ Name = 'pair-left'; Family = 'Unix'; Type = 'Stream'; State = 'Connected' }
            @{ Name = 'netlink'; Family = 'Netlink' }
        )
    }

    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        . $PSScriptRoot/Support/OneOfEach.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $other = Start-OneOfEach $folder
        $infos = @{}
        Get-FileDescriptor -ProcessId $other.Id | ForEach-Object { $infos[$_.Fd] = $_ }
        $path = "$folder/letters"
        Set-Content $path 'content of the file' -NoNewline

        function Get-Other([string] $Name) {
            if (-not $other.Fd.ContainsKey($Name)) {
                Set-ItResult -Skipped -Because "this machine has no $Name"
            }

            $infos[$other.Fd[$Name]]
        }
    }

    AfterAll {
        $other.Stop()
    }

    Context 'of another process' {
        It 'reports the kind of <Name>' -ForEach $kinds {
            Skip-Without gcc
            $info = Get-Other $Name
            $info.ProcessId | Should -Be $other.Id
            $info.Kind | Should -Be $Kind
            $info.Access | Should -Be $Access
            "$($info.Flags)" | Should -BeExactly $Flags
            $info.Position | Should -Be $_.Position
            if ($_.ContainsKey('Size')) {
                $info.Size | Should -Be $Size
            }

            if ($_.ContainsKey('Path')) {
                $info.Path | Should -BeExactly ($Path ? "$($other.Folder)/$Path" : $other.Folder)
            }
        }

        It 'reports the family, type, state and names of <Name>' -ForEach $sockets {
            Skip-Without gcc
            $info = Get-Other $Name
            $info.Kind | Should -Be Socket
            $info.Family | Should -Be $Family
            $info.SocketType | Should -Be $Type
            $info.State | Should -Be $State
            if ($Family -eq 'Unix') {
                "$($info.LocalEndPoint)" | Should -BeExactly ($_.Local -f $other.Folder, $other.Id)
                "$($info.RemoteEndPoint)" | Should -BeExactly ($_.Remote -f $other.Folder, $other.Id)
            }
        }

        It 'reports both ends of a connection' {
            Skip-Without gcc
            $client, $server = (Get-Other tcp4-connected), (Get-Other tcp4-accepted)
            $client.RemoteEndPoint | Should -Be $server.LocalEndPoint
            $server.RemoteEndPoint | Should -Be $client.LocalEndPoint
            $client.RemoteEndPoint.Address | Should -Be ([ipaddress]::Loopback)
            $client.RemoteEndPoint.Port | Should -Be (Get-Other tcp4-listening).LocalEndPoint.Port
            $server.Target | Should -BeExactly "tcp $($server.LocalEndPoint) → $($client.LocalEndPoint)"
        }

        It 'reports the peer process of <_>' -ForEach 'unix-connected', 'unix-accepted', 'unix-seqpacket', 'pair-left' {
            Skip-Without gcc
            $info = Get-Other $_
            $info.PeerProcessId | Should -Be $other.Id
            $info.PeerCommand | Should -BeExactly 'one_of_each'
        }

        It 'reports no process when there is no peer: <_>' -ForEach 'unix-listening', 'unix-datagram', 'tcp4-connected', 'netlink' {
            Skip-Without gcc
            (Get-Other $_).PeerProcessId | Should -BeNullOrEmpty
        }

        It 'reports the seals of a memory file' {
            Skip-Without gcc
            (Get-Other memfd).Seals | Should -Be 'Shrink, Grow'
            (Get-Other memfd).Path | Should -BeNullOrEmpty
            (Get-Other file).Seals | Should -BeNullOrEmpty
        }

        It 'reports that a file is deleted, and its former path' {
            Skip-Without gcc
            (Get-Other deleted).IsDeleted | Should -BeTrue
            (Get-Other deleted).Target | Should -BeExactly "$($other.Folder)/gone.txt (deleted)"
            (Get-Other file).IsDeleted | Should -BeFalse
        }

        It 'reports the same inode for two descriptors of one file' {
            Skip-Without gcc
            (Get-Other file).Inode | Should -Be (Get-Other append).Inode
            (Get-Other pipe-read).Inode | Should -Be (Get-Other pipe-write).Inode
            (Get-Other pair-left).Inode | Should -Not -Be (Get-Other pair-right).Inode
        }
    }

    Context 'and lsof' {
        BeforeAll {
            $lsof = (Get-Command lsof -ErrorAction Ignore) ? (Get-LsofField $other.Id) : $null
            $none = 'lsof is not installed'
        }

        It 'agree on which descriptors are open' {
            Skip-Without gcc
            if (-not $lsof) { Set-ItResult -Skipped -Because $none }
            $infos.Keys | Sort-Object | Should -Be ($lsof.Keys | Sort-Object)
            $lsof.Count | Should -BeGreaterThan 40
        }

        It 'agree on kinds' {
            Skip-Without gcc
            if (-not $lsof) { Set-ItResult -Skipped -Because $none }
            $types = @{
                REG = 'File'; DIR = 'Directory'; LINK = 'SymbolicLink'; FIFO = 'Pipe'; CHR = 'CharacterDevice'; BLK = 'BlockDevice'
                IPv4 = 'Socket'; IPv6 = 'Socket'; unix = 'Socket'; sock = 'Socket'
            }
            foreach ($info in $infos.Values) {
                $entry = $lsof[$info.Fd]
                $expected = switch -Regex -CaseSensitive ($entry.n) {
                    '^\[eventfd' { 'Event' }
                    '^\[timerfd' { 'Timer' }
                    '^\[signalfd' { 'Signal' }
                    '^\[eventpoll' { 'Epoll' }
                    '^inotify' { 'Inotify' }
                    '^\[pidfd' { 'ProcessDescriptor' }
                    '^/memfd:' { 'MemoryFile' }
                    '^net$' { 'Namespace' }
                    default { $types[$entry.t] }
                }
                $info.Kind | Should -Be $expected -Because "lsof has $($info.Fd) as $($entry.t) $($entry.n)"
            }
        }

        It 'agree on access and inodes' {
            Skip-Without gcc
            if (-not $lsof) { Set-ItResult -Skipped -Because $none }
            $access = @{ r = 'Read'; w = 'Write'; u = 'ReadWrite' }
            foreach ($info in $infos.Values) {
                $entry = $lsof[$info.Fd]
                # lsof has no separate access mode for O_PATH.
                $expected = $info.Flags.HasFlag([PSFdPass.DescriptorFlags]::PathOnly) ? 'None' : $access[$entry.a]
                $info.Access | Should -Be $expected -Because "lsof has $($info.Fd) as $($entry.a)"
                # lsof shows the inode of an internet socket as its device.
                $inode = $entry.t -in 'IPv4', 'IPv6' ? $entry.d : $entry.i
                $info.Inode | Should -Be $inode -Because "lsof has $($info.Fd) as $inode"
            }
        }

        It 'agree on paths and positions' {
            Skip-Without gcc
            if (-not $lsof) { Set-ItResult -Skipped -Because $none }
            $stored = $infos.Values.Where{ $_.Kind -in 'File', 'Directory', 'BlockDevice', 'SymbolicLink', 'MemoryFile' }
            $stored.Count | Should -BeGreaterThan 5
            foreach ($info in $stored) {
                $entry = $lsof[$info.Fd]
                $info.Target | Should -BeExactly $entry.n
                if ($null -ne $info.Position -and $entry.o -match '^0t(\d+)$') {
                    $info.Position | Should -Be $Matches[1]
                }
            }
        }

        It 'agree on protocols, states and endpoints of sockets' {
            Skip-Without gcc
            if (-not $lsof) { Set-ItResult -Skipped -Because $none }
            $states = @{
                LISTEN = 'Listening'; ESTABLISHED = 'Established'; CONNECTED = 'Connected'
            }
            $seen = 0
            foreach ($info in $infos.Values.Where{ $_.Kind -eq 'Socket' }) {
                $entry = $lsof[$info.Fd]
                $because = "lsof has $($info.Fd) as $($entry.t) $($entry.P) $($entry.n) $($entry.TST)"
                switch ($entry.t) {
                    { $_ -in 'IPv4', 'IPv6' } {
                        "$($info.Family)" | Should -BeExactly ($_ -eq 'IPv4' ? 'Inet' : 'Inet6') -Because $because
                        "$($info.SocketType)" | Should -BeExactly ($entry.P -eq 'TCP' ? 'Stream' : 'Dgram') -Because $because
                        "$($info.LocalEndPoint)$($info.RemoteEndPoint ? '->' : '')$($info.RemoteEndPoint)" |
                            Should -BeExactly $entry.n -Because $because
                        if ($entry.TST) {
                            "$($info.State)" | Should -BeExactly $states[$entry.TST] -Because $because
                        }
                    }
                    'unix' {
                        $name, $type = $entry.n -split ' ?type='
                        "$($info.Family)" | Should -BeExactly 'Unix' -Because $because
                        $info.SocketType | Should -Be ($type -replace 'DGRAM', 'Dgram') -Because $because
                        "$($info.LocalEndPoint)" | Should -BeExactly $name -Because $because
                        # Linux reports a datagram socket as connected when another socket has connected to it, and lsof shows that.
                        if ($type -ne 'DGRAM') {
                            "$($info.State)" | Should -BeExactly $states[$entry.TST] -Because $because
                        }
                    }
                    'sock' {
                        $protocol = $entry.n -replace '^protocol: '
                        $info.Family | Should -Be @{ TCP = 'Inet'; TCPv6 = 'Inet6'; NETLINK = 'Netlink' }[$protocol] -Because $because
                    }
                    default { throw $because }
                }

                $seen++
            }

            $seen | Should -BeGreaterThan 15
        }
    }

    Context 'of this process' {
        BeforeAll {
            $file = Open-FileDescriptor $path
            $left, $right = New-UnixSocketPair
            $memory = New-MemoryFile notes 'abc' -Seal Write
        }

        AfterAll {
            $file, $left, $right, $memory | ForEach-Object Dispose
        }

        It 'lists the open descriptors, in order' {
            $all = Get-FileDescriptor
            $all.Fd | Should -Be ($all.Fd | Sort-Object -Unique)
            $all.Fd | Should -Contain $file.Fd
            $all.Fd | Should -Contain 0
            $all.ProcessId | Sort-Object -Unique | Should -Be $PID
        }

        It 'reports the same facts as FileDescriptor' {
            foreach ($info in Get-FileDescriptor) {
                $same = [PSFdPass.FileDescriptor]::new($info.Fd, $false)
                foreach ($fact in 'Kind', 'Access', 'Target', 'Flags') {
                    $info.$fact | Should -Be $same.$fact -Because "$fact of $info"
                }
            }
        }

        It 'accepts <Name>' -ForEach @(
            @{ Name = 'a number'; Make = { $file.Fd } }
            @{ Name = 'a number as text'; Make = { "$($file.Fd)" } }
            @{ Name = 'a FileDescriptor'; Make = { $file } }
            @{ Name = 'a handle'; Make = { $file.SafeHandle } }
            @{ Name = 'a description'; Make = { Get-FileDescriptor $file.Fd } }
        ) {
            (Get-FileDescriptor (& $Make)).Path | Should -BeExactly $path
            (Get-FileDescriptor -Fd (& $Make)).Path | Should -BeExactly $path
            ((& $Make) | Get-FileDescriptor).Path | Should -BeExactly $path
        }

        It 'accepts several' {
            (Get-FileDescriptor $file, $left, 0).Fd | Should -Be $file.Fd, $left.Handle, 0
            (0, $left | Get-FileDescriptor).Fd | Should -Be 0, $left.Handle
        }

        It 'keeps an input object alive until it has inspected its descriptor' {
            $found = 1 |
                ForEach-Object { [GC]::Collect(); [GC]::WaitForPendingFinalizers(); [pscustomobject]@{ ProcessId = $PID } } |
                Get-FileDescriptor -Fd (Open-FileDescriptor $path)
            $found.Path | Should -BeExactly $path
        }

        It 'reports the peer of a socket pair' {
            $info = Get-FileDescriptor $left
            $info.Family | Should -Be Unix
            $info.State | Should -Be Connected
            $info.PeerProcessId | Should -Be $PID
            $info.PeerCommand | Should -BeExactly (Get-Content /proc/self/comm)
        }

        It 'reports the process that holds the other end now, not the one that created the connection' {
            Skip-Without gcc
            $copy = Copy-FileDescriptor $other.Fd['pair-left'] -ProcessId $other.Id
            (Get-FileDescriptor $copy).PeerProcessId | Should -Be $other.Id
            $copy.Dispose()
        }

        It 'reports seals, position and size' {
            $info = Get-FileDescriptor $memory
            $info.Seals | Should -Be Write
            $info.Position | Should -Be 0
            $info.Size | Should -Be 3
        }

        It 'is a snapshot' {
            $copy = Copy-FileDescriptor $file
            $info = Get-FileDescriptor $copy
            $copy.Dispose()
            $info.Path | Should -BeExactly $path
        }

        It 'leaves nothing open' {
            Skip-Without gcc
            function Get-Settled {
                # Closes objects that earlier tests have dropped, and makes the runtime open the descriptors that it keeps.
                $null = Get-FileDescriptor
                $null = Get-FileDescriptor -ProcessId $other.Id
                [GC]::Collect()
                [GC]::WaitForPendingFinalizers()
                (Get-FileDescriptor).Fd
            }

            $null = Get-Settled
            $before = Get-Settled
            Get-Settled | Should -Be $before
        }
    }

    Context 'selection' {
        It 'by kind' {
            Skip-Without gcc
            $found = Get-FileDescriptor -ProcessId $other.Id -Kind Epoll, Inotify
            $found.Fd | Should -Be ($other.Fd['epoll'], $other.Fd['inotify'])
            Get-FileDescriptor $other.Fd['file'] -ProcessId $other.Id -Kind Socket | Should -BeNullOrEmpty
        }

        It 'by path, with wildcards' {
            Skip-Without gcc
            (Get-FileDescriptor -ProcessId $other.Id -Path *.txt).Fd | Should -Be ($other.Fd['file', 'append', 'deleted'])
            (Get-FileDescriptor -ProcessId $other.Id -Path "$($other.Folder)/f*").Fd | Should -Be ($other.Fd['file', 'append', 'fifo'])
            Get-FileDescriptor -ProcessId $other.Id -Path *.none -ErrorAction Ignore | Should -BeNullOrEmpty
        }

        It 'by the path or the abstract name of a socket' {
            Skip-Without gcc
            (Get-FileDescriptor -ProcessId $other.Id -Path */stream.sock).Fd | Should -Be $other.Fd['unix-listening']
            (Get-FileDescriptor -ProcessId $other.Id -Path '@one_of_each*').Fd | Should -Be $other.Fd['unix-abstract']
        }

        It 'by a path relative to the location of the shell' {
            Skip-Without gcc
            Push-Location $other.Folder
            try {
                (Get-FileDescriptor -ProcessId $other.Id -Path file.txt).Fd | Should -Be ($other.Fd['file', 'append'])
                (Get-FileDescriptor -ProcessId $other.Id -Path ./fi?o).Fd | Should -Be $other.Fd['fifo']
            }
            finally {
                Pop-Location
            }
        }

        It 'by a path through a link' {
            Skip-Without gcc
            (Get-FileDescriptor -ProcessId $other.Id -Path "$($other.Folder)/link").Fd |
                Should -Be ($other.Fd['file', 'append', 'symlink'])
        }

        It 'refuses a path that is not in the file system' {
            { Get-FileDescriptor -Path Env:PATH } | Should -Throw -ErrorId 'InvalidArgument,*'
        }
    }

    Context 'processes' {
        It 'accepts them from Get-Process' {
            Skip-Without gcc
            $found = Get-Process -Id $other.Id | Get-FileDescriptor -Kind Epoll
            $found.Fd | Should -Be $other.Fd['epoll']
            $found.ProcessId | Should -Be $other.Id
        }

        It 'accepts a description of another process from the pipeline' {
            Skip-Without gcc
            $again = $infos[$other.Fd['file']] | Get-FileDescriptor
            $again.Path | Should -BeExactly "$($other.Folder)/file.txt"
            $again.ProcessId | Should -Be $other.Id
        }

        It 'does not confuse a number of another process with one of this process' {
            Skip-Without gcc
            { Get-FileDescriptor -Fd $infos[$other.Fd['file']] } | Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*'
        }
    }

    Context 'errors' {
        It 'continues after a number that is not open' {
            $found = Get-FileDescriptor 999999, 0 -ErrorVariable problem -ErrorAction SilentlyContinue
            $found.Fd | Should -Be 0
            $problem.FullyQualifiedErrorId | Should -BeExactly 'EBADF,PSFdPass.Commands.GetFileDescriptorCommand'
            $problem.TargetObject | Should -Be 999999
        }

        It 'refuses a negative number' {
            $problem = Get-ErrorOf { Get-FileDescriptor -1 }
            $problem.FullyQualifiedErrorId | Should -BeExactly 'OutOfRange,PSFdPass.Commands.GetFileDescriptorCommand'
            "$problem" | Should -BeLike '-1 is not a valid descriptor.*'
        }

        It 'reports that a number is not open in another process' {
            Skip-Without gcc
            Get-FileDescriptor 999999 -ProcessId $other.Id -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'EBADF,*'
            "$problem" | Should -BeLike "*descriptor 999999 of process $($other.Id)*"
        }

        It 'continues after a process that does not exist' {
            Skip-Without gcc
            $gone = Start-Process true -PassThru -Wait
            $found = [pscustomobject]@{ ProcessId = $gone.Id }, [pscustomobject]@{ ProcessId = $other.Id } |
                Get-FileDescriptor -Kind Epoll -ErrorVariable problem -ErrorAction SilentlyContinue
            $found.ProcessId | Should -Be $other.Id
            $problem.FullyQualifiedErrorId | Should -BeExactly 'ESRCH,PSFdPass.Commands.GetFileDescriptorCommand'
        }

        It 'reports that the process of a number does not exist' {
            $gone = Start-Process true -PassThru -Wait
            Get-FileDescriptor 0 -ProcessId $gone.Id -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'ESRCH,*'
        }

        It 'explains what inspecting a process of another user requires' -Skip:(-not $isRoot) {
            Skip-Without gcc, setpriv
            $said = (Invoke-AsNobody "Get-FileDescriptor -ProcessId $($other.Id)") -join "`n"
            $said | Should -BeLike '*EACCES,PSFdPass.Commands.GetFileDescriptorCommand*'
            $said | Should -BeLike '*CAP_SYS_PTRACE*'
        }

        It 'refuses a closed object' {
            $closed = Open-FileDescriptor $path
            $closed.Dispose()
            { Get-FileDescriptor $closed } | Should -Throw '*is closed*'
        }
    }

    Context 'at the prompt' {
        BeforeAll {
            function Complete([string] $Line) {
                (TabExpansion2 $Line $Line.Length).CompletionMatches
            }
        }

        It 'completes the number of a descriptor with its target as tooltip' {
            $file = Open-FileDescriptor $path
            $found = Complete "Get-FileDescriptor $($file.Fd)"
            $found.Where{ $_.CompletionText -eq $file.Fd }.ToolTip | Should -BeExactly "File $path"
            $file.Dispose()
        }

        It 'offers the user''s descriptors before those of the runtime' {
            $file = Open-FileDescriptor $path
            $found = Complete 'Get-FileDescriptor '
            $found.CompletionText | Should -Contain $file.Fd
            $found.CompletionText | Should -Contain 0
            $found.CompletionText.IndexOf("$($file.Fd)") | Should -BeLessThan $found.CompletionText.IndexOf('0')
            $file.Dispose()
        }

        It 'completes the numbers of the process in -ProcessId' {
            Skip-Without gcc
            $found = Complete "Get-FileDescriptor -ProcessId $($other.Id) -Fd "
            $found.CompletionText | Should -Be ($infos.Keys | Sort-Object)
            $found.Where{ $_.CompletionText -eq $other.Fd['epoll'] }.ToolTip | Should -BeExactly 'Epoll anon_inode:[eventpoll]'
        }

        It 'completes a part of the target to the number' {
            Skip-Without gcc
            (Complete "Get-FileDescriptor -ProcessId $($other.Id) -Fd stream.sock").CompletionText |
                Should -BeExactly "$($other.Fd['unix-listening'])"
        }

        It 'completes processes, with their names and sockets' {
            Skip-Without gcc
            $found = Complete 'Get-FileDescriptor -ProcessId one_of'
            $mine = $found.Where{ $_.CompletionText -eq $other.Id }
            $count = $infos.Values.Where{ $_.Kind -eq 'Socket' }.Count
            $mine.ToolTip | Should -BeExactly "one_of_each, $count sockets"
        }

        It 'completes processes that have sockets first' {
            Skip-Without gcc
            $idle = Start-Process sleep 60 -PassThru
            try {
                $ids = (Complete 'Get-FileDescriptor -ProcessId ').CompletionText
                $ids.IndexOf("$($other.Id)") | Should -BeLessThan $ids.IndexOf("$($idle.Id)")
            }
            finally {
                $idle.Kill()
            }
        }

        It 'completes nothing for a process that does not exist' {
            $gone = Start-Process true -PassThru -Wait
            Complete "Get-FileDescriptor -ProcessId $($gone.Id) -Fd 12" | Should -BeNullOrEmpty
        }

        It 'shows a table of number, kind, access and target' {
            $text = Get-FileDescriptor 0 | Out-String
            $text | Should -Match '(?m)^\s*(\e\[[\d;]+m)*\s*Fd.*Kind.*Access.*Target'
            $text | Should -Not -Match 'ProcessId'
        }

        It 'also shows the process of a descriptor of another process' {
            Skip-Without gcc
            Get-FileDescriptor $other.Fd['epoll'] -ProcessId $other.Id | Out-String | Should -Match 'ProcessId.*Fd.*Kind.*Access.*Target'
        }

        It 'lists only the facts that apply' {
            Skip-Without gcc
            $text = Get-FileDescriptor $other.Fd['file'] -ProcessId $other.Id | Format-List | Out-String
            $text | Should -Match 'Position'
            $text | Should -Not -Match 'Family|Seals|PeerProcess'
            $text = Get-FileDescriptor $other.Fd['pair-left'] -ProcessId $other.Id | Format-List | Out-String
            $text | Should -Match 'Family.*: .*Unix'
            $text | Should -Match 'PeerCommand.*: .*one_of_each'
            $text | Should -Not -Match 'Position|Seals'
        }
    }

    Context 'descriptors of the runtime' {
        It 'are hidden, shown with -Force, and always shown by number' {
            $all, $shown = (Get-FileDescriptor -Force), (Get-FileDescriptor)
            $hidden = $all | Where-Object Fd -NotIn $shown.Fd
            $hidden.Count | Should -BeGreaterThan 20
            $hidden.IsRuntimeOwned | Should -Not -Contain $false
            $shown.IsRuntimeOwned | Should -Not -Contain $true
            (Get-FileDescriptor $hidden[0].Fd).Fd | Should -Be $hidden[0].Fd
            $shown.Fd | Should -Contain 1
        }

        It 'do not include descriptors that the user opens, or that child processes inherit' {
            $file = Open-FileDescriptor $path
            $left, $right = New-UnixSocketPair
            $inherited = Copy-FileDescriptor 0 -Inheritable
            $shown = (Get-FileDescriptor).Fd
            $file.Fd, [int]$left.Handle, [int]$right.Handle, $inherited.Fd | Should -BeIn $shown
            $file, $left, $right, $inherited | ForEach-Object Dispose
        }
    }

    Context '-Listening' {
        It 'lists sockets that listen, with the processes that have them' {
            Skip-Without gcc
            $listener = New-UnixSocketListener "$folder/listening.sock"
            $tcp = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
            $tcp.Start()
            $found = Get-FileDescriptor -Listening
            $found.State | Sort-Object -Unique | Should -Be Listening
            $found.Where{ $_.ProcessId -eq $PID }.Fd | Should -Contain ([int]$listener.Handle)
            $found.Where{ $_.ProcessId -eq $PID }.Fd | Should -Contain ([int]$tcp.Server.Handle)
            $found.Where{ $_.ProcessId -eq $other.Id }.Fd | Should -Contain $other.Fd['unix-listening']
            $text = $found | Out-String -Width 200
            $text | Should -Match "$($other.Id) one_of_each +$($other.Fd['unix-listening']) Stream"
            (Get-FileDescriptor -Listening -ProcessId $PID).ProcessId | Sort-Object -Unique | Should -Be $PID
            (Get-FileDescriptor -Listening -Path "$folder/listening.sock").ProcessId | Should -Be $PID
            $listener.Dispose()
            $tcp.Stop()
        }
    }

    Context '-Path' {
        BeforeAll {
            $odd = (New-Item -ItemType Directory "$folder/br[1]" -ErrorAction Ignore).FullName ?? "$folder/br[1]"
            Set-Content -LiteralPath "$odd/x.txt" x
        }

        It 'uses brackets in the location literally: <_>' -ForEach 'x.txt', 'x.*', './x.txt' {
            $file = Open-FileDescriptor -LiteralPath "$odd/x.txt"
            Push-Location -LiteralPath $odd
            (Get-FileDescriptor -Path $_).Fd | Should -Be $file.Fd
            Pop-Location
            $file.Dispose()
        }

        It 'has -LiteralPath as an alternative' {
            $file = Open-FileDescriptor -LiteralPath "$odd/x.txt"
            (Get-FileDescriptor -LiteralPath "$odd/x.txt").Fd | Should -Be $file.Fd
            $file.Dispose()
        }

        It 'reports that nothing matches, and a pattern that is not valid' {
            (Get-ErrorOf { Get-FileDescriptor -Path "$folder/none*" }).FullyQualifiedErrorId | Should -BeLike 'NotFound,*'
            (Get-ErrorOf { Get-FileDescriptor -LiteralPath "$folder/none" }).FullyQualifiedErrorId | Should -BeLike 'NotFound,*'
            { Get-FileDescriptor -Path '[' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidPattern,*'
        }
    }
}
