Describe 'The -Fd of <Command>' -ForEach @{ Command = 'Copy-FileDescriptor' }, @{ Command = 'Get-FileDescriptor' } {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $path = "$((Get-PSDrive TestDrive).Root)/letters"
        Set-Content $path abc -NoNewline
    }

    It 'refuses <Name>, which PowerShell would convert to a number' -ForEach @(
        @{ Name = 'an empty text'; Value = '' }
        @{ Name = 'a text'; Value = 'three' }
        @{ Name = 'true'; Value = $true }
        @{ Name = 'a fraction'; Value = 1.5 }
        @{ Name = 'null in an array'; Value = @($null) }
        @{ Name = 'a number that no descriptor has'; Value = [long]::MaxValue }
    ) {
        { & $Command -Fd $Value } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'refuses a negative number' {
        (Get-ErrorOf { & $Command -Fd -1 }).FullyQualifiedErrorId | Should -BeLike 'OutOfRange,*'
    }

    It 'refuses an object without a descriptor' {
        { & $Command -Fd ([Version]'1.0') } | Should -Throw -ErrorId 'CannotConvertArgument*'
    }

    It 'accepts <Name>' -ForEach @(
        @{ Name = 'a number'; Of = { [int]$handle.DangerousGetHandle() } }
        @{ Name = 'a number in a text'; Of = { "$($handle.DangerousGetHandle())" } }
        @{ Name = 'a byte'; Of = { [byte][int]$handle.DangerousGetHandle() } }
        @{ Name = 'a handle'; Of = { $handle } }
        @{ Name = 'a custom object with a handle'; Of = { [pscustomobject]@{ SafeFileHandle = $handle } } }
    ) {
        $handle = [IO.File]::OpenHandle($path)
        $found = & $Command -Fd (& $Of)
        $found.Target | Should -BeExactly $path
        $handle.Dispose()
        if ($found -is [IDisposable]) { $found.Dispose() }
    }

    It 'keeps the object that has the number open until it is done' {
        # Nothing else refers to the first object, and reading the second one makes the garbage collector run.
        $collect = [pscustomobject]@{} | Add-Member -PassThru ScriptProperty SafeHandle {
            [GC]::Collect()
            [GC]::WaitForPendingFinalizers()
            [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr]0, $false)
        }
        foreach ($round in 1..5) {
            if ($Command -eq 'Get-FileDescriptor') {
                (Get-FileDescriptor (Open-FileDescriptor $path), $collect)[0].Target | Should -BeExactly $path
            }
            else {
                $copies = (Open-FileDescriptor $path), $collect | Copy-FileDescriptor
                $copies[0].Target | Should -BeExactly $path
                $copies.Dispose()
            }
        }
    }
}
