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

    It 'a descriptor that was handed over is shown as handed over' {
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

    It 'control characters from a peer do not reach the terminal' {
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
        # The properties still have the original text.
        $message.Text | Should -BeExactly "x$esc[2J`ny"
        $info.Target | Should -BeExactly "/memfd:a$esc]0;title$([char]7) (deleted)"
        $message, $evil | ForEach-Object Dispose
    }

    It 'control characters in names are replaced in the table, and in the list that follows objects of another type: <Name>' -ForEach @(
        @{ Name = 'a received descriptor'; Make = { New-MemoryFile $evil } }
        @{ Name = 'a named descriptor'; Make = { [PSFdPass.NamedDescriptor]::new($evil, (New-MemoryFile $evil)) }; End = { $object.Descriptor.Dispose() } }
        @{ Name = 'a saved descriptor'; Make = { [PSFdPass.Binding.SavedFileDescriptor]::new($evil, "/run/$evil") } }
        @{
            Name = 'a descriptor from a service manager'
            Make = {
                $file = New-MemoryFile $evil | Add-Member -NotePropertyName Name -NotePropertyValue $evil -PassThru
                $file.PSTypeNames.Insert(0, 'PSFdPass.FileDescriptor#Named')
                $file
            }
        }
        @{ Name = 'a socket'; Make = { New-UnixSocketListener "$folder/$evil" } }
        @{ Name = 'a description of a descriptor'; Make = { $script:file = New-MemoryFile $evil; Get-FileDescriptor $file }; End = { $file.Dispose() } }
    ) {
        $evil = "a$([char]27)]0;😀$([char]7)$([char]0x202e)"
        $object = & $Make
        try {
            $table = Get-View $object
            $list = Get-View 'text', (Get-Item /), $object
            foreach ($view in $table, $list) {
                "$view" | Should -BeLike '*a·`]0;😀··*'
                "$view" | Should -Not -Match '[\p{Cc}\p{Cf}]'
            }
        }
        finally {
            if ($End) { . $End } else { ($object -as [IDisposable])?.Dispose() }
        }
    }

    It 'a long text leaves space for the descriptors' {
        Send-FileDescriptor $left $path -Message ('x' * 5000)
        $message = Receive-FileDescriptor $right -AsMessage
        (Get-View $message)[-1] | Should -BeExactly " 5000 $('x' * 39)… None  {$($message.Descriptors[0])}"
        $message.Dispose()
    }

    It '<Name> is a table: <Header>' -ForEach @(
        @{
            Name = 'a child'; Header = 'Id +State +ExitCode +FileName'; Row = '^ *\d+ Running +\S*/sleep$'
            Make = { Start-FdProcess sleep 60 -PassThru }; End = { $object.Kill() }
        }
        @{
            Name = 'a set'; Header = 'Count +Descriptors'; Row = '^ +6 \d+ Socket unix, \d+ Socket unix, \d+ Socket unix, \d+ Socket unix, …$'
            Make = { $script:members = 1..3 | ForEach-Object { New-UnixSocketPair }; New-FileDescriptorSet $members }
            End = { $members | ForEach-Object Dispose }
        }
        @{
            Name = 'a member of a set, which is a socket'; Header = 'Fd +SocketType +Target'; Row = '^ *\d+ +Stream +unix'
            Make = { $script:set = New-FileDescriptorSet $left; $set.Members[0] }; End = { $set.Dispose() }
        }
        @{ Name = 'the peer of a socket'; Header = 'ProcessId +Command +UserId +UserName +GroupId +GroupName'; Row = '^ *$PID +\S+ +\d+ +\S+ +\d+ +\S+$'; Make = { Get-UnixSocketPeer $left } }
        @{
            Name = 'a saved descriptor'; Header = 'Name +Holder'; Row = '^web +/run/holder.sock$'
            Make = { [PSFdPass.Binding.SavedFileDescriptor]::new('web', '/run/holder.sock') }
        }
        @{
            Name = 'a takeover'; Header = 'ProcessId +IsComplete +Descriptors +Address'; Row = '^ *$PID +False +web +$folder/take.sock$'
            Make = {
                $module = (Get-Module PSFdPass).Path
                $script:job = Start-ThreadJob { Import-Module $using:module; Wait-SocketTakeover "$using:folder/take.sock" @{ web = $using:left } }
                Wait-Until { Test-Path "$folder/take.sock" } 'the server waits'
                Start-SocketTakeover "$folder/take.sock" -TimeoutSeconds 30
            }
            End = { $object.Dispose(); $job | Remove-Job -Force }
        }
        @{
            Name = 'a descriptor of a takeover'; Header = 'Name +Fd +Kind +Target'; Row = '^web +\d+ File +/etc/passwd$'
            Make = { [PSFdPass.NamedDescriptor]::new('web', (Open-FileDescriptor /etc/passwd)) }; End = { $object.Descriptor.Dispose() }
        }
    ) {
        $object = & $Make
        try {
            $view = Get-View $object
            $view[0] | Should -Match "^ *$Header$"
            $view | Should -HaveCount 3
            $ExecutionContext.InvokeCommand.ExpandString($Row) | ForEach-Object { $view[2] | Should -Match $_ }
        }
        finally {
            if ($End) { . $End }
        }
    }

    It 'the columns are filled in the constrained language mode, too' {
        $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
        try {
            $null = $shell.AddScript("Import-Module '$((Get-Module PSFdPass).ModuleBase)/PSFdPass.psd1'").Invoke()
            $shell.Runspace.SessionStateProxy.LanguageMode = 'ConstrainedLanguage'
            $shell.Commands.Clear()
            $null = $shell.AddScript({
                    param($Objects)
                    foreach ($object in $Objects) { $object | Out-String -Width 200; $object | Format-List | Out-String -Width 200 }
                }).AddArgument(@(
                    (Open-FileDescriptor /etc/passwd), (Get-FileDescriptor 0), $left, (Get-UnixSocketPeer $left), (New-FileDescriptorSet $right),
                    (Start-FdProcess true -PassThru -Wait)
                ))
            $text = $shell.Invoke() -join ''
            $shell.Streams.Error | Should -BeNullOrEmpty
            $text | Should -Match '(?m)File +Read +/etc/passwd\s*$'
            $text | Should -Match 'Stream +unix'
            $text | Should -Match "(?m)^ *1 \d+ Socket unix\s*$"
            $text | Should -Match "(?m)^ *$PID +\S+ +\d+ +\S+ +\d+ +\S+\s*$"
            $text | Should -Match '(?m)Exited +0 +/\S*true\s*$'
        }
        finally {
            $shell.Dispose()
        }
    }

    It 'a demo in the background is a table: port, processes, socket' {
        $demo = Start-FdEchoDemo -Role WideReceiver -SocketPath "$folder/view" -PassThru
        $view = Get-View $demo
        $view[0] | Should -Match '^Port +QuarterbackId +WideReceiverId +SocketPath$'
        $view[2] | Should -Match "^ *0 +$PID +$folder/view$"
        $demo.Stop()
    }
}
