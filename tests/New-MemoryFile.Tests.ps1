Describe 'New-MemoryFile' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
    }

    AfterEach {
        $file | Where-Object { $_ } | ForEach-Object Dispose
        $file = $null
    }

    It 'creates an empty file, open for reading and writing, at its beginning' {
        $file = New-MemoryFile
        $file | Should -BeOfType PSFdPass.FileDescriptor
        $file.Kind | Should -Be MemoryFile
        $file.Access | Should -Be ReadWrite
        $file.Flags | Should -Be CloseOnExec
        $info = Get-FileDescriptor $file
        $info.Size | Should -Be 0
        $info.Position | Should -Be 0
        $info.Seals | Should -Be None
    }

    It 'has the specified name' {
        $file = New-MemoryFile 'my notes'
        $file.Target | Should -BeExactly '/memfd:my notes (deleted)'
    }

    It 'contains a text, as UTF-8, and is at its beginning' {
        $file = New-MemoryFile -Content 'grüße'
        (Get-FileDescriptor $file).Size | Should -Be 7
        (Get-FileDescriptor $file).Position | Should -Be 0
        Read-All $file | Should -BeExactly 'grüße'
    }

    It 'creates a file for each object from the pipeline' {
        $files = 'one', 'two' | New-MemoryFile name
        $files | ForEach-Object { Read-FileDescriptor $_ -Raw } | Should -BeExactly one, two
        $files.Target | Sort-Object -Unique | Should -BeLike '/memfd:name*'
        $files | ForEach-Object Dispose
    }

    It 'contains bytes' {
        $file = New-MemoryFile -Content ([byte[]](0, 1, 255))
        $stream = $file.OpenStream()
        $stream.ReadByte(), $stream.ReadByte(), $stream.ReadByte(), $stream.ReadByte() | Should -Be 0, 1, 255, -1
        $stream.Dispose()
    }

    It 'can contain 20 MB' {
        $file = New-MemoryFile -Content ([byte[]]::new(20MB))
        (Get-FileDescriptor $file).Size | Should -Be 20MB
    }

    It 'can be written to by its receiver' {
        $file = New-MemoryFile -Content 'abc'
        $left, $right = New-UnixSocketPair
        Send-FileDescriptor $left $file
        $stream = Receive-FileDescriptor $right -As Stream
        $stream.Write([byte[]](88, 89))
        $stream.Position | Should -Be 2
        $stream.Position = 0
        $stream.Dispose()
        $left, $right | ForEach-Object Dispose
        Read-All $file | Should -BeExactly 'XYc'
    }

    It 'seals <Seal>: it can''t be <Cannot>' -ForEach @(
        @{ Seal = 'Write'; Cannot = 'written'; Do = { param($stream) $stream.Write([byte[]](88)); $stream.Flush() } }
        @{ Seal = 'Grow'; Cannot = 'longer'; Do = { param($stream) $stream.SetLength(10) } }
        @{ Seal = 'Shrink'; Cannot = 'shorter'; Do = { param($stream) $stream.SetLength(1) } }
    ) {
        $file = New-MemoryFile -Content 'abc' -Seal $Seal
        (Get-FileDescriptor $file).Seals | Should -Be $Seal
        $stream = (Copy-FileDescriptor $file).OpenStream()
        { & $Do $stream } | Should -Throw
        $free = New-MemoryFile -Content 'abc'
        & $Do ($unsealed = (Copy-FileDescriptor $free).OpenStream())
        $unsealed.Dispose()
        $free.Dispose()
        try { $stream.Dispose() } catch { $stream = $null }
        Read-All $file | Should -BeExactly 'abc'
    }

    It 'accepts several seals' {
        $file = New-MemoryFile -Content 'abc' -Seal Write, Grow, Shrink, Seal
        (Get-FileDescriptor $file).Seals | Should -Be 'Seal, Shrink, Grow, Write'
    }

    It 'disappears when it is closed' {
        $before = (Get-FileDescriptor -Kind MemoryFile).Count
        (New-MemoryFile).Dispose()
        (Get-FileDescriptor -Kind MemoryFile).Count | Should -Be $before
    }

    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a name that is too long'; Id = 'InvalidArgument'; Do = { New-MemoryFile ('x' * 250) }; Says = 'The name of a memory file must have at most 249 bytes and no null character*' }
        @{ Name = 'a name with a NUL'; Id = 'InvalidArgument'; Do = { New-MemoryFile "a`0b" }; Says = '*no NUL*' }
        @{ Name = 'an unknown seal'; Id = 'EINVAL'; Do = { New-MemoryFile -Seal ([Enum]::ToObject([PSFdPass.MemoryFileSeals], 4096)) }; Says = '*F_ADD_SEALS*' }
    ) {
        $before = (Get-FileDescriptor -Kind MemoryFile).Count
        $problem = Get-ErrorOf $Do
        $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.NewMemoryFileCommand"
        "$problem" | Should -BeLike $Says
        (Get-FileDescriptor -Kind MemoryFile).Count | Should -Be $before
    }

    It 'accepts a name of 249 bytes' {
        $file = New-MemoryFile ('x' * 249)
        $file.IsOpen | Should -BeTrue
    }

    It 'completes seals' {
        $line = 'New-MemoryFile -Seal Fut'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -BeExactly 'FutureWrite'
    }
}
