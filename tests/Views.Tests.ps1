Describe 'At the prompt' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'content of the file' -NoNewline

        # The lines that Out-Default would show, with the numbers that differ from run to run as #.
        function Get-View($InputObject, [int] $Width = 200) {
            ($InputObject | Out-String -Width $Width).Split("`n").TrimEnd() | Where-Object { $_ } | ForEach-Object { $_ }
        }
    }

    AfterAll {
        $PSStyle.OutputRendering = $rendering
    }

    BeforeEach {
        $left, $right = New-UnixSocketPair
    }

    AfterEach {
        $left, $right | ForEach-Object Dispose
    }

    It 'descriptors are a table: number, kind, access, target' {
        $connection = Get-TcpConnection
        $server = $connection.Server.Client
        Send-FileDescriptor $left $server, $path
        $socket, $file = Receive-FileDescriptor $right
        $width = "$($file.Fd)".Length
        Get-View $socket, $file | Should -Be @(
            "$('Fd'.PadLeft($width)) Kind   Access    Target"
            "$('--'.PadLeft($width)) ----   ------    ------"
            "$("$($socket.Fd)".PadLeft($width)) Socket ReadWrite tcp 127.0.0.1:$($server.LocalEndPoint.Port) → 127.0.0.1:$($server.RemoteEndPoint.Port)"
            "$("$($file.Fd)".PadLeft($width)) File   Read      $path"
        )
        $socket, $file, $connection.Server, $connection.Client | ForEach-Object Dispose
    }

    It 'a descriptor that was handed over says so' {
        Send-FileDescriptor $left $path
        $file = Receive-FileDescriptor $right
        $file.OpenStream().Dispose()
        (Get-View $file)[-1] | Should -BeExactly '-1 None None   (handed over as a Stream)'
    }

    It 'messages are a table: bytes, text, flags, descriptors' {
        Send-FileDescriptor $left $path -Message 'take this'
        $message = Receive-FileDescriptor $right -AsMessage
        Get-View $message | Should -Be @(
            'Bytes Text      Flags Descriptors'
            '----- ----      ----- -----------'
            "    9 take this None  {$($message.Descriptors[0])}"
        )
        $message.Dispose()
    }

    It 'what a peer sends and chooses does not reach the terminal as it is' {
        $esc = [char]27
        $evil = New-MemoryFile "a$esc]0;title$([char]7)"
        Send-FileDescriptor $left $evil -Message "x$esc[2J`ny"
        $message = Receive-FileDescriptor $right -AsMessage
        $received = $message.Descriptors[0]
        $info = Get-FileDescriptor $received
        $view = Get-View $message
        $view[-1] | Should -BeLike '*7 x·`[2J·y None *{* MemoryFile /memfd:a·]0;title·*'
        $all = foreach ($object in $message, $received, $info) { Get-View $object; Get-View ($object | Format-List); "$object" }
        $problem = try { $received.Dispose(); Close-FileDescriptor $info -ErrorAction Stop } catch { $_ }
        "$all $problem" | Should -Not -Match '[\x00-\x09\x0b-\x1f\x7f-\x9f]'
        "$all" | Should -Match 'Target *: /memfd:a·]0;title·'
        # As data, they are what they were.
        $message.Text | Should -BeExactly "x$esc[2J`ny"
        $info.Target | Should -BeExactly "/memfd:a$esc]0;title$([char]7) (deleted)"
        $message, $evil | ForEach-Object Dispose
    }

    It 'a long text leaves room for the descriptors' {
        Send-FileDescriptor $left $path -Message ('x' * 5000)
        $message = Receive-FileDescriptor $right -AsMessage
        (Get-View $message)[-1] | Should -BeExactly " 5000 $('x' * 39)… None  {$($message.Descriptors[0])}"
        $message.Dispose()
    }

    It 'a demo in the background is a table: port, processes, socket' {
        $demo = Start-FdEchoDemo -Role WideReceiver -SocketPath "$folder/view" -PassThru
        $view = Get-View $demo
        $view[0] | Should -Match '^Port +QuarterbackId +WideReceiverId +SocketPath$'
        $view[2] | Should -Match "^ *0 +$PID +$folder/view$"
        $demo.Stop()
    }
}
