Describe 'Service managers' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        # The error of a script, whether it is terminating or not.
        function Get-Failure([scriptblock] $Operation) {
            try { Get-ErrorOf $Operation } catch { $_ }
        }

        $folder = (Get-PSDrive TestDrive).Root
    }

    BeforeEach {
        $manager = New-UnixSocketListener -Path "$folder/notify.sock" -SocketType Datagram
        $env:NOTIFY_SOCKET = "$folder/notify.sock"
    }

    AfterEach {
        Remove-Item env:NOTIFY_SOCKET, env:FDSTORE -ErrorAction Ignore
        $manager.Dispose()
        Clear-Program
    }

    It 'receive what a service reports' {
        Send-ServiceNotification -Ready -Status 'serving' -MainProcessId 7 -Watchdog -Stopping
        (Receive-FileDescriptor $manager -AsMessage).Text -split "`n" |
            Should -Be 'READY=1', 'STOPPING=1', 'WATCHDOG=1', 'MAINPID=7', 'STATUS=serving'
        Send-ServiceNotification -Reloading
        (Receive-FileDescriptor $manager -AsMessage).Text | Should -Match '^RELOADING=1\nMONOTONIC_USEC=\d+$'
    }

    It 'receive nothing with -WhatIf' {
        Send-ServiceNotification -Ready -Barrier -WhatIf
        Save-FileDescriptor -Name x 0 -WhatIf -WarningAction Ignore
        Remove-SavedFileDescriptor x -WhatIf
        $manager.Available | Should -Be 0
    }

    It 'receive a descriptor with a barrier, and the wait for the barrier has a time limit' {
        (Get-Failure { Send-ServiceNotification -Barrier -TimeoutSeconds 0.1 }).FullyQualifiedErrorId | Should -Match '^TimedOut'
        $message = Receive-FileDescriptor $manager -AsMessage
        $message.Text | Should -Be 'BARRIER=1'
        $message.Descriptors.Count | Should -Be 1
        $message.Dispose()
    }

    It 'store and remove the descriptor of an object under a name' {
        $env:FDSTORE = '8'
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        Save-FileDescriptor -Name web $listener
        $message = Receive-FileDescriptor $manager -AsMessage
        $message.Text | Should -Be "FDSTORE=1`nFDNAME=web"
        $message.Descriptors[0].Kind | Should -Be Socket
        $message.Dispose()
        $listener.Dispose()
        Remove-SavedFileDescriptor web -Confirm:$false
        (Receive-FileDescriptor $manager -AsMessage).Text | Should -Be "FDSTOREREMOVE=1`nFDNAME=web"
    }

    It 'may have no store, which causes a warning' {
        Save-FileDescriptor -Name x 0 -WarningVariable warning -WarningAction SilentlyContinue
        "$warning" | Should -Match 'FDSTORE is not set'
    }

    It 'cause an error when there is none, or when it can not be reached' {
        Remove-Item env:NOTIFY_SOCKET
        (Get-Failure { Send-ServiceNotification -Ready }).FullyQualifiedErrorId | Should -Match '^NotManaged'
        (Get-Failure { Save-FileDescriptor -Name x 0 }).FullyQualifiedErrorId | Should -Match '^NotManaged'
        (Get-Failure { Send-ServiceNotification }).FullyQualifiedErrorId | Should -Match '^InvalidArgument'
        $env:NOTIFY_SOCKET = 'vsock:2:1'
        (Get-Failure { Send-ServiceNotification -Ready }).FullyQualifiedErrorId | Should -Match '^NotSupported'
    }

    It 'refuse an object without a descriptor' {
        (Get-Failure { Save-FileDescriptor -Name x 'text' -WarningAction Ignore }).Exception.Message | Should -Match 'does not hold a descriptor'
    }

    It 'pass descriptors at the start, which can be selected by name and are returned once' {
        Skip-Without systemd-socket-activate
        $script = {
            $web = Get-ActivationFileDescriptor web*
            "$($web.Name) $($web.Kind) $($web.Flags -band 'CloseOnExec')"
            $rest = Get-ActivationFileDescriptor
            "$($rest.Name -join ',') $($env:LISTEN_FDS)|"
            @(Get-ActivationFileDescriptor).Count
            ($web | Out-String).Trim().Split("`n")[0]
            $web, $rest | ForEach-Object Dispose
        }
        $probe = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $probe.Start()
        $port = $probe.LocalEndpoint.Port
        $probe.Dispose()
        $activated = Invoke-Program systemd-socket-activate (
            '-l', "127.0.0.1:$port", '-l', "$folder/unix.sock", '--fdname=web:unix', $Pwsh, '-NoProfile', '-Command',
            "`$PSStyle.OutputRendering = 'PlainText'; Import-Module '$Repository/out/PSFdPass'; $script")
        Wait-Until { Test-Path "$folder/unix.sock" } 'systemd-socket-activate listens'
        $client = Connect-UnixSocket "$folder/unix.sock" -Wait
        Wait-Program $activated | Should -Be 0
        $client.Dispose()
        $activated.Lines[0] | Should -Be 'web Socket CloseOnExec'
        $activated.Lines[1] | Should -Be 'unix |'
        $activated.Lines[2] | Should -Be 0
        $activated.Lines[3] -split ' +' | Should -Be Name, Fd, Kind, Access, Target
    }

    It 'cause an error in a process that the descriptors are not for' {
        $other = Invoke-Pwsh 'try { Get-ActivationFileDescriptor } catch { $_.FullyQualifiedErrorId }; $env:LISTEN_PID = ""; @(Get-ActivationFileDescriptor).Count'
        Wait-Program $other | Should -Be 0
        $other.Lines | Should -Be 0
        $env:LISTEN_FDS, $env:LISTEN_PID = '1', '1'
        try {
            (Get-Failure { Get-ActivationFileDescriptor }).FullyQualifiedErrorId | Should -Match '^OtherProcess'
        }
        finally {
            Remove-Item env:LISTEN_FDS, env:LISTEN_PID
        }
    }
}

