Describe 'Close-FileDescriptor' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $moduleFolder = "$Repository/out/PSFdPass"
        . $PSScriptRoot/Support/OneOfEach.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'abc' -NoNewline

        function Test-Open([int] $Fd) {
            [bool](Get-FileDescriptor $Fd -ErrorAction Ignore)
        }
    }

    Context 'accepted input' {
        It 'closes <Name>' -ForEach @(
            @{ Name = 'a FileDescriptor'; Make = { Open-FileDescriptor $path }; Fd = { $it.Fd } }
            @{ Name = 'a number'; Make = { ($keep = Open-FileDescriptor $path).Detach() }; Fd = { $it } }
            @{ Name = 'a number as text'; Make = { "$((Open-FileDescriptor $path).Detach())" }; Fd = { [int]$it } }
            @{ Name = 'a DescriptorInfo'; Make = { Get-FileDescriptor ((Open-FileDescriptor $path).Detach()) }; Fd = { $it.Fd } }
            @{ Name = 'a Socket'; Make = { $script:pair = New-UnixSocketPair; $pair[0] }; Fd = { [int]$it.Handle } }
            @{ Name = 'a FileStream'; Make = { [IO.File]::OpenRead($path) }; Fd = { [int]$it.SafeFileHandle.DangerousGetHandle() } }
            @{ Name = 'a handle'; Make = { [IO.File]::OpenHandle($path) }; Fd = { [int]$it.DangerousGetHandle() } }
        ) {
            $it = & $Make
            $fd = & $Fd
            Test-Open $fd | Should -BeTrue
            Close-FileDescriptor $it
            Test-Open $fd | Should -BeFalse
        }

        It 'closes the number in the Handle property of <Name>' -ForEach @(
            @{ Name = 'a class, as an int'; Make = { class WithInt { [int] $Handle }; [WithInt]@{ Handle = $fd } } }
            @{ Name = 'a class, as an IntPtr'; Make = { class WithIntPtr { [IntPtr] $Handle }; [WithIntPtr]@{ Handle = $fd } } }
            @{ Name = 'a custom object'; Make = { [pscustomobject]@{ Handle = $fd } } }
        ) {
            $fd = (Open-FileDescriptor $path).Detach()
            Close-FileDescriptor (& $Make)
            Test-Open $fd | Should -BeFalse
        }

        It 'closes the handle in a property of a custom object' {
            $handle = [IO.File]::OpenHandle($path)
            Close-FileDescriptor ([pscustomobject]@{ SafeFileHandle = $handle })
            $handle.IsClosed | Should -BeTrue
        }

        It 'refuses the number of a standard stream in a Handle property' {
            (Get-ErrorOf { Close-FileDescriptor ([pscustomobject]@{ Handle = 2 }) }).FullyQualifiedErrorId | Should -BeLike 'DescriptorInUse,*'
        }

        It 'closes all descriptors of a message' {
            $left, $right = New-UnixSocketPair
            Send-FileDescriptor $left $path, $path
            $message = Receive-FileDescriptor $right -AsMessage
            $message | Close-FileDescriptor -WhatIf
            $message.Descriptors.IsOpen | Should -Be $true, $true
            $message | Close-FileDescriptor
            $message.Descriptors.IsOpen | Should -Be $false, $false
            $left, $right | ForEach-Object Dispose
        }

        It 'accepts several objects, and pipeline input' {
            $all = 1..3 | ForEach-Object { Open-FileDescriptor $path }
            Close-FileDescriptor $all[0], $all[1]
            $all[2] | Close-FileDescriptor
            $all.IsOpen | Should -Be $false, $false, $false
        }

        It 'accepts -Fd for its numbers' {
            $fd = (Open-FileDescriptor $path).Detach()
            Close-FileDescriptor -Fd $fd
            Test-Open $fd | Should -BeFalse
        }

        It 'closes our copy of a connection, which stays open for other holders' {
            $left, $right = New-UnixSocketPair
            $copy = Copy-FileDescriptor $left
            Close-FileDescriptor $left
            $socket = $copy.OpenSocket()
            $null = $socket.Send([byte[]](1, 2))
            $right.Receive([byte[]]::new(8)) | Should -Be 2
            $socket, $right | ForEach-Object Dispose
        }

        It 'closes nothing with -WhatIf' {
            $file = Open-FileDescriptor $path
            Close-FileDescriptor $file -WhatIf
            $file.IsOpen | Should -BeTrue
            $file.Dispose()
        }
    }

    Context 'an object whose number was closed' {
        It 'reports that it is closed' {
            $file = Open-FileDescriptor $path
            Close-FileDescriptor $file.Fd
            $file.IsOpen | Should -BeFalse
            $file.Fd | Should -Be -1
            $file.Target | Should -BeExactly '(closed)'
            { $file.OpenStream() } | Should -Throw '*is closed*'
        }

        It 'does not close the next descriptor with that number' {
            $file = Open-FileDescriptor $path
            $fd = $file.Fd
            Close-FileDescriptor $fd
            $next = Copy-FileDescriptor 0 -TargetFd $fd
            $file.Dispose()
            Test-Open $fd | Should -BeTrue
            $next.Dispose()
            Test-Open $fd | Should -BeFalse
        }

        It 'does not close that descriptor when it is finalized' {
            $fd = & {
                $dropped = Open-FileDescriptor $path
                $dropped.Fd
                Close-FileDescriptor $dropped.Fd
            }
            $next = Copy-FileDescriptor 0 -TargetFd $fd
            [GC]::Collect()
            [GC]::WaitForPendingFinalizers()
            Test-Open $fd | Should -BeTrue
            $next.Dispose()
        }
    }

    Context 'refused input' {
        It 'refuses <_>, which is a standard stream' -ForEach 0, 1, 2 {
            $problem = Get-ErrorOf { Close-FileDescriptor $_ }
            $problem.FullyQualifiedErrorId | Should -BeExactly 'DescriptorInUse,PSFdPass.Commands.CloseFileDescriptorCommand'
            "$problem" | Should -BeLike "Descriptor $_ *standard stream*-Force*"
            Test-Open $_ | Should -BeTrue
        }

        It 'refuses an object that only borrows a standard stream' {
            $borrowed = [PSFdPass.FileDescriptor]::new(1, $false)
            (Get-ErrorOf { Close-FileDescriptor $borrowed }).FullyQualifiedErrorId | Should -BeLike 'DescriptorInUse,*'
        }

        It 'refuses the descriptors that a new pwsh has open or that the runtime opens later' {
            # Sockets, timers, watchers and a process make the runtime open its own descriptors.
            $script = {
                Import-Module $args[0]
                $null = [Net.Dns]::GetHostAddresses('localhost')
                $left, $right = New-UnixSocketPair
                $wait = $left.ReceiveAsync([ArraySegment[byte]]::new([byte[]]::new(1)))
                $watcher = [IO.FileSystemWatcher]::new($args[1])
                $watcher.EnableRaisingEvents = $true
                $null = ConvertTo-Json 1
                $null = /bin/true
                # Inherited descriptors do not belong to the runtime.
                $all = Get-FileDescriptor -Force | Where-Object { $_.Fd -notin $left.Handle, $right.Handle -and $_.Flags.HasFlag([PSFdPass.DescriptorFlags]::CloseOnExec) }
                # The stack unwinder of the runtime has a pipe that no thread waits on, which looks like a pipe of the user.
                foreach ($info in $all | Where-Object { $_.Kind -ne 'Pipe' -or @($all | Where-Object Inode -EQ $_.Inode).Count -ne 2 }) {
                    $before = $Error.Count
                    Close-FileDescriptor $info.Fd -WhatIf -ErrorAction SilentlyContinue
                    if ($Error.Count -eq $before) { "would close $info" }
                }
                "watching: $((Get-FileDescriptor -Force -Kind Inotify, Epoll).Count)"
            }
            $said = pwsh -NoProfile -NonInteractive -Command $script -args $moduleFolder, $folder
            $said | Where-Object { $_ -like 'would close*' } | Should -BeNullOrEmpty
            @($said)[-1] | Should -Match 'watching: [2-9]'
        }

        It 'refuses the descriptors that the console opens for itself later' {
            $script = {
                Import-Module $args[0]
                $before = (Get-FileDescriptor -Force).Fd
                [Console]::Error.WriteLine('something')
                foreach ($info in Get-FileDescriptor -Force | Where-Object Fd -NotIn $before) {
                    $count = $Error.Count
                    $info | Close-FileDescriptor -WhatIf -ErrorAction SilentlyContinue
                    if ($Error.Count -eq $count) { "would close $info" }
                    elseif ("$($Error[0])" -like '*belongs to the .NET runtime*') { 'keeps a duplicate' }
                }
            }
            $said = pwsh -NoProfile -NonInteractive -Command $script -args $moduleFolder 2>$null
            $said | Sort-Object -Unique | Should -BeExactly 'keeps a duplicate'
        }

        It 'closes an object that was opened before the module was imported' {
            $script = {
                $early = [IO.File]::OpenRead($args[1])
                Import-Module $args[0]
                Close-FileDescriptor $early -ErrorAction Stop
                $early.CanRead
            }
            pwsh -NoProfile -NonInteractive -Command $script -args $moduleFolder, $path | Should -Be $false
        }

        It 'closes a standard stream with -Force' {
            $script = {
                Import-Module $args[0]
                Close-FileDescriptor 0 -Force
                [bool](Get-FileDescriptor 0 -ErrorAction Ignore)
            }
            pwsh -NoProfile -NonInteractive -Command $script -args $moduleFolder | Should -Be $false
        }

        It 'refuses a descriptor of another process' {
            Skip-Without gcc
            $other = Start-OneOfEach $folder
            $problem = Get-ErrorOf { Get-FileDescriptor $other.Fd['file'] -ProcessId $other.Id | Close-FileDescriptor }
            $other.Stop()
            $problem.FullyQualifiedErrorId | Should -BeLike 'DescriptorElsewhere,*'
            "$problem" | Should -BeLike "*belongs to process $($other.Id)*"
        }

        It 'refuses a description when the number refers to something else' {
            $file = Open-FileDescriptor $path
            $info = Get-FileDescriptor $file
            $file.Dispose()
            (Get-ErrorOf { Close-FileDescriptor $info }).FullyQualifiedErrorId | Should -BeLike 'EBADF,*'
            $next = Copy-FileDescriptor 0 -TargetFd $info.Fd
            $problem = Get-ErrorOf { Close-FileDescriptor $info }
            $problem.FullyQualifiedErrorId | Should -BeLike 'InvalidOperation,*'
            "$problem" | Should -BeLike "*now refers to something else. It was File $path."
            Test-Open $info.Fd | Should -BeTrue
            $next.Dispose()
        }

        It 'compares once more after -Confirm, immediately before the close' {
            $script = "
                `$file = Open-FileDescriptor '$path'
                `$info = Get-FileDescriptor `$file
                `$replace = [powershell]::Create([initialsessionstate]::CreateDefault2())
                `$null = `$replace.AddScript({
                    param(`$module, `$fd, `$folder)
                    Import-Module `$module
                    while (-not (Test-Path `$folder/go)) { Start-Sleep -Milliseconds 20 }
                    `$null = (Copy-FileDescriptor 0 -TargetFd `$fd -Force).Detach()
                    Set-Content `$folder/done x
                }).AddArgument((Get-Module PSFdPass).Path).AddArgument(`$info.Fd).AddArgument('$folder')
                `$null = `$replace.BeginInvoke()
                try { Close-FileDescriptor `$info -Confirm -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }
                'still open: ' + [bool](Get-FileDescriptor `$info.Fd -ErrorAction Ignore)"
            $other = Invoke-Pwsh $script -Terminal
            $null = Wait-ProgramLine $other 'Are you sure'
            Set-Content "$folder/go" x
            Wait-Until { Test-Path "$folder/done" } 'the number was replaced'
            $other.Input.Write("y`n")
            $other.Input.Flush()
            Wait-ProgramLine $other 'InvalidOperation,' | Should -Match 'PSFdPass.Commands.CloseFileDescriptorCommand'
            Wait-ProgramLine $other 'still open:' | Should -Match 'True'
            Clear-Program
        }

        It 'explains what is wrong with <Name>, and continues: <Id>' -ForEach @(
            @{ Name = 'a number that is not open'; Id = 'EBADF'; Make = { 999999 } }
            @{ Name = 'a negative number'; Id = 'OutOfRange'; Make = { -1 } }
            @{ Name = 'a closed FileDescriptor'; Id = 'Closed'; Make = { $closed = Open-FileDescriptor $path; $closed.Dispose(); $closed } }
            @{ Name = 'a FileDescriptor that was handed over'; Id = 'Closed'; Make = {
                    $spent = Open-FileDescriptor $path; $spent.OpenStream().Dispose(); $spent } }
            @{ Name = 'an object without a descriptor'; Id = 'InvalidArgument'; Make = { [IO.MemoryStream]::new() } }
            @{ Name = 'a path'; Id = 'InvalidArgument'; Make = { $path } }
        ) {
            $last = Open-FileDescriptor $path
            $problem = Get-ErrorOf { Close-FileDescriptor (& $Make), $last }
            $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.CloseFileDescriptorCommand"
            $last.IsOpen | Should -BeFalse
        }
    }

    Context 'completion' {
        It 'offers descriptors that may be closed, and with -Force all descriptors' {
            $file = Open-FileDescriptor $path
            $line = 'Close-FileDescriptor '
            $found = (TabExpansion2 $line $line.Length).CompletionMatches
            $found.Where{ $_.CompletionText -eq $file.Fd }.ToolTip | Should -BeExactly "File $path"
            $found.CompletionText | Should -Not -Contain '0'
            $line = 'Close-FileDescriptor -Force -InputObject '
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain '0'
            $file.Dispose()
        }
    }
}
