Describe 'New-UnixSocketPair' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
    }

    AfterAll {
        Clear-Program
    }

    It 'makes two sockets, connected to each other' {
        $left, $right = New-UnixSocketPair
        $left, $right | Should -BeOfType ([Net.Sockets.Socket])
        $left.AddressFamily | Should -Be Unix
        $left.SocketType | Should -Be Stream
        $left.Connected | Should -BeTrue
        $null = $left.Send([Text.Encoding]::UTF8.GetBytes('from left'))
        $buffer = [byte[]]::new(100)
        [Text.Encoding]::UTF8.GetString($buffer, 0, $right.Receive($buffer)) | Should -BeExactly 'from left'
        $left, $right | ForEach-Object Dispose
    }

    It 'makes <Type> sockets, which <Keep> the boundaries of messages' -ForEach @(
        @{ Type = 'Stream'; Keep = 'do not keep'; First = 5 }
        @{ Type = 'SeqPacket'; Keep = 'keep'; First = 3 }
        @{ Type = 'Datagram'; Keep = 'keep'; First = 3 }
    ) {
        $left, $right = New-UnixSocketPair $Type
        $null = $left.Send([byte[]](1, 2, 3))
        $null = $left.Send([byte[]](4, 5))
        $right.Receive([byte[]]::new(100)) | Should -Be $First
        $left, $right | ForEach-Object Dispose
    }

    It 'creates sockets that no child inherits' {
        $left, $right = New-UnixSocketPair
        $ours = $left, $right | ForEach-Object { [IO.FileInfo]::new("/proc/self/fd/$($_.Handle)").LinkTarget }
        $ours | Should -Match '^socket:'
        $childs = sh -c 'ls -l /proc/self/fd'
        "$childs" | Should -Match 'pipe:|/dev/'
        foreach ($link in $ours) {
            "$childs" | Should -Not -BeLike "*$link*"
        }

        $left, $right | ForEach-Object Dispose
    }

    It 'closes with the sockets, and leaves nothing open' {
        Assert-NothingLeaks {
            $left, $right = New-UnixSocketPair SeqPacket
            $left.Dispose()
            $right.Dispose()
        }
    }

    It 'is closed by the garbage collector when it is dropped' {
        Assert-NothingLeaks { New-UnixSocketPair }
    }

    It 'warns once for both sockets when the system allows less than requested' {
        $pair = New-UnixSocketPair -SendBufferSize 2000000000 -ReceiveBufferSize 2000000000 -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings -match 'a send buffer of \d+ bytes, not 2000000000' | Should -HaveCount 1
        $warnings -match 'a receive buffer of \d+ bytes, not 2000000000' | Should -HaveCount 1
        $warnings | Should -HaveCount 2
        $pair | ForEach-Object Dispose
    }

    It 'completes the types of sockets' {
        $line = 'New-UnixSocketPair -SocketType '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be Datagram, SeqPacket, Stream
    }

    It 'lists the types in the error about another type' {
        { New-UnixSocketPair -SocketType Raw } |
            Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*' -ExpectedMessage '*Stream, SeqPacket, Datagram*'
    }

    It 'explains what to do when no descriptor is left' {
        $program = Invoke-Program sh '-c', @"
            ulimit -n 250
            exec '$Pwsh' -NoProfile -Command '
                Import-Module "$Repository/out/PSFdPass"
                try { for () { `$kept += New-UnixSocketPair -ErrorAction Stop } }
                catch { `$kept | ForEach-Object Dispose; "`$_ | `$(`$_.FullyQualifiedErrorId) | `$(`$_.CategoryInfo.Category)" }
            '
"@
        $line = Wait-ProgramLine $program 'socketpair'
        $line | Should -BeLike '*EMFILE*ulimit -n*| EMFILE,*NewUnixSocketPairCommand | LimitsExceeded'
        Wait-Program $program | Should -Be 0
    }
}
