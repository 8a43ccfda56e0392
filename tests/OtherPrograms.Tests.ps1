# Other programs that pass or receive descriptors, and the samples for them.
Describe 'Other programs' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $env:PATH += ':/usr/sbin:/sbin'
    }

    AfterEach {
        Clear-Program
    }

    It 'HAProxy passes its listeners, and pwsh accepts on one after HAProxy has ended' {
        Skip-Without haproxy
        $probe = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $probe.Start()
        $port = $probe.LocalEndpoint.Port
        $probe.Dispose()
        Set-Content "$folder/haproxy.cfg" @"
global
    stats socket $folder/stats.sock mode 600 level admin expose-fd listeners
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind 127.0.0.1:$port
    default_backend none
backend none
"@
        $haproxy = Invoke-Program haproxy '-db', '-f', "$folder/haproxy.cfg"
        Wait-Until { Test-Path "$folder/stats.sock" } 'HAProxy listens'
        $all = & "$Repository/samples/haproxy/take-listeners.ps1" "$folder/stats.sock"
        $all.Count | Should -Be 2
        $listener = @($all | Where-Object Target -match ":$port\b")[0].OpenSocket()
        $all | ForEach-Object Dispose
        $haproxy.Process.Kill()
        $haproxy.Process.WaitForExit()
        $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
        $connection = Wait-UnixSocketConnection $listener -TimeoutSeconds 10
        Test-Line ([Net.Sockets.NetworkStream]::new($connection)) $client.GetStream() | Should -BeTrue
        $connection, $client, $listener | ForEach-Object Dispose
    }

    It 'OpenSSH accepts the connection that pwsh creates' {
        Skip-Without ssh, sshd, ssh-keygen
        $port = 0
        ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
        ssh-keygen -q -t ed25519 -N '' -f "$folder/user"
        Copy-Item "$folder/user.pub" "$folder/authorized"
        $proxy = "$Pwsh -NoProfile -Command `"Import-Module '$Repository/out/PSFdPass'; & '$Repository/samples/ssh-fdpass/connect.ps1' %h %p`""

        # sshd -i serves one connection on its standard input.
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $null = New-Item -ItemType Directory -Force /run/sshd -ErrorAction Ignore
        $ssh = Invoke-Program ssh '-F', 'none', '-p', $port, '-i', "$folder/user", '-o', 'BatchMode=yes',
            '-o', "UserKnownHostsFile=$folder/known", '-o', 'StrictHostKeyChecking=accept-new', '-o', 'ProxyUseFdpass=yes',
            '-o', "ProxyCommand=$proxy", '127.0.0.1', 'echo over the passed connection'
        $connection = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        Set-Content "$folder/sshd_config" "AuthorizedKeysFile $folder/authorized", 'StrictModes no', 'UsePAM no', 'PermitRootLogin yes'
        $sshd = Start-FdProcess @(Get-Command sshd -CommandType Application)[0].Source -ArgumentList '-i', '-f', "$folder/sshd_config", '-h',
            "$folder/host" -StandardInput $connection -StandardOutput $connection -PassThru
        Close-FileDescriptor $connection
        Wait-Program $ssh | Should -Be 0
        $ssh.Lines | Should -Contain 'over the passed connection'
        $sshd.WaitForExit()
        $listener.Dispose()
    }

    It 'nc -F passes the connection that it makes, and nothing if connecting fails' {
        Skip-Without nc
        if (-not (nc -h 2>&1 | Select-String -CaseSensitive '^\s+-F\s')) { Set-ItResult -Skipped -Because 'this nc has no -F' }

        # nc passes the connection on its standard output, and ends.
        function Invoke-Netcat([int] $Port) {
            $ours, $theirs = New-UnixSocketPair
            $program = @(Get-Command nc -CommandType Application)[0].Source
            $ours, (Start-FdProcess $program -ArgumentList '-F', '127.0.0.1', $Port -StandardOutput $theirs -PassThru)
            $theirs.Dispose()
        }

        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $ours, $nc = Invoke-Netcat $port
        $client = Receive-FileDescriptor $ours -As Socket -TimeoutSeconds 30
        $server = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        $nc.WaitForExit()
        $nc.ExitCode | Should -Be 0
        $client.RemoteEndPoint.Port | Should -Be $port
        $clientStream = [Net.Sockets.NetworkStream]::new($client)
        $serverStream = [Net.Sockets.NetworkStream]::new($server)
        Test-Line $clientStream $serverStream | Should -BeTrue
        Test-Line $serverStream $clientStream | Should -BeTrue
        $client, $server, $ours, $listener, $nc | ForEach-Object Dispose

        # Nobody listens on the port now.
        $ours, $nc = Invoke-Netcat $port
        { Receive-FileDescriptor $ours -TimeoutSeconds 30 -ErrorAction Stop } | Should -Throw '*closed the connection*'
        $nc.WaitForExit()
        $nc.ExitCode | Should -Be 1
        $ours, $nc | ForEach-Object Dispose
    }

    It 'QEMU uses a disk image that it may not open itself, and serves it on a port that pwsh opened' {
        Skip-Without qemu-system-x86_64, setpriv
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'QEMU runs as another user, which requires root' }
        chmod 755 $folder
        $open = New-Item -ItemType Directory "$folder/qemu"
        chmod 777 $open
        $bytes = [byte[]]::new(1MB)
        [Text.Encoding]::ASCII.GetBytes('first sector').CopyTo($bytes, 0)
        [IO.File]::WriteAllBytes("$folder/disk.img", $bytes)
        chmod 600 "$folder/disk.img"
        $null = Invoke-Program setpriv '--reuid=65534', '--regid=65534', '--clear-groups', 'qemu-system-x86_64', '-M', 'none', '-display', 'none',
            '-qmp', "unix:$open/qmp.sock,server=on,wait=off"
        Wait-Until { Test-Path "$open/qmp.sock" } 'QEMU listens'
        $disk = & "$Repository/samples/qemu/add-disk.ps1" "$open/qmp.sock" "$folder/disk.img" -NodeName data
        $disk.Node | Should -Be data
        $disk.Size | Should -Be 1MB
        $disk.File | Should -Match '^/dev/fdset/'

        # A client of the Network Block Device protocol: the greeting, the choice of the export with its size, and a read.
        function Read-Block([int] $Count) {
            $buffer = [byte[]]::new($Count)
            $stream.ReadExactly($buffer, 0, $Count)
            , $buffer
        }

        $port = & "$Repository/samples/qemu/export-disk.ps1" "$open/qmp.sock" data
        $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
        $stream = $client.GetStream()
        $stream.ReadTimeout = 30000
        [Text.Encoding]::ASCII.GetString((Read-Block 18), 0, 16) | Should -BeExactly 'NBDMAGICIHAVEOPT'
        $stream.Write([Convert]::FromHexString('00000003' + '49484156454F5054' + '00000001' + '00000004' + '64617461'))
        [Convert]::ToHexString((Read-Block 10)) | Should -Match '^0000000000100000'
        $stream.Write([Convert]::FromHexString('25609513' + '0000' + '0000' + '0000000000000007' + '0000000000000000' + '00000200'))
        [Convert]::ToHexString((Read-Block 16)) | Should -Be '67446698000000000000000000000007'
        [Text.Encoding]::ASCII.GetString((Read-Block 512)) | Should -Match '^first sector'
        $client.Dispose()
        { & "$Repository/samples/qemu/export-disk.ps1" "$open/qmp.sock" missing } | Should -Throw 'QEMU: *missing*'
    }

    It 'runc passes the terminal of a container, and pwsh talks to the shell in it' {
        Skip-Without runc, busybox
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'runc makes namespaces and cgroups here, which requires root' }
        if (-not (Select-String -Quiet ' - cgroup2? ' /proc/self/mountinfo)) { Set-ItResult -Skipped -Because 'no cgroups are mounted' }
        unshare --mount --pid --ipc --uts --fork true 2>$null
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'this process may not create namespaces' }
        $shown = & "$Repository/samples/runc/run.ps1" 'echo "process $$"', 'hostname', 'tty'
        $shown | Should -Contain 'process 1'
        $shown | Should -Contain 'container'
        $shown | Should -Contain '/dev/pts/0'

        # runc itself fails when the container's program does not exist.
        $script = Get-Content -Raw "$Repository/samples/runc/run.ps1"
        Set-Content "$folder/broken.ps1" $script.Replace("@('/bin/sh')", "@('/bin/missing')")
        { & "$folder/broken.ps1" 'true' -TimeoutSeconds 30 } | Should -Throw 'runc ended with exit code*'
        [IO.Path]::GetTempPath() | Get-ChildItem -Filter 'psfdpass-????????????' -Directory | Where-Object {
            Test-Path "$_/config.json" } | Should -BeNullOrEmpty
    }
}