Describe 'An s6-fdholderd' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        # The error of a script, whether it is terminating or not.
        function Get-Failure([scriptblock] $Operation) {
            try { Get-ErrorOf $Operation } catch { $_ }
        }

        $folder = (Get-PSDrive TestDrive).Root
        $rules = "$folder/rules/uid/$(id -u)/env"
        $null = New-Item -ItemType Directory $rules -Force
        Set-Content "$rules/../allow" ''
        Set-Content "$rules/S6_FDHOLDER_STORE_REGEX", "$rules/S6_FDHOLDER_RETRIEVE_REGEX" '.'
        Set-Content "$rules/S6_FDHOLDER_LIST" '1'
    }

    BeforeEach {
        Skip-Without s6-fdholder-daemon
        $holder = "$folder/holder.sock"
        $daemon = Invoke-Program s6-fdholder-daemon '-1', '-i', "$folder/rules", $holder
        $null = Read-ProgramLine $daemon
        $file = "$folder/file"
        Set-Content $file content
    }

    AfterEach {
        Clear-Program
    }

    It 'keeps a descriptor that s6-fdholder-retrieve retrieves, and returns one that s6-fdholder-store stored' {
        $open = Open-FileDescriptor $file
        Save-FileDescriptor -Name ours $open -Holder $holder
        $open.Dispose()
        s6-fdholder-retrieve $holder ours cat | Should -Be content
        sh -c 'exec s6-fdholder-store "$0" theirs <"$1"' $holder $file
        $restored = Restore-FileDescriptor theirs -Holder $holder
        $restored.Name | Should -Be theirs
        Read-All $restored | Should -Be "content`n"
        Get-SavedFileDescriptor -Holder $holder | ForEach-Object Name | Should -Be ours, theirs
        Get-SavedFileDescriptor o* -Holder $holder | ForEach-Object Name | Should -Be ours
        Get-SavedFileDescriptor -Holder $holder | Remove-SavedFileDescriptor -Confirm:$false
        Get-SavedFileDescriptor -Holder $holder | Should -BeNullOrEmpty
    }

    It 'returns a descriptor to only one process with -Remove, and keeps it with -WhatIf' {
        Save-FileDescriptor -Name one 0 -Holder $holder
        Restore-FileDescriptor one -Holder $holder -Remove -WhatIf | Should -BeNullOrEmpty
        (Restore-FileDescriptor one -Holder $holder -Remove).Dispose()
        (Get-Failure { Restore-FileDescriptor one -Holder $holder -Remove }).FullyQualifiedErrorId | Should -Match '^ENOENT'
    }

    It 'refuses a name that is in use, and causes an error when it has ended' {
        Save-FileDescriptor -Name one 0 -Holder $holder
        (Get-Failure { Save-FileDescriptor -Name one 0 -Holder $holder }).FullyQualifiedErrorId | Should -Match '^EBUSY'
        (Get-Failure { Save-FileDescriptor -Name ('x' * 256) 0 -Holder $holder }).FullyQualifiedErrorId | Should -Match '^InvalidArgument'
        (Get-Failure { Get-SavedFileDescriptor -Holder $holder -RequireUser 4000000 }).FullyQualifiedErrorId | Should -Match '^EACCES'
        Clear-Program
        (Get-Failure { Get-SavedFileDescriptor -Holder $holder }).FullyQualifiedErrorId | Should -Match '^(ECONNREFUSED|ENOENT)'
    }

    It 'provides its names for completion' {
        Save-FileDescriptor -Name 'web-1' 0 -Holder $holder
        Save-FileDescriptor -Name 'it''s' 0 -Holder $holder
        $line = "Restore-FileDescriptor -Holder $holder -Name "
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be "'it''s'", 'web-1'
    }

    It 'leaks nothing' {
        Assert-NothingLeaks {
            Save-FileDescriptor -Name leak 0 -Holder $holder
            (Restore-FileDescriptor leak -Holder $holder -Remove).Dispose()
        }
    }
}

