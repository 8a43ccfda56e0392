Describe 'Get-UnixSocketPeer' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = [IO.Directory]::CreateTempSubdirectory('psfdpass-').FullName
        chmod 755 $folder
        $listener = New-UnixSocketListener "$folder/a.sock" -Mode 0666
        $connect = '$s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die "$!\n"; <STDIN>'
    }

    AfterEach {
        ${socket}?.Dispose()
        Clear-Program
    }

    AfterAll {
        $listener.Dispose()
        [IO.Directory]::Delete($folder, $true)
    }

    It 'reports the process, the user and the group of a client' {
        $client = Invoke-Program perl '-MIO::Socket::UNIX', '-e', $connect, "$folder/a.sock"
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        $peer = Get-UnixSocketPeer $socket
        $peer | Should -BeOfType ([PSFdPass.UnixSocketPeer])
        $peer.ProcessId | Should -Be $client.Id
        $peer.Command | Should -BeExactly perl
        $peer.UserId | Should -Be (id -u)
        $peer.UserName | Should -BeExactly (id -un)
        $peer.GroupId | Should -Be (id -g)
        $peer.GroupName | Should -BeExactly (id -gn)
        $peer.ProcessDescriptor | Should -BeNullOrEmpty
        "$peer" | Should -BeExactly "pid $($client.Id) uid $(id -u) gid $(id -g)"
    }

    It 'reports another user by name' -Skip:((id -u) -ne 0) {
        $client = Invoke-Program setpriv '--reuid=65534', '--regid=65534', '--clear-groups', 'perl', '-MIO::Socket::UNIX', '-e', $connect, "$folder/a.sock"
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        $peer = Get-UnixSocketPeer $socket
        $peer.UserId, $peer.GroupId | Should -Be 65534, 65534
        $peer.UserName, $peer.GroupName | Should -BeExactly nobody, nogroup
    }

    It 'returns the number of a user without a name' -Skip:((id -u) -ne 0) {
        $client = Invoke-Program setpriv '--reuid=54321', '--regid=54322', '--clear-groups', 'perl', '-MIO::Socket::UNIX', '-e', $connect, "$folder/a.sock"
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        $peer = Get-UnixSocketPeer $socket
        $peer.UserName, $peer.GroupName | Should -BeExactly '54321', '54322'
    }

    It 'accepts sockets from the pipeline, and continues after an error' {
        $pair = New-UnixSocketPair
        $tcp = Get-TcpConnection
        $problem = $null
        $peers = $pair[0], $tcp.Client, $pair[1] | Get-UnixSocketPeer -ErrorVariable problem -ErrorAction SilentlyContinue
        $peers.ProcessId | Should -Be $PID, $PID
        $problem.FullyQualifiedErrorId | Should -BeExactly 'NotUnixSocket,PSFdPass.Commands.GetUnixSocketPeerCommand'
        $problem.TargetObject | Should -Be $tcp.Client
        $pair + $tcp.Client + $tcp.Server | ForEach-Object Dispose
    }

    It 'accepts <Name>' -ForEach @(
        @{ Name = 'a SafeHandle'; Of = { $pair[0].SafeHandle } }
        @{ Name = 'a number'; Of = { [int]$pair[0].Handle } }
        @{ Name = 'a number as text'; Of = { "$($pair[0].Handle)" } }
        @{ Name = 'a NetworkStream'; Of = { [Net.Sockets.NetworkStream]::new($pair[0]) } }
        @{ Name = 'a FileDescriptor'; Of = { [PSFdPass.FileDescriptor]::new([int]$pair[0].Handle, $false) } }
    ) {
        $pair = New-UnixSocketPair
        (Get-UnixSocketPeer (. $Of)).ProcessId | Should -Be $PID
        $pair | ForEach-Object Dispose
    }

    It 'reports the server to the client' {
        $server = Invoke-Pwsh "`$l = New-UnixSocketListener '$folder/server.sock'; [Console]::ReadLine()"
        $socket = Connect-UnixSocket "$folder/server.sock" -Wait -TimeoutSeconds 30
        $peer = Get-UnixSocketPeer $socket
        $peer.ProcessId, $peer.Command | Should -Be $server.Id, pwsh
    }

    It 'has no name for a process that has ended, but still has its IDs' {
        $client = Invoke-Program perl '-MIO::Socket::UNIX', '-e', $connect, "$folder/a.sock"
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        Wait-Program $client | Should -Be 0
        $peer = Get-UnixSocketPeer $socket
        $peer.ProcessId, $peer.Command | Should -Be $client.Id, ''
    }

    Context '-WithProcessDescriptor' -Skip:([version]((uname -r) -replace '^(\d+\.\d+).*', '$1') -lt [version]'6.5') {
        It 'opens a descriptor of that very process' {
            $client = Invoke-Program perl '-MIO::Socket::UNIX', '-e', $connect, "$folder/a.sock"
            $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
            $peer = Get-UnixSocketPeer $socket -WithProcessDescriptor
            $peer.ProcessDescriptor.Kind | Should -Be ProcessDescriptor
            Get-Content "/proc/self/fdinfo/$($peer.ProcessDescriptor.Fd)" | Should -Contain "Pid:`t$($client.Id)"
            Wait-Program $client | Should -Be 0
            Get-Content "/proc/self/fdinfo/$($peer.ProcessDescriptor.Fd)" | Should -Contain "Pid:`t-1" -Because 'a later process can not be mistaken for it'
            $peer.Dispose()
            $peer.ProcessDescriptor.IsOpen | Should -BeFalse
        }

        It 'leaves nothing open after the peer is disposed or dropped, and opens nothing without the switch' {
            $pair = New-UnixSocketPair
            Assert-NothingLeaks {
                (Get-UnixSocketPeer $pair[0] -WithProcessDescriptor).Dispose()
                Get-UnixSocketPeer $pair[0] -WithProcessDescriptor
                Get-UnixSocketPeer $pair[0] | Format-List * | Out-String
            }
            $pair | ForEach-Object Dispose
        }

        It 'opens a descriptor of a process that has ended, or warns if the kernel does not support that' {
            $client = Invoke-Program perl '-MIO::Socket::UNIX', '-e', $connect, "$folder/a.sock"
            $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
            Wait-Program $client | Should -Be 0
            $peer = Get-UnixSocketPeer $socket -WithProcessDescriptor -WarningVariable warnings -WarningAction SilentlyContinue
            if ($peer.ProcessDescriptor) {
                Get-Content "/proc/self/fdinfo/$($peer.ProcessDescriptor.Fd)" | Should -Contain "Pid:`t-1"
                $warnings | Should -BeNullOrEmpty
                $peer.Dispose()
            }
            else {
                "$warnings" | Should -BeLike "There is no process descriptor of pid $($client.Id), user*"
            }
        }
    }

    It 'reports a specific error for <What>: <Id>' -ForEach @(
        @{ What = 'a listener'; Of = { $listener }; Id = 'ENOTCONN'; Says = '*The socket is a listener. Only the connections that it accepts have a peer.' }
        @{ What = 'an unconnected socket'; Id = 'ENOTCONN'; Says = '*The socket does not have a peer.'
            Of = { [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified') } }
        @{ What = 'a named datagram socket'; Id = 'ENOTCONN'; Says = '*Request credentials with each message instead.'
            Of = { New-UnixSocketListener -AbstractName "psfdpass-$([guid]::NewGuid())" -SocketType Datagram } }
        @{ What = 'a closed socket'; Of = { $pair = New-UnixSocketPair; $pair.Dispose(); $pair[0] }; Id = 'Closed'; Says = '*closed*' }
        @{ What = 'a device'; Of = { [PSFdPass.FileDescriptor]::Open('/dev/null') }; Id = 'ENOTSOCK'; Says = '*is not a socket*' }
        @{ What = 'a number that is not open'; Of = { 999999 }; Id = 'EBADF'; Says = '*is not open*' }
    ) {
        $problem = Get-ErrorOf { Get-UnixSocketPeer (. $Of) }
        $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.GetUnixSocketPeerCommand"
        "$problem" | Should -BeLike $Says
    }

    It 'shows a table at the prompt' {
        $pair = New-UnixSocketPair
        $lines = ($pair[0] | Get-UnixSocketPeer | Out-String -Width 200).Trim() -split '\s*\n' -replace '\e\[[\d;]*m'
        $lines[0] | Should -BeExactly 'ProcessId Command UserId UserName GroupId GroupName'
        $lines[2] | Should -Match "^\s*$PID pwsh\s+$(id -u) $(id -un)\s+$(id -g) $(id -gn)$"
        $pair | ForEach-Object Dispose
    }

    It 'identifies exactly one process for commands that accept process IDs' {
        $left, $right = New-UnixSocketPair
        $peer = Get-UnixSocketPeer $left
        $peer.Id, $peer.ProcessId | Should -Be $PID, $PID
        $peer.PSObject.Properties.Name | Should -Not -Contain Name
        $peer.PSObject.Properties.Name | Should -Not -Contain ProcessName
        ($peer | Get-Process).Id | Should -Be $PID
        $info = Get-FileDescriptor $left
        $info.Id | Should -Be $PID
        $info.PSObject.Properties.Name | Should -Not -Contain Name
        $info.PSObject.Properties.Name | Should -Not -Contain ProcessName
        ($info | Get-Process).Id | Should -Be $PID
        $said = pwsh -NoProfile -NonInteractive -Command "Import-Module '$((Get-Module PSFdPass).Path)'
            `$l, `$r = New-UnixSocketPair; Get-UnixSocketPeer `$l | Stop-Process -WhatIf; `$PID"
        @($said -like 'What if*') | Should -HaveCount 1
        "$($said[0])" | Should -BeLike "*($($said[-1]))*"
        $left, $right | ForEach-Object Dispose
    }
}
