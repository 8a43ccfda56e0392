Describe 'Copy-FileDescriptor' {
    BeforeDiscovery {
        $isRoot = (id -u) -eq 0
    }

    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        . $PSScriptRoot/Support/OneOfEach.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'abcdefghij' -NoNewline
        $other = Start-OneOfEach $folder
    }

    AfterAll {
        $other.Stop()
    }

    BeforeEach {
        $file = Open-FileDescriptor $path
    }

    AfterEach {
        $file.Dispose()
        $copy | Where-Object { $_ } | ForEach-Object Dispose
        $copy = $null
    }

    Context 'of this process' {
        It 'accepts <Name>' -ForEach @(
            @{ Name = 'a number'; Make = { $file.Fd } }
            @{ Name = 'a FileDescriptor'; Make = { $file } }
            @{ Name = 'a handle'; Make = { $file.SafeHandle } }
            @{ Name = 'a description'; Make = { Get-FileDescriptor $file } }
        ) {
            $copy = Copy-FileDescriptor (& $Make)
            $copy | Should -BeOfType PSFdPass.FileDescriptor
            $copy.Fd | Should -Not -Be $file.Fd
            $copy.Target | Should -BeExactly $path
            $copy.Flags | Should -Be CloseOnExec
            $copy.Dispose()
            $copy = (& $Make) | Copy-FileDescriptor
            $copy.Target | Should -BeExactly $path
        }

        It 'shares the position, and outlives the original' {
            $copy = Copy-FileDescriptor $file
            $stream = $file.OpenStream()
            $null = $stream.Read([byte[]]::new(3), 0, 3)
            $null = $stream.Seek(3, 'Begin')
            $stream.Dispose()
            $copy.IsOpen | Should -BeTrue
            (Get-FileDescriptor $copy).Path | Should -BeExactly $path
        }

        It 'creates a copy with a chosen number' {
            $copy = Copy-FileDescriptor $file -TargetFd 345
            $copy.Fd | Should -Be 345
            $copy.Flags | Should -Be CloseOnExec
            (Get-FileDescriptor 345).Path | Should -BeExactly $path
        }

        It 'replaces an open descriptor only with -Force' {
            $copy = Copy-FileDescriptor 0 -TargetFd 346
            Copy-FileDescriptor $file -TargetFd 346 -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeExactly 'DescriptorInUse,PSFdPass.Commands.CopyFileDescriptorCommand'
            "$problem" | Should -BeLike 'The number 346 is in use by another descriptor: 346 *'
            (Get-FileDescriptor 346).Path | Should -Not -Be $path

            $second = Copy-FileDescriptor $file -TargetFd 346 -Force
            (Get-FileDescriptor 346).Path | Should -BeExactly $path
            $copy.IsOpen | Should -BeFalse
            $copy.Dispose()
            (Get-FileDescriptor 346).Path | Should -BeExactly $path
            $second.Dispose()
        }

        It 'does not leak a descriptor when it refuses' {
            $before = (Get-FileDescriptor -Path $path).Fd
            Copy-FileDescriptor $file -TargetFd 0 -ErrorAction SilentlyContinue
            (Get-FileDescriptor -Path $path).Fd | Should -Be $before
        }

        It 'replaces standard output for this process and those that it starts' {
            $script = {
                Import-Module $args[0]
                $target = Open-FileDescriptor $args[1] -Create
                $null = Copy-FileDescriptor $target -TargetFd 1 -Force
                [GC]::Collect()
                [GC]::WaitForPendingFinalizers()
                $start = [Diagnostics.ProcessStartInfo]::new('/bin/echo', [string[]]@('from a child'))
                [Diagnostics.Process]::Start($start).WaitForExit()
            }
            $null = pwsh -NoProfile -NonInteractive -Command $script -args "$PSScriptRoot/../out/PSFdPass", "$folder/output"
            Get-Content "$folder/output" | Should -Contain 'from a child'
        }
    }

    Context 'of another process' {
        It 'copies <_> from it' -ForEach 'file', 'pair-left', 'eventfd', 'memfd', 'tcp4-connected' {
            Skip-Without gcc
            $copy = Copy-FileDescriptor $other.Fd[$_] -ProcessId $other.Id
            $there = Get-FileDescriptor $other.Fd[$_] -ProcessId $other.Id
            $here = Get-FileDescriptor $copy
            $here.Kind | Should -Be $there.Kind
            $here.Target | Should -BeExactly $there.Target
            $here.Inode | Should -Be $there.Inode
            $copy.Flags.HasFlag([PSFdPass.DescriptorFlags]::CloseOnExec) | Should -BeTrue
        }

        It 'accepts the output of Get-FileDescriptor' {
            Skip-Without gcc
            $copy = Get-FileDescriptor -ProcessId $other.Id -Path */file.txt | Copy-FileDescriptor
            $copy.Count | Should -Be 2
            $copy.Target | Should -Be ("$($other.Folder)/file.txt", "$($other.Folder)/file.txt")
        }

        It 'shares the position with it' {
            Skip-Without gcc
            $copy = Copy-FileDescriptor $other.Fd['file'] -ProcessId $other.Id
            (Get-FileDescriptor $copy).Position | Should -Be 4
        }

        It 'creates a copy with a chosen number' {
            Skip-Without gcc
            $before = (Get-FileDescriptor -Kind MemoryFile).Fd
            $copy = Copy-FileDescriptor $other.Fd['memfd'] -ProcessId $other.Id -TargetFd 347
            $copy.Fd | Should -Be 347
            (Get-FileDescriptor -Kind MemoryFile).Fd | Should -Be (@($before | Where-Object { $_ }) + 347)
        }

        It 'accepts the ID of this process' {
            $copy = Copy-FileDescriptor $file.Fd -ProcessId $PID
            $copy.Target | Should -BeExactly $path
        }
    }

    Context 'errors' {
        It 'explains what is wrong with <Name>: <Id>' -ForEach @(
            @{ Name = 'a number that is not open'; Id = 'EBADF'; Do = { Copy-FileDescriptor 999999 } }
            @{ Name = 'a number that is not open, with -TargetFd'; Id = 'EBADF'; Do = { Copy-FileDescriptor 999999 -TargetFd 348 } }
            @{ Name = 'a number that is not open in the other process'; Id = 'EBADF'; Says = '*That process does not have this descriptor open*'
                Do = { Copy-FileDescriptor 999999 -ProcessId $other.Id } }
            @{ Name = 'a process that does not exist'; Id = 'ESRCH'
                Do = { Copy-FileDescriptor 0 -ProcessId (Start-Process true -PassThru -Wait).Id } }
            @{ Name = 'its own number as the target'; Id = 'InvalidArgument'; Do = { Copy-FileDescriptor $file.Fd -TargetFd $file.Fd } }
            @{ Name = 'a target number that no descriptor can have'; Id = 'OutOfRange'; Do = { Copy-FileDescriptor $file -TargetFd 2147483647 }; Says = '*ulimit -n*' }
            @{ Name = 'such a target number with -Force'; Id = 'OutOfRange'; Do = { Copy-FileDescriptor $file -TargetFd 2147483647 -Force } }
        ) {
            if ("$Do" -match 'other') { Skip-Without gcc }
            $problem = Get-ErrorOf $Do
            $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.CopyFileDescriptorCommand"
            "$problem" | Should -BeLike ($_.Says ?? '*')
        }

        It 'explains what copying from a process of another user requires' -Skip:(-not $isRoot) {
            Skip-Without gcc, setpriv
            $said = (Invoke-AsNobody "Copy-FileDescriptor $($other.Fd['file']) -ProcessId $($other.Id)") -join "`n"
            $said | Should -BeLike '*EPERM,PSFdPass.Commands.CopyFileDescriptorCommand*'
            $said | Should -BeLike '*PTRACE_MODE_ATTACH*CAP_SYS_PTRACE*'
            if (Test-Path /proc/sys/kernel/yama/ptrace_scope) {
                $said | Should -BeLike '*yama.ptrace_scope*'
            }
        }
    }

    Context 'completion' {
        It 'completes the numbers of the process in -ProcessId' {
            Skip-Without gcc
            $line = "Copy-FileDescriptor -ProcessId $($other.Id) -Fd memfd:one"
            $found = (TabExpansion2 $line $line.Length).CompletionMatches
            $found.CompletionText | Should -BeExactly "$($other.Fd['memfd'])"
            $found.ToolTip | Should -BeExactly 'MemoryFile /memfd:one_of_each (deleted)'
        }
    }

    Context '-Inheritable' {
        It 'makes a copy that child processes inherit; by default, they do not inherit it' {
            $inherited = Copy-FileDescriptor $file -Inheritable
            $own = Copy-FileDescriptor $file
            $inherited.Flags | Should -Be None
            $own.Flags | Should -Be CloseOnExec
            sh -c "test -e /proc/self/fd/$($inherited.Fd)"
            $LASTEXITCODE | Should -Be 0
            sh -c "test -e /proc/self/fd/$($own.Fd)"
            $LASTEXITCODE | Should -Be 1
            $inherited, $own | ForEach-Object Dispose
        }
    }

    It 'replaces nothing with -WhatIf' {
        $taken = Copy-FileDescriptor 0 -TargetFd 349
        Copy-FileDescriptor $file -TargetFd 349 -Force -WhatIf | Should -BeNullOrEmpty
        $taken.Target | Should -Be (Get-FileDescriptor 0).Target
        $taken.Dispose()
    }
}
