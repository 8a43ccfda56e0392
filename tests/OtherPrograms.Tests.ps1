# Programs that somebody else wrote, and the samples for them.
Describe 'Programs of others' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $env:PATH += ':/usr/sbin:/sbin'
    }

    AfterEach {
        Clear-Program
    }

    It 'HAProxy passes its listeners, and we serve on one when it has ended' {
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

    It 'OpenSSH takes the connection that pwsh makes' {
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

    It 'QEMU uses a disk image that it may not open itself' {
        Skip-Without qemu-system-x86_64, setpriv
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'QEMU runs as another user, which takes root' }
        chmod 755 $folder
        $open = New-Item -ItemType Directory "$folder/qemu"
        chmod 777 $open
        [IO.File]::WriteAllBytes("$folder/disk.img", [byte[]]::new(1MB))
        chmod 600 "$folder/disk.img"
        $null = Invoke-Program setpriv '--reuid=65534', '--regid=65534', '--clear-groups', 'qemu-system-x86_64', '-M', 'none', '-display', 'none',
            '-qmp', "unix:$open/qmp.sock,server=on,wait=off"
        Wait-Until { Test-Path "$open/qmp.sock" } 'QEMU listens'
        $disk = & "$Repository/samples/qemu/add-disk.ps1" "$open/qmp.sock" "$folder/disk.img" -NodeName data
        $disk.Node | Should -Be data
        $disk.Size | Should -Be 1MB
        $disk.File | Should -Match '^/dev/fdset/'
    }
}
