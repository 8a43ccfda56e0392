Describe 'New-UnixSocketListener' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1

        function Get-Mode([string] $Path) {
            stat -c %a $Path
        }

        # Creates a socket file whose process has ended without removing it.
        function New-StaleSocket([string] $Path) {
            Skip-Without python3
            python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $Path
            $LASTEXITCODE | Should -Be 0
        }

        # Connects as the user nobody, who has only the search permission for the folder. Returns the error if that fails.
        function Connect-Nobody([string] $Path) {
            Skip-Without setpriv, perl
            setpriv --reuid=65534 --regid=65534 --clear-groups perl -MIO::Socket::UNIX -e (
                'IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die "$!\n"; print "connected"') $Path 2>&1
        }
    }

    BeforeEach {
        $folder = [IO.Directory]::CreateTempSubdirectory('psfdpass-').FullName
        Push-Location $folder
    }

    AfterEach {
        Pop-Location
        $listener, $other | ForEach-Object { ${_}?.Dispose() }
        Clear-Program
        [IO.Directory]::Delete($folder, $true)
    }

    It 'listens on a <Type> socket that another program reaches' -ForEach @(
        @{ Type = 'Stream'; Number = 'SOCK_STREAM' }
        @{ Type = 'SeqPacket'; Number = 'SOCK_SEQPACKET' }
    ) {
        $listener = New-UnixSocketListener "$folder/a.sock" -SocketType $Type
        $listener | Should -BeOfType ([Net.Sockets.Socket])
        $client = Invoke-Program python3 '-c', "import socket; s = socket.socket(socket.AF_UNIX, socket.$Number); s.connect('a.sock'); print(s.recv(9).decode())"
        $other = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        $null = $other.Send([Text.Encoding]::UTF8.GetBytes('welcome'))
        Wait-Program $client | Should -Be 0
        $client.Lines | Should -BeExactly 'welcome'
    }

    It 'makes a datagram socket that another program sends to' {
        Skip-Without python3
        $listener = New-UnixSocketListener a.sock -SocketType Datagram
        python3 -c 'import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b"one", "a.sock"); s.sendto(b"two", "a.sock")'
        1..2 | ForEach-Object { Receive-FileDescriptor $listener -AsMessage -TimeoutSeconds 5 } | ForEach-Object Text | Should -Be one, two
    }

    It 'resolves a relative path in the shell''s location, and removes the file in the end' {
        $null = New-Item -ItemType Directory sub
        Set-Location sub
        $listener = New-UnixSocketListener here.sock
        "$folder/sub/here.sock" | Should -Exist
        $listener.Dispose()
        "$folder/sub/here.sock" | Should -Not -Exist
    }

    It 'is by default accessible only to its owner, regardless of the umask' {
        $listener = New-UnixSocketListener a.sock
        Get-Mode a.sock | Should -Be 600
    }

    It 'interprets -Mode <Given> as chmod does: <Mode>' -ForEach @(
        @{ Given = 0600; Mode = '600' }
        @{ Given = 660; Mode = '660' }
        @{ Given = '0666'; Mode = '666' }
        @{ Given = '777'; Mode = '777' }
        @{ Given = 0; Mode = '0' }
        @{ Given = [IO.UnixFileMode]'UserRead, UserWrite, GroupWrite'; Mode = '620' }
        @{ Given = 'UserRead', 'userwrite'; Mode = '600' }
        @{ Given = 'UserRead,UserWrite,OtherWrite'; Mode = '602' }
    ) {
        $listener = New-UnixSocketListener a.sock -Mode $Given
        Get-Mode a.sock | Should -Be $Mode
    }

    It 'refuses <Mode> as a mode' -ForEach @(@{ Mode = '0800' }, @{ Mode = 1777 }, @{ Mode = 'u=rw' }, @{ Mode = -1 }, @{ Mode = '' },
        @{ Mode = 'UserReed' }, @{ Mode = 'SetUser' }, @{ Mode = 400, 200 }, @{ Mode = '12,UserRead' }) {
        { New-UnixSocketListener a.sock -Mode $Mode } |
            Should -Throw '*is not a valid mode. Use up to three octal digits*' -ErrorId 'ParameterArgumentTransformationError,*'
        'a.sock' | Should -Not -Exist
    }

    It 'lets another user connect only if the mode permits it' -Skip:((id -u) -ne 0) {
        chmod 755 $folder
        $listener = New-UnixSocketListener a.sock
        Connect-Nobody "$folder/a.sock" | Should -Be 'Permission denied'
        $other = New-UnixSocketListener b.sock -Mode 0666
        Connect-Nobody "$folder/b.sock" | Should -Be 'connected'
    }

    It 'reports that a path is in use, and by which process, and does not replace it, even with -Force' {
        $listener = New-UnixSocketListener a.sock
        foreach ($force in $false, $true) {
            $problem = { New-UnixSocketListener a.sock -Force:$force } | Should -Throw -ErrorId 'EADDRINUSE,*' -PassThru
            "$problem" | Should -BeExactly "Cannot listen on '$folder/a.sock': in use by process $PID (pwsh). (EADDRINUSE)"
        }

        $other = Connect-UnixSocket a.sock
        $other.Connected | Should -BeTrue
    }

    It 'does not connect to a socket to find out that it is in use' {
        $listener = New-UnixSocketListener a.sock
        { New-UnixSocketListener a.sock } | Should -Throw -ErrorId 'EADDRINUSE,*'
        { Wait-UnixSocketConnection $listener -TimeoutSeconds 0 } | Should -Throw -ErrorId 'TimedOut,*'
    }

    It 'replaces a stale socket only with -Force' {
        New-StaleSocket a.sock
        $problem = { New-UnixSocketListener a.sock } | Should -Throw -ErrorId 'EADDRINUSE,*' -PassThru
        "$problem" | Should -BeExactly "Cannot listen on '$folder/a.sock': the socket file exists, and no process listens on it. -Force replaces it. (EADDRINUSE)"
        $listener = New-UnixSocketListener a.sock -Force
        $other = Connect-UnixSocket a.sock
        $other.Connected | Should -BeTrue
    }

    It 'never replaces a file that is not a socket' {
        Set-Content a.sock precious
        foreach ($force in $false, $true) {
            $problem = { New-UnixSocketListener a.sock -Force:$force } | Should -Throw -ErrorId 'EADDRINUSE,*' -PassThru
            "$problem" | Should -BeExactly "Cannot listen on '$folder/a.sock': the path is a file that is not a socket. (EADDRINUSE)"
        }

        Get-Content a.sock | Should -Be precious
    }

    It 'reports a specific error for <Name>: <Id>' -ForEach @(
        @{ Name = 'a path that is too long'; Path = 'x' * 108; Id = 'ENAMETOOLONG'; Says = '*at most 107 bytes*' }
        @{ Name = 'a folder that does not exist'; Path = 'none/a.sock'; Id = 'ENOENT'; Says = '*none/a.sock*' }
        @{ Name = 'a path of another provider'; Path = 'Env:a'; Id = 'InvalidArgument'; Says = '*not in the file system*' }
    ) {
        $problem = { New-UnixSocketListener $Path } | Should -Throw -ErrorId "$Id,PSFdPass.Commands.NewUnixSocketListenerCommand" -PassThru
        "$problem" | Should -BeLike $Says
        Get-ChildItem $folder | Should -BeNullOrEmpty
    }

    It 'does nothing with -WhatIf' {
        New-UnixSocketListener a.sock -WhatIf | Should -BeNullOrEmpty
        'a.sock' | Should -Not -Exist
    }

    It 'sets the buffers, and warns when the system allows less than requested' {
        $listener = New-UnixSocketListener a.sock -SendBufferSize 50000 -ReceiveBufferSize 60000 -WarningVariable warnings
        $listener.SendBufferSize, $listener.ReceiveBufferSize | Should -Be 100000, 120000
        $warnings | Should -BeNullOrEmpty
        $most = Get-Content /proc/sys/net/core/wmem_max
        $other = New-UnixSocketListener b.sock -SendBufferSize ([int]::MaxValue) -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Be "The system allows a send buffer of $most bytes, not $([int]::MaxValue)."
    }

    It 'leaves nothing open, also when it fails' {
        Set-Content file here
        Assert-NothingLeaks {
            (New-UnixSocketListener leak.sock).Dispose()
            try { New-UnixSocketListener file } catch { "$_" }
            try { New-UnixSocketListener ('x' * 200) } catch { "$_" }
        }
    }

    Context 'with an abstract name' {
        BeforeEach {
            $name = "psfdpass-$([guid]::NewGuid())"
        }

        It 'listens without a file' {
            $listener = New-UnixSocketListener -AbstractName $name
            Get-ChildItem $folder | Should -BeNullOrEmpty
            $other = Connect-UnixSocket -AbstractName $name
            $other.Connected | Should -BeTrue
        }

        It 'accepts the name as other tools show it, with an @ in front' {
            $listener = New-UnixSocketListener -AbstractName "@$name"
            Get-Content /proc/net/unix | Where-Object { $_ -like "* @$name" } | Should -HaveCount 1
        }

        It 'is a lock: only one server runs, and the error of the other names its process' {
            $server = Invoke-Pwsh "`$lock = New-UnixSocketListener -AbstractName $name; 'running'; [Console]::ReadLine()"
            $null = Wait-ProgramLine $server '^running$'
            $problem = { New-UnixSocketListener -AbstractName $name } | Should -Throw -ErrorId 'EADDRINUSE,*' -PassThru
            "$problem" | Should -BeExactly "Cannot listen on '@$name': in use by process $($server.Id) (pwsh). (EADDRINUSE)"
            $server.Process.Kill()
            $server.Process.WaitForExit()

            # The lock is released, although the process was killed.
            $listener = New-UnixSocketListener -AbstractName $name
            $listener | Should -Not -BeNullOrEmpty
        }

        It 'reports who has the name, even to a user who may not inspect that process' -Skip:((id -u) -ne 0) {
            Skip-Without setpriv
            $listener = New-UnixSocketListener -AbstractName $name
            chmod 755 $folder
            Copy-Item "$Repository/out/PSFdPass" "$folder/PSFdPass" -Recurse
            $said = setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$folder $Pwsh -NoProfile -c (
                "Import-Module '$folder/PSFdPass'; try { New-UnixSocketListener -AbstractName $name } catch { `"`$_`" }")
            $said | Should -BeLike "*Cannot listen on '@$name': in use by process $PID (pwsh) of user root. (EADDRINUSE)*"
        }

        It 'has neither a mode nor -Force' {
            { New-UnixSocketListener -AbstractName $name -Mode 0600 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
            { New-UnixSocketListener -AbstractName $name -Force } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        }

        It 'has at least one character' {
            $problem = { New-UnixSocketListener -AbstractName '@' } | Should -Throw -ErrorId 'InvalidArgument,*' -PassThru
            "$problem" | Should -BeLike 'An abstract name must not be empty.*'
        }

        It 'has at most 107 bytes' {
            { New-UnixSocketListener -AbstractName ('n' * 108) } | Should -Throw '*at most 107 bytes*' -ErrorId 'ENAMETOOLONG,*'
        }
    }

    It 'completes the modes that sockets usually have' {
        $line = 'New-UnixSocketListener a.sock -Mode '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be '0600', '0660', '0666'
        $line += '066'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be '0660', '0666'
    }

    It 'completes socket paths (those with a listener first) and folders, and nothing else' {
        New-StaleSocket a-stale.sock
        $listener = New-UnixSocketListener b-live.sock
        $null = New-Item -ItemType Directory c-folder
        Set-Content d-file text
        $matched = (TabExpansion2 'New-UnixSocketListener -Path ' 29).CompletionMatches
        $matched.CompletionText | Should -Be ./b-live.sock, ./a-stale.sock, ./c-folder
        $matched[0].ToolTip | Should -Be "Stream: pid $PID (pwsh)"
        $matched[1].ToolTip | Should -Be 'no process listens'
        (TabExpansion2 "Connect-UnixSocket $folder/b").CompletionMatches.CompletionText | Should -Be "$folder/b-live.sock"
    }

    It 'shows a table at the prompt' {
        $listener = New-UnixSocketListener a.sock
        $lines = ($listener | Out-String -Width 200).Trim() -split '\s*\n' -replace '\e\[[\d;]*m'
        $lines[0] | Should -Match '^\s*Fd SocketType Target$'
        $lines[2] | Should -BeExactly "$($listener.Handle) Stream     unix $folder/a.sock (listening)"
        $listener.Dispose()
        ($listener | Out-String -Width 200) -replace '\e\[[\d;]*m' | Should -Match '-1 Stream     \(closed\)'
    }

    It 'shows TCP sockets in the same table' {
        $tcp = Get-TcpConnection
        ($tcp.Client.Client | Out-String -Width 200) -replace '\e\[[\d;]*m' |
            Should -Match ([regex]::Escape("Stream     tcp $($tcp.Client.Client.LocalEndPoint) → $($tcp.Client.Client.RemoteEndPoint)"))
        $tcp.Client, $tcp.Server | ForEach-Object Dispose
    }

    It 'leaves the path to the receiver after -CloseAfterSend, also when the listener is disposed' {
        $left, $right = New-UnixSocketPair
        $listener = New-UnixSocketListener handed.sock
        try { Send-FileDescriptor $left $listener -CloseAfterSend }
        finally { $listener.Dispose() }
        "$folder/handed.sock" | Should -Exist
        $adopted = Receive-FileDescriptor $right -As Socket
        $client = Connect-UnixSocket handed.sock -TimeoutSeconds 5
        $served = Wait-UnixSocketConnection $adopted -TimeoutSeconds 5
        $served.Connected | Should -BeTrue
        $client, $served, $adopted, $left, $right | ForEach-Object Dispose
    }
}
