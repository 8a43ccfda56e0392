BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    . $PSScriptRoot/Support/Stopping.ps1
    . $PSScriptRoot/Support/OneOfEach.ps1
}

Describe 'Wait-FileDescriptor' {
    BeforeEach {
        $left, $right = New-UnixSocketPair
        $other, $peer = New-UnixSocketPair
    }

    AfterEach {
        $left, $right, $other, $peer | ForEach-Object Dispose
        Clear-Program
    }

    It 'returns those that are ready, as the objects that were passed' {
        Write-FileDescriptor $left 'x'
        $stream = [Net.Sockets.NetworkStream]::new($right)
        [object]::ReferenceEquals((Wait-FileDescriptor $stream, $other), $stream) | Should -BeTrue
        Wait-FileDescriptor ([int]$right.Handle), $other | Should -Be ([int]$right.Handle)
        $other, $right | Wait-FileDescriptor | Should -Be $right
        Write-FileDescriptor $peer 'y'
        @(Wait-FileDescriptor $right, $other).Count | Should -Be 2
        @(Wait-FileDescriptor $right, $right.SafeHandle).Count | Should -Be 2 -Because 'both hold the same descriptor'
    }

    It 'waits for space, and with -All for all descriptors' {
        @(Wait-FileDescriptor $left, $right -Writable -All).Count | Should -Be 2
        Write-FileDescriptor $left 'x'
        Wait-FileDescriptor $right, $other -All -TimeoutSeconds 0.1 | Should -Be $right
        $null = Start-ThreadJob { Start-Sleep -Milliseconds 200; $null = ($using:peer).Send([byte[]]1) }
        @(Wait-FileDescriptor $right, $other -All -TimeoutSeconds 30).Count | Should -Be 2
        Get-Job | Remove-Job -Force
    }

    It 'returns nothing after the time limit' {
        Wait-FileDescriptor $right, $other -TimeoutSeconds 0.05 -ErrorVariable failed | Should -BeNullOrEmpty
        Wait-FileDescriptor $right -TimeoutSeconds 0 -ErrorVariable +failed | Should -BeNullOrEmpty
        $failed | Should -BeNullOrEmpty
    }

    It 'reports the end of a connection, and files, as ready' {
        $peer.Dispose()
        $file = New-MemoryFile x
        @(Wait-FileDescriptor $other, $file).Count | Should -Be 2
        $file.Close()
    }

    It 'waits for events, timers and the end of a process' {
        Skip-Without gcc
        $one = Start-OneOfEach $TestDrive
        try {
            $process, $timer, $counter = 'pidfd', 'timerfd', 'eventfd' |
                ForEach-Object { Copy-FileDescriptor $one.Fd[$_] -ProcessId $one.Id }
        }
        catch {
            $one.Stop()
            Set-ItResult -Skipped -Because "$_"
            return
        }

        Wait-FileDescriptor $process, $timer, $counter -TimeoutSeconds 0.05 | Should -BeNullOrEmpty
        Write-FileDescriptor $counter ([byte[]](1, 0, 0, 0, 0, 0, 0, 0))
        Wait-FileDescriptor $process, $timer, $counter | Should -Be $counter
        $null = Read-FileDescriptor $counter -Count 8
        $one.Stop()
        Wait-FileDescriptor $process, $timer, $counter -TimeoutSeconds 30 | Should -Be $process
        $process, $timer, $counter | Close-FileDescriptor
    }

    It 'continues after an object without a descriptor' {
        Write-FileDescriptor $left 'x'
        $result = Wait-FileDescriptor 'no', 54321, $right 2>&1
        $result[0].FullyQualifiedErrorId | Should -BeLike 'InvalidArgument,*'
        $result[1].FullyQualifiedErrorId | Should -BeLike 'EBADF,*'
        $result[2] | Should -Be $right
    }

    It 'ends when the object is closed on another thread' {
        $null = Start-ThreadJob { Start-Sleep -Milliseconds 200; ($using:right).Dispose() }
        (Get-ErrorOf { Wait-FileDescriptor $right, $other -TimeoutSeconds 30 }).FullyQualifiedErrorId | Should -BeLike 'Closed,*'
        Get-Job | Remove-Job -Force
    }

    It 'stops at once: <Name>' -ForEach @(
        @{ Name = 'objects'; Convert = { @{ InputObject = $right, $other } } }
        @{ Name = 'a set'; Convert = { @{ InputObject = (New-FileDescriptorSet $right) } } }
        @{ Name = 'a set that is followed'; Convert = { @{ InputObject = (New-FileDescriptorSet $right); Follow = $true } } }
    ) {
        Invoke-Stop Wait-FileDescriptor (& $Convert) | Should -Be Stopped
    }
}

