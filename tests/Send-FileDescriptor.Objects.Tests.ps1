Describe 'Send-FileDescriptor with objects that hold a descriptor' {
    BeforeDiscovery {
        $ofFiles = @(
            @{ Name = 'a path'; Make = { $path } }
            @{ Name = 'a FileInfo'; Make = { Get-Item $path } }
            @{ Name = 'a FileStream'; Make = { [IO.File]::OpenRead($path) } }
            @{ Name = 'a SafeFileHandle'; Make = { [IO.File]::OpenHandle($path) } }
            @{ Name = 'a FileDescriptor'; Make = { [PSFdPass.FileDescriptor]::Open($path) } }
            @{ Name = 'a MemoryMappedFile'; Make = {
                    [IO.MemoryMappedFiles.MemoryMappedFile]::CreateFromFile($path, 'Open', [NullString]::Value, 0, 'Read') } }
            @{ Name = 'a StreamReader'; Make = { [IO.StreamReader]::new($path) } }
            @{ Name = 'an object with a SafeFileHandle'; Make = {
                    class WithSafeFileHandle { [Microsoft.Win32.SafeHandles.SafeFileHandle] $SafeFileHandle }
                    $made = [WithSafeFileHandle]::new()
                    $made.SafeFileHandle = [IO.File]::OpenHandle($path)
                    $made } }
            @{ Name = 'an object with a SafeHandle'; Make = {
                    class WithSafeHandle { [Runtime.InteropServices.SafeHandle] $SafeHandle }
                    $made = [WithSafeHandle]::new()
                    $made.SafeHandle = [IO.File]::OpenHandle($path)
                    $made } }
            @{ Name = 'an object with a Handle'; Make = {
                    class WithHandle { [IntPtr] $Handle; [object] $Keep }
                    $made = [WithHandle]::new()
                    $made.Keep = [IO.File]::OpenHandle($path)
                    $made.Handle = $made.Keep.DangerousGetHandle()
                    $made } }
            @{ Name = 'a custom object with a SafeFileHandle'; Make = { [pscustomobject]@{ SafeFileHandle = [IO.File]::OpenHandle($path) } } }
            @{ Name = 'an object to which PowerShell added a SafeHandle'; Make = {
                    [Version]::new(1, 0) | Add-Member -PassThru NoteProperty SafeHandle ([IO.File]::OpenHandle($path)) } }
            @{ Name = 'an object with a SafeHandle from a script'; Make = {
                    $handle = [IO.File]::OpenHandle($path)
                    [pscustomobject]@{ Keep = $handle } | Add-Member -PassThru ScriptProperty SafeHandle { $this.Keep } } }
            @{ Name = 'an object in a PSObject'; Make = { [psobject]::AsPSObject([IO.File]::OpenRead($path)) } }
        )
        $ofNumbers = foreach ($type in 'int', 'long', 'short', 'byte', 'sbyte', 'uint', 'ulong', 'ushort', 'IntPtr') {
            @{ Type = $type }
        }
    }

    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $path = Join-Path (Get-PSDrive TestDrive).Root letters
        Set-Content $path 'content of the file' -NoNewline
        $left, $right = New-UnixSocketPair
    }

    AfterAll {
        $left, $right | ForEach-Object Dispose
    }

    Context 'of a file' {
        It 'accepts <Name>' -ForEach $ofFiles {
            $holder = & $Make
            Send-FileDescriptor $left $holder
            $received = Receive-FileDescriptor $right -TimeoutSeconds 5
            $received.Kind | Should -Be File
            $received.Target | Should -BeExactly $path
            Read-All $received | Should -BeExactly 'content of the file'
            if ($holder -is [IDisposable]) { $holder.Dispose() }
        }

        It 'accepts <Name> from the pipeline' -ForEach $ofFiles {
            $holder = & $Make
            $holder | Send-FileDescriptor $left
            Read-All (Receive-FileDescriptor $right -TimeoutSeconds 5) | Should -BeExactly 'content of the file'
            if ($holder -is [IDisposable]) { $holder.Dispose() }
        }

        It 'accepts a number that is <Type>' -ForEach $ofNumbers {
            # Small, because a byte and an sbyte can't represent larger numbers. 0 is the standard input, of any kind.
            Send-FileDescriptor $left (0 -as [type]$Type)
            $received = Receive-FileDescriptor $right -TimeoutSeconds 5
            [IO.FileInfo]::new("/proc/self/fd/$($received.Fd)").LinkTarget |
                Should -BeExactly ([IO.FileInfo]::new('/proc/self/fd/0').LinkTarget)
            $received.Dispose()
        }

        It 'accepts a DescriptorInfo of this process, and closes its number with -CloseAfterSend' {
            $fd = (Open-FileDescriptor $path).Detach()
            Get-FileDescriptor $fd | Send-FileDescriptor $left -CloseAfterSend
            Read-All (Receive-FileDescriptor $right -TimeoutSeconds 5) | Should -BeExactly 'content of the file'
            Get-FileDescriptor $fd -ErrorAction Ignore | Should -BeNullOrEmpty
        }

        It 'refuses a DescriptorInfo of another process, and refers to Copy-FileDescriptor' {
            $child = Invoke-Program sleep 60
            $problem = Get-ErrorOf { Get-FileDescriptor 1 -ProcessId $child.Id | Send-FileDescriptor $left }
            Clear-Program
            $problem.FullyQualifiedErrorId | Should -BeLike 'DescriptorElsewhere,*'
            "$problem" | Should -BeLike "Descriptor 1 belongs to process $($child.Id). *Copy-FileDescriptor creates a copy in this process."
            { Receive-FileDescriptor $right -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
        }

        It 'accepts a DirectoryInfo' {
            Get-Item (Split-Path $path) | Send-FileDescriptor $left
            $received = Receive-FileDescriptor $right
            $received.Kind | Should -Be Directory
            $received.Target | Should -BeExactly (Split-Path $path)
            $received.Dispose()
        }

        It 'accepts a StreamWriter, and flushes it' {
            $writer = [IO.StreamWriter]::new("$path.written")
            $writer.Write('not yet in the file')
            Send-FileDescriptor $left $writer
            [IO.File]::ReadAllText("$path.written") | Should -BeExactly 'not yet in the file'
            (Receive-FileDescriptor $right).Dispose()
            $writer.Dispose()
        }
    }

    Context 'of a socket' {
        It 'accepts <Name>, and the receiver keeps the connection' -ForEach @(
            @{ Name = 'a TcpClient'; Make = { $connection.Server } }
            @{ Name = 'a Socket'; Make = { $connection.Server.Client } }
            @{ Name = 'a NetworkStream'; Make = { $connection.Server.GetStream() } }
            @{ Name = 'a SafeSocketHandle'; Make = { $connection.Server.Client.SafeHandle } }
            @{ Name = 'the number of a socket'; Make = { [int]$connection.Server.Client.Handle } }
        ) {
            $connection = Get-TcpConnection
            Send-FileDescriptor $left (& $Make) -CloseAfterSend
            $received = Receive-FileDescriptor $right -As Stream
            Test-Line $connection.Client.GetStream() $received 'to the receiver' | Should -BeTrue
            Test-Line $received $connection.Client.GetStream() 'from the receiver' | Should -BeTrue
            # If only the number was closed, the object still refers to it.
            $connection.Server.Client.SafeHandle.SetHandleAsInvalid()
            $received.Dispose()
            $connection.Client.Dispose()
        }

        It 'accepts a TcpListener, and its backlog moves with it' {
            $listener = [Net.Sockets.TcpListener]::new([IPAddress]::Loopback, 0)
            $listener.Start()
            $port = $listener.LocalEndpoint.Port
            $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
            Send-FileDescriptor $left $listener -CloseAfterSend
            $received = Receive-FileDescriptor $right
            $received.Target | Should -BeExactly "tcp 127.0.0.1:$port (listening)"
            $socket = $received.OpenSocket()
            $accepted = $socket.Accept()
            $accepted.RemoteEndPoint.Port | Should -Be $client.Client.LocalEndPoint.Port
            $accepted, $socket, $client | ForEach-Object Dispose
        }

        It 'accepts a UdpClient' {
            $udp = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([IPAddress]::Loopback, 0))
            $port = $udp.Client.LocalEndPoint.Port
            Send-FileDescriptor $left $udp
            $received = Receive-FileDescriptor $right -As Socket
            $received.LocalEndPoint.Port | Should -Be $port
            $received.SocketType | Should -Be Dgram
            $received, $udp | ForEach-Object Dispose
        }
    }

    Context 'of a pipe' {
        It 'accepts an anonymous pipe stream' {
            $reader = [IO.Pipes.AnonymousPipeServerStream]::new('In')
            $writer = [IO.Pipes.AnonymousPipeClientStream]::new('Out', $reader.ClientSafePipeHandle)
            Send-FileDescriptor $left $reader
            $received = Receive-FileDescriptor $right
            $received.Kind | Should -Be Pipe
            $received.Access | Should -Be Read
            $stream = $received.OpenStream()
            Test-Line $writer $stream | Should -BeTrue
            $stream, $reader, $writer | ForEach-Object Dispose
        }

        It 'accepts a connected named pipe stream' {
            $name = "psfdpass-$([guid]::NewGuid())"
            $server = [IO.Pipes.NamedPipeServerStream]::new($name)
            $client = [IO.Pipes.NamedPipeClientStream]::new($name)
            $client.Connect()
            $server.WaitForConnection()
            Send-FileDescriptor $left $client
            $stream = Receive-FileDescriptor $right -As Stream
            Test-Line $stream $server | Should -BeTrue
            $stream, $client, $server | ForEach-Object Dispose
        }

        It "accepts a process's standard streams" {
            $start = [Diagnostics.ProcessStartInfo]::new('cat')
            $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
            $cat = [Diagnostics.Process]::Start($start)
            Send-FileDescriptor $left $cat.StandardInput, $cat.StandardOutput.BaseStream
            $toCat, $fromCat = Receive-FileDescriptor $right -As Stream
            Test-Line $toCat $fromCat 'through cat' | Should -BeTrue
            $toCat.Dispose()
            $cat.StandardInput.Dispose()
            $cat.WaitForExit()
            $fromCat, $cat | ForEach-Object Dispose
        }
    }

    It 'accepts a device' {
        Send-FileDescriptor $left /dev/null -Access ReadWrite
        $received = Receive-FileDescriptor $right
        $received.Kind | Should -Be CharacterDevice
        $received.Access | Should -Be ReadWrite
        $received.Target | Should -BeExactly /dev/null
        $received.Dispose()
    }
}
