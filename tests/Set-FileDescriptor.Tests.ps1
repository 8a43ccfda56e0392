Describe 'Set-FileDescriptor' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $path = "$((Get-PSDrive TestDrive).Root)/letters"
        Set-Content $path abc -NoNewline
    }

    BeforeEach {
        $file = Open-FileDescriptor $path
    }

    AfterEach {
        $file.Dispose()
    }

    It 'makes a descriptor inheritable, and reverts that' {
        Set-FileDescriptor $file -CloseOnExec:$false
        $file.Flags | Should -Be None
        bash -c "cat <&$($file.Fd)" | Should -Be abc
        Set-FileDescriptor $file -CloseOnExec
        $file.Flags | Should -Be CloseOnExec
    }

    It 'sets O_NONBLOCK for every holder, and clears it' {
        $left, $right = New-UnixSocketPair
        $copy = Copy-FileDescriptor $left
        Set-FileDescriptor $left -NonBlocking
        $copy.Flags | Should -Be 'CloseOnExec, NonBlocking'
        Set-FileDescriptor $left -NonBlocking:$false
        $copy.Flags | Should -Be CloseOnExec
        $left, $right, $copy | ForEach-Object Dispose
    }

    It 'accepts <Name>' -ForEach @(
        @{ Name = 'a number'; Of = { $file.Fd } }
        @{ Name = 'a DescriptorInfo from the pipeline'; Of = { Get-FileDescriptor $file } }
        @{ Name = 'a custom object'; Of = { [pscustomobject]@{ SafeHandle = $file.SafeHandle } } }
    ) {
        & $Of | Set-FileDescriptor -CloseOnExec:$false
        $file.Flags | Should -Be None
    }

    It 'changes nothing with -WhatIf' {
        Set-FileDescriptor $file -CloseOnExec:$false -WhatIf
        $file.Flags | Should -Be CloseOnExec
    }

    It 'returns the input with -PassThru' {
        Set-FileDescriptor $file -CloseOnExec -PassThru | Should -Be $file
        Set-FileDescriptor $file -CloseOnExec | Should -BeNullOrEmpty
    }

    It 'requires at least one setting' {
        { Set-FileDescriptor $file } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage '*-CloseOnExec or -NonBlocking*'
    }

    It 'continues after <Name>: <Id>' -ForEach @(
        @{ Name = 'a number that is not open'; Bad = { 999999 }; Id = 'EBADF' }
        @{ Name = 'a closed object'; Bad = { $closed = Open-FileDescriptor $path; $closed.Dispose(); $closed }; Id = 'Closed' }
        @{ Name = 'an object without a descriptor'; Bad = { [Version]'1.0' }; Id = 'InvalidArgument' }
    ) {
        $problem = Get-ErrorOf { Set-FileDescriptor (& $Bad), $file -CloseOnExec:$false }
        $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.SetFileDescriptorCommand"
        $file.Flags | Should -Be None
    }
}

Describe 'Open-FileDescriptor -Fd' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $path = "$((Get-PSDrive TestDrive).Root)/inherited"
        Set-Content $path abc -NoNewline
        $module = (Get-Module PSFdPass).Path
    }

    It 'adopts an inherited descriptor: <Name>' -ForEach @(
        @{ Name = 'by number'; Adopt = 'Open-FileDescriptor -Fd 57' }
        @{ Name = 'by its description'; Adopt = 'Get-FileDescriptor 57 | Open-FileDescriptor' }
    ) {
        $script = "Import-Module '$module'; `$file = $Adopt; `"`$(`$file.Fd) `$(`$file.Flags) `$(`$file.Target)`"
            try { Open-FileDescriptor -Fd 57 -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }
            `$file.Dispose(); [bool](Get-FileDescriptor 57 -ErrorAction Ignore)"
        bash -c 'exec 57<"$1"; exec "$2" -NoProfile -NonInteractive -Command "$3"' bash $path $Pwsh $script |
            Should -Be "57 CloseOnExec $path", 'DescriptorInUse,PSFdPass.Commands.OpenFileDescriptorCommand', 'False'
    }

    It 'refuses a descriptor that has an owner in this process: <Name>' -ForEach @(
        @{ Name = 'a FileDescriptor'; Make = { $script:owner = Open-FileDescriptor $path; $owner.Fd } }
        @{ Name = 'an inheritable FileDescriptor'; Make = { $script:owner = Open-FileDescriptor $path; Set-FileDescriptor $owner -CloseOnExec:$false; $owner.Fd } }
        @{ Name = 'an inheritable copy'; Make = { $script:owner = Copy-FileDescriptor 0 -Inheritable; $owner.Fd } }
        @{ Name = 'a stream of .NET'; Make = { $script:owner = [IO.File]::OpenRead($path); [int]$owner.SafeFileHandle.DangerousGetHandle() } }
        @{ Name = 'a standard stream'; Make = { $script:owner = $null; 1 } }
    ) {
        $fd = & $Make
        $problem = Get-ErrorOf { Open-FileDescriptor -Fd $fd }
        $problem.FullyQualifiedErrorId | Should -BeLike 'DescriptorInUse,*'
        ${owner}?.Dispose()
    }

    It 'says that a number is not open' {
        (Get-ErrorOf { Open-FileDescriptor -Fd 999999 }).FullyQualifiedErrorId | Should -BeLike 'EBADF,*'
    }
}
