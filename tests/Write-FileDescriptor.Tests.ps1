BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    . $PSScriptRoot/Support/Stopping.ps1
}

Describe 'Write-FileDescriptor' {
    BeforeEach {
        $left, $right = New-UnixSocketPair
    }

    AfterEach {
        $left.Dispose()
        $right.Dispose()
    }

    It 'writes text with line feeds, and bytes unchanged' {
        Write-FileDescriptor $left 'one', 'zwei ä'
        'three' | Write-FileDescriptor $left
        Write-FileDescriptor $left 'no' -NoNewline
        Write-FileDescriptor $left ([byte[]](65, 10))
        [byte[]](66, 10) | Write-FileDescriptor $left
        Write-FileDescriptor $left 42, ''
        $left.Dispose()
        Read-FileDescriptor $right -Raw | Should -BeExactly "one`nzwei ä`nthree`nnoA`nB`n42`n`n"
    }

    It 'encodes text' {
        Write-FileDescriptor $left 'ä' -Encoding latin1
        $bytes = Read-FileDescriptor $right -Count 2 -AsByteStream
        $bytes | Should -Be 228, 10
    }

    It 'writes each object at once' {
        $seen = 'a', 'b' | ForEach-Object { $_; if ($_ -eq 'b') { Read-FileDescriptor $right -Line -TimeoutSeconds 10 | Set-Variable first -Scope 1 } } |
            Write-FileDescriptor $left
        $seen | Should -BeNullOrEmpty
        $first | Should -BeExactly a
    }

    It 'writes at the shared offset of a file' {
        $file = Open-FileDescriptor "$TestDrive/shared" -Access Write -Create
        $copy = Copy-FileDescriptor $file
        Write-FileDescriptor $file 'one'
        Write-FileDescriptor $copy 'two'
        Get-Content "$TestDrive/shared" | Should -BeExactly one, two
        $file.Close()
        $copy.Close()
    }

    It 'writes 10 MB to a reader that is slow, and ends by its time limit on one that does not read' {
        $bytes = [byte[]]::new(10mb)
        [Random]::new(5).NextBytes($bytes)
        $shell = [powershell]::Create()
        $null = $shell.AddScript('param($Module, $Socket) Import-Module $Module; , (Read-FileDescriptor $Socket -Raw -AsByteStream)').AddArgument((Get-Module PSFdPass).Path).AddArgument($right)
        $reading = $shell.BeginInvoke()
        Write-FileDescriptor $left $bytes -TimeoutSeconds 60
        $left.Shutdown('Send')
        [byte[]]$read = $shell.EndInvoke($reading)[0]
        $shell.Dispose()
        [Linq.Enumerable]::SequenceEqual($read, $bytes) | Should -BeTrue

        { Write-FileDescriptor $right $bytes -TimeoutSeconds 0.1 } | Should -Throw -ErrorId 'TimedOut,*'
        Invoke-Stop Write-FileDescriptor @{ Descriptor = $right; InputObject = $bytes } | Should -Be Stopped
    }

    It 'copies <From> to <To>' -ForEach @(
        @{ From = 'file'; To = 'file' }
        @{ From = 'file'; To = 'socket' }
        @{ From = 'socket'; To = 'file' }
    ) {
        $text = 'abcdefghij' * 5000
        Set-Content "$TestDrive/source" $text -NoNewline
        $source = $From -eq 'file' ? (Open-FileDescriptor "$TestDrive/source") : $right
        $target = $To -eq 'file' ? (Open-FileDescriptor "$TestDrive/target" -Access ReadWrite -Create) : $left
        if ($From -eq 'socket') {
            Write-FileDescriptor $left $text -NoNewline
            $left.Shutdown('Send')
        }

        (Write-FileDescriptor $target -From $source -Verbose 4>&1)[-1].Message | Should -BeExactly 'Copied 50000 bytes.'
        if ($To -eq 'socket') {
            Read-FileDescriptor $right -Count 50000 | Should -BeExactly $text
        }
        else {
            Get-Content "$TestDrive/target" -Raw | Should -BeExactly $text
        }

        if ($source -is [IDisposable] -and $From -eq 'file') { $source.Dispose() }
        if ($To -eq 'file') { $target.Dispose() }
        Remove-Item "$TestDrive/target" -ErrorAction Ignore
    }

    It 'copies a number of bytes' {
        $file = New-MemoryFile letters abcdefghij
        Write-FileDescriptor $left -From $file -Count 4
        Read-FileDescriptor $right -Count 4 | Should -BeExactly abcd
        Read-FileDescriptor $file -Raw | Should -BeExactly efghij
        $file.Close()
    }

    It 'stops a copy, and ends it by its time limit' {
        $target = New-MemoryFile target
        { Write-FileDescriptor $target -From $right -TimeoutSeconds 0.05 } | Should -Throw -ErrorId 'TimedOut,*'
        Invoke-Stop Write-FileDescriptor @{ Descriptor = $target; From = $right } | Should -Be Stopped
        $target.Close()
    }

    It 'shows the progress of a copy that takes over a second' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript(
            'param($Module, $From, $To) Import-Module $Module; Write-FileDescriptor $To -From $From').AddArgument(
            (Get-Module PSFdPass).Path).AddArgument($right).AddArgument((New-MemoryFile target))
        $running = $shell.BeginInvoke()
        foreach ($part in 1..15) {
            Write-FileDescriptor $left 'text'
            Start-Sleep -Milliseconds 100
        }

        $left.Dispose()
        $null = $shell.EndInvoke($running)
        $shell.Streams.Progress | Where-Object Activity -EQ Copying | Should -Not -BeNullOrEmpty
        $shell.Streams.Progress[-1].RecordType | Should -Be Completed
        $shell.Dispose()
    }

    It 'writes nothing with -WhatIf' {
        Write-FileDescriptor $left 'text' -WhatIf
        Write-FileDescriptor $left -From (New-MemoryFile x text) -WhatIf
        $right.Available | Should -Be 0
    }

    It 'reports a peer that has closed, and data that can''t be written' {
        $right.Dispose()
        { Write-FileDescriptor $left 'text' } | Should -Throw -ErrorId 'EPIPE,*'
        $file = Open-FileDescriptor /etc/hosts
        { Write-FileDescriptor $file 'text' } | Should -Throw -ErrorId 'EBADF,*'
        $file.Close()
        { Write-FileDescriptor $file 'text' } | Should -Throw -ErrorId 'Closed,*'
        { Write-FileDescriptor 'path.txt' 'text' } | Should -Throw -ErrorId 'InvalidArgument,*'
    }
}