Describe 'A file descriptor set' {
    BeforeEach {
        $left, $right = New-UnixSocketPair
        $set = New-FileDescriptorSet
    }

    AfterEach {
        $left, $right, $set | ForEach-Object Dispose
    }

    It 'has members that are added, changed and removed' {
        $set.Count | Should -Be 0
        $set.Add($right)
        $set.Contains($right) | Should -BeTrue
        { $set.Add($right) } | Should -Throw
        { $set.Add('text') } | Should -Throw '*does not hold a descriptor*'
        Wait-FileDescriptor $set -TimeoutSeconds 0.05 | Should -BeNullOrEmpty
        $set.Change($right, 'Writable')
        Wait-FileDescriptor $set | Should -Be $right
        $set.Remove($right) | Should -BeTrue
        $set.Remove($right) | Should -BeFalse
        $set.Count | Should -Be 0
        $set.Add([int]$left.Handle, 'Writable')
        Wait-FileDescriptor $set | Should -Be ([int]$left.Handle)
        $set.Remove([int]$left.Handle) | Should -BeTrue
    }

    It 'is followed until it has no members' {
        Write-FileDescriptor $left 'one', 'two'
        $left.Dispose()
        $set.Add($right)
        $lines = Wait-FileDescriptor $set -Follow | ForEach-Object {
            $line = Read-FileDescriptor $_ -Line
            if ($null -eq $line) { $null = $set.Remove($_) } else { $line }
        }
        $lines | Should -BeExactly one, two
    }

    It 'returns nothing immediately when it has no members' {
        Wait-FileDescriptor $set | Should -BeNullOrEmpty
    }

    It 'drops members that are closed without being removed' {
        $set.Add($right)
        $right.Dispose()
        $set.Members | Should -Be $right
        $said = Wait-FileDescriptor $set -Follow -Verbose 4>&1
        $said[-1] | Should -BeExactly 'Removed 1 member that had been closed from the set.'
        $set.Count, $set.Members.Count | Should -Be 0, 0
    }

    It 'reports the other members after one was closed without being removed' {
        $set.Add($left)
        $set.Add($right)
        $extra = Open-FileDescriptor /dev/null
        $copy = $left.SafeHandle
        $other = (Copy-FileDescriptor $left).OpenSocket()
        $set.Remove($left) | Should -BeTrue
        $set.Add($other)
        $other.Dispose()
        $null = $left.Send([byte[]]1)
        Wait-FileDescriptor $set -TimeoutSeconds 30 | Should -Be $right
        $set.Contains($right) | Should -BeTrue
        $extra.Dispose()
        $copy.IsClosed | Should -BeFalse
    }

    It 'watches 10,000 connections, of which one has data' -Skip:([int](bash -c 'ulimit -Hn' | ForEach-Object { $_ -replace 'unlimited', 1e9 }) -lt 10500) {
        $sockets = foreach ($number in 1..5000) { New-UnixSocketPair }
        $sockets | ForEach-Object { $set.Add($_) }
        $set.Count | Should -Be 10000
        Wait-FileDescriptor $set -TimeoutSeconds 0 | Should -BeNullOrEmpty
        foreach ($index in 0, 4998, 9998) {
            $null = $sockets[$index].Send([byte[]]1)
            Wait-FileDescriptor $set -TimeoutSeconds 30 | Should -Be $sockets[$index + 1]
            $null = $sockets[$index + 1].Receive([byte[]]::new(1))
        }

        $sockets | ForEach-Object Dispose
    }

    It 'cannot be combined with other objects, -Readable, -Writable or -All' {
        $set.Add($right)
        { Wait-FileDescriptor $set, $left } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Wait-FileDescriptor $set -Writable } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Wait-FileDescriptor $set -Readable } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Wait-FileDescriptor $set -All } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Wait-FileDescriptor $right -Follow } | Should -Throw -ErrorId 'InvalidArgument,*'
        $set.Dispose()
        { Wait-FileDescriptor $set } | Should -Throw -ErrorId 'Closed,*' -ExpectedMessage '*FileDescriptorSet*'
        $right.Blocking | Should -BeTrue -Because 'the members stay open'
    }
}