Describe 'A takeover' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        # The error of a script, whether it is terminating or not.
        function Get-Failure([scriptblock] $Operation) {
            try { Get-ErrorOf $Operation } catch { $_ }
        }

        $folder = (Get-PSDrive TestDrive).Root
        $module = (Get-Module PSFdPass).Path
    }

    BeforeEach {
        $path = "$folder/$([guid]::NewGuid().ToString('n').Substring(0, 8))"
    }

    AfterEach {
        Clear-Program
    }

    It 'hands over descriptors by name, from one process to the next' {
        $server = Invoke-Pwsh "`$l = New-UnixSocketListener '$path.web'; `$s = Wait-SocketTakeover '$path' @{ web = `$l }; Close-FileDescriptor `$l; `$s.ProcessId; 'left'"
        Wait-Until { Test-Listening $path } 'the server waits'
        $takeover = Start-SocketTakeover $path
        $takeover.ProcessId | Should -Be $server.Id
        $takeover.Descriptors.Name | Should -Be web
        $takeover.IsComplete | Should -BeFalse
        $takeover | Complete-SocketTakeover
        $listener = $takeover['web'].OpenSocket()
        Wait-Program $server | Should -Be 0
        $server.Lines | Should -Be $PID, left
        $client = Connect-UnixSocket "$path.web"
        (Wait-UnixSocketConnection $listener -TimeoutSeconds 10).Dispose()
        $client.Dispose()
        $listener.Dispose()
        $takeover.Dispose()
    }

    It 'continues at the same path: the next successor finds it' {
        $first = Invoke-Pwsh "`$null = Wait-SocketTakeover '$path' 0 -Name input"
        Wait-Until { Test-Listening $path } 'the server waits'
        $second = Invoke-Pwsh "Start-SocketTakeover '$path' | Complete-SocketTakeover; 'second'; (Wait-SocketTakeover '$path' 0 -Name input).ProcessId"
        $null = Wait-ProgramLine $second '^second$'
        Wait-Program $first | Should -Be 0
        $takeover = Start-SocketTakeover $path
        $takeover | Complete-SocketTakeover
        $takeover.Dispose()
        Wait-Program $second | Should -Be 0
        $second.Lines[-1] | Should -Be $PID
        Remove-Item $path
    }

    It 'that is killed, disposed, too late or not the first one does not stop the server' {
        $server = Invoke-Pwsh "`$l = New-UnixSocketListener '$path.web'; `$null = Wait-SocketTakeover '$path' @{ web = `$l } -TimeoutSeconds 5; 'left'"
        Wait-Until { Test-Listening $path } 'the server waits'
        $killed = Invoke-Pwsh "`$t = Start-SocketTakeover '$path'; 'has it'; Start-Sleep 60"
        $null = Wait-ProgramLine $killed '^has it$'
        (Get-Failure { Start-SocketTakeover $path }).FullyQualifiedErrorId | Should -Match '^TakeoverRefused'
        $killed.Process.Kill()
        $killed.Process.WaitForExit()
        (Start-SocketTakeover $path).Dispose()
        $late = Start-SocketTakeover $path
        Wait-ProgramLine $server 'not ready within 5 s' | Should -Match 'continues to serve'
        (Get-Failure { Complete-SocketTakeover $late }).FullyQualifiedErrorId | Should -Match '^TakeoverGivenUp'
        $late.Dispose()
        $takeover = Start-SocketTakeover $path
        $takeover | Complete-SocketTakeover
        $takeover.Dispose()
        Wait-Program $server | Should -Be 0
    }

    It 'from a server that is killed is an error, and the descriptors stay open' {
        $server = Invoke-Pwsh "`$l = New-UnixSocketListener '$path.web'; Wait-SocketTakeover '$path' @{ web = `$l }"
        Wait-Until { Test-Listening $path } 'the server waits'
        $takeover = Start-SocketTakeover $path
        $server.Process.Kill()
        $server.Process.WaitForExit()
        $client = Connect-UnixSocket "$path.web"
        (Get-Failure { Complete-SocketTakeover $takeover }).FullyQualifiedErrorId | Should -Match '^TakeoverServerEnded'
        $connection = Wait-UnixSocketConnection $takeover['web'] -TimeoutSeconds 10
        $connection, $client, $takeover | ForEach-Object Dispose
    }

    It 'names the descriptors by property, by key or by position' {
        $named = Open-FileDescriptor /dev/null | Add-Member Name own -PassThru
        $plain = Open-FileDescriptor /dev/null
        $job = Start-ThreadJob {
            Import-Module $using:module
            $using:named, @{ key = $using:plain }, $using:plain | Wait-SocketTakeover $using:path
        }
        Wait-Until { Test-Listening $path } 'the server waits'
        $takeover = Start-SocketTakeover $path
        $takeover.Descriptors.Name | Should -Be own, key, 2
        ($takeover | Out-String) | Should -Match 'own, key, 2'
        $takeover | Complete-SocketTakeover
        $takeover.Dispose()
        ($job | Receive-Job -Wait -AutoRemoveJob).ProcessId | Should -Be $PID
        $named, $plain | ForEach-Object Dispose
        Remove-Item $path
    }

    It 'does not start with -WhatIf, and is an error without a server' {
        Wait-SocketTakeover $path 0 -WhatIf
        Test-Path $path | Should -BeFalse
        Start-SocketTakeover $path -WhatIf | Should -BeNullOrEmpty
        (Get-Failure { Start-SocketTakeover $path }).FullyQualifiedErrorId | Should -Match '^ENOENT'
        & { try { Start-SocketTakeover $path; 'went on' } catch { 'stopped' } } | Should -Be stopped
    }

    It 'waits until Ctrl-C, and then removes its path' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript({ param($Module, $Path) Import-Module $Module; Wait-SocketTakeover $Path 0 -Name input }).AddArgument($module).AddArgument($path)
        $running = $shell.BeginInvoke()
        Wait-Until { Test-Listening $path } 'the server waits'
        $shell.Stop()
        $running.AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
        Test-Path $path | Should -BeFalse
        $shell.Dispose()
    }
}
