Describe '-TimeoutSeconds of <Command>' -ForEach @(
    @{ Command = 'Connect-UnixSocket'; With = { @{ Path = "$TestDrive/none.sock"; Wait = $true } } }
    @{ Command = 'Open-FileDescriptor'; With = { @{ Path = "$TestDrive/pipe" } } }
    @{ Command = 'Read-FileDescriptor'; With = { @{ InputObject = $right; Line = $true } } }
    @{ Command = 'Receive-FileDescriptor'; With = { @{ Socket = $right } } }
    @{ Command = 'Send-FileDescriptor'; With = { @{ Socket = $left; InputObject = "$TestDrive/pipe" } } }
    @{ Command = 'Wait-UnixSocketConnection'; With = { @{ Listener = $listener } } }
    @{ Command = 'Write-FileDescriptor'; With = { @{ Descriptor = $left; From = $right } } }
) {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $TestDrive = (Get-PSDrive TestDrive).Root
        $left, $right = New-UnixSocketPair
        $listener = New-UnixSocketListener "$TestDrive/listener.sock"
        mkfifo "$TestDrive/pipe"
        $arguments = & $With
    }

    AfterAll {
        $left, $right, $listener | ForEach-Object Dispose
        Remove-Item "$TestDrive/pipe", "$TestDrive/listener.sock" -ErrorAction Ignore
    }

    It 'refuses <_>' -ForEach '-0.4', '-1', 'NaN', '-Infinity', 'soon', '', '3000000' {
        { & $Command @arguments -TimeoutSeconds $_ } | Should -Throw -ErrorId "ParameterArgumentTransformationError,*"
        $number = $_ -as [double]
        if ($null -ne $number -and $_) {
            { & $Command @arguments -TimeoutSeconds $number } | Should -Throw -ErrorId "ParameterArgumentTransformationError,*"
        }
    }

    It 'refuses a negative TimeSpan and a Boolean' {
        { & $Command @arguments -TimeoutSeconds ([timespan]::FromSeconds(-3)) } | Should -Throw -ErrorId "ParameterArgumentTransformationError,*"
        { & $Command @arguments -TimeoutSeconds $true } | Should -Throw -ErrorId "ParameterArgumentTransformationError,*"
    }

    It 'waits for <Name> and no longer' -ForEach @(
        @{ Name = 'zero'; Limit = 0 }
        @{ Name = 'a fraction'; Limit = 0.05 }
        @{ Name = 'a text'; Limit = '0.05' }
        @{ Name = 'a TimeSpan'; Limit = [timespan]::FromMilliseconds(50) }
    ) {
        { & $Command @arguments -TimeoutSeconds $Limit -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,*'
    }

    It 'waits without a limit for <Name>, until the command is stopped' -ForEach @(
        @{ Name = 'null'; Limit = $null }
        @{ Name = 'infinity'; Limit = [double]::PositiveInfinity }
        @{ Name = 'the infinite TimeSpan'; Limit = [Threading.Timeout]::InfiniteTimeSpan }
    ) {
        $state = [initialsessionstate]::CreateDefault2()
        $state.ImportPSModule((Get-Module PSFdPass).Path)
        $shell = [powershell]::Create($state)
        $null = $shell.AddCommand($Command).AddParameters($arguments).AddParameter('TimeoutSeconds', $Limit)
        $running = $shell.BeginInvoke()
        $running.AsyncWaitHandle.WaitOne(1000) | Should -BeFalse
        $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
        $shell.InvocationStateInfo.State | Should -Be Stopped
        $shell.Dispose()
    }
}
