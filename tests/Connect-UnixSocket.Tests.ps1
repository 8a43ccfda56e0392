Describe 'Connect-UnixSocket' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $types = 'Stream', 'SeqPacket', 'Datagram'

        # A listener in Python that returns the received text in capitals.
        $server = @'
import os, socket, sys
kind, address = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, getattr(socket, kind))
s.bind(address.replace("@", "\0"))
if kind == "SOCK_DGRAM":
    print("ready", flush=True)
    data, sender = s.recvfrom(100)
    s.sendto(data.upper(), sender)
else:
    s.listen()
    print("ready", flush=True)
    c, _ = s.accept()
    c.send(c.recv(100).upper())
'@
    }

    BeforeEach {
        $folder = [IO.Directory]::CreateTempSubdirectory('psfdpass-').FullName
        Push-Location $folder
        $name = "psfdpass-$([guid]::NewGuid())"
    }

    AfterEach {
        Pop-Location
        $socket, $listener | ForEach-Object { ${_}?.Dispose() }
        Clear-Program
        [IO.Directory]::Delete($folder, $true)
    }

    It 'talks to a Python program over a <Type> socket with <Kind>' -ForEach @(
        foreach ($kind in 'a path', 'an abstract name') {
            @{ Type = 'Stream'; Number = 'SOCK_STREAM'; Kind = $kind }
            @{ Type = 'SeqPacket'; Number = 'SOCK_SEQPACKET'; Kind = $kind }
            @{ Type = 'Datagram'; Number = 'SOCK_DGRAM'; Kind = $kind }
        }
    ) {
        $address = $Kind -eq 'a path' ? @{ Path = 'a.sock' } : @{ AbstractName = $name }
        $other = Invoke-Program python3 '-c', $server, $Number, ($address.Path ?? "@$name")
        $null = Wait-ProgramLine $other '^ready$'
        $socket = Connect-UnixSocket @address -SocketType $Type
        $null = $socket.Send([Text.Encoding]::UTF8.GetBytes('hello'))
        $buffer = [byte[]]::new(100)
        $socket.ReceiveTimeout = 30000
        [Text.Encoding]::UTF8.GetString($buffer, 0, $socket.Receive($buffer)) | Should -BeExactly HELLO
        Wait-Program $other | Should -Be 0
    }

    It 'waits, with -Wait, until a process listens' {
        $other = Invoke-Pwsh "'connecting'; `$s = Connect-UnixSocket later.sock -Wait -TimeoutSeconds 30; 'connected'" -WorkingDirectory $folder
        $null = Wait-ProgramLine $other '^connecting$'
        $listener = New-UnixSocketListener later.sock
        $socket = Wait-UnixSocketConnection $listener -TimeoutSeconds 30
        Wait-ProgramLine $other '^connected$' | Should -Be connected
    }

    It 'waits, with -Wait, if the socket file was left by a process that has ended' {
        Skip-Without python3
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("stale.sock")'
        { Connect-UnixSocket stale.sock } | Should -Throw '*no process listens on it*' -ErrorId 'ECONNREFUSED,*'
        $other = Invoke-Pwsh "'connecting'; `$s = Connect-UnixSocket stale.sock -Wait -TimeoutSeconds 30; 'connected'" -WorkingDirectory $folder
        $null = Wait-ProgramLine $other '^connecting$'
        $listener = New-UnixSocketListener stale.sock -Force
        Wait-ProgramLine $other '^connected$' | Should -Be connected
    }

    It 'gives up after -TimeoutSeconds: TimedOut' {
        { Connect-UnixSocket none.sock -Wait -TimeoutSeconds 0.05 } | Should -Throw "The connection to *$folder/none.sock was not established within the timeout*" -ErrorId 'TimedOut,*'
    }

    It 'waits for space in the backlog until the time limit' {
        $listener = New-UnixSocketListener full.sock -Backlog 0
        $socket = Connect-UnixSocket full.sock
        { Connect-UnixSocket full.sock -TimeoutSeconds 0.05 } | Should -Throw -ErrorId 'TimedOut,*'
    }

    It 'ends a wait on Ctrl-C' {
        $other = Invoke-Pwsh -Terminal -WorkingDirectory $folder -Script (
            "'connecting'; try { Connect-UnixSocket none.sock -Wait } finally { [Console]::WriteLine('stopped') }")
        $null = Wait-ProgramLine $other 'connecting'
        $other.Input.Write([char]3)
        $other.Input.Flush()
        Wait-ProgramLine $other 'stopped' | Should -Not -BeNullOrEmpty
        $null = Wait-Program $other
    }

    It 'reports a specific error for <What>: <Id>' -ForEach @(
        @{ What = 'a missing path'; Make = { }; Id = 'ENOENT'; Says = '*There is no such socket. -Wait waits for it.' }
        @{ What = 'a socket that nobody listens on'; Make = { python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("a.sock")' }; Id = 'ECONNREFUSED'
            Says = '*The socket exists, but no process listens on it. -Wait waits for it.' }
        @{ What = 'a regular file'; Make = { Set-Content a.sock text }; Id = 'ENOTSOCK'; Says = '*a.sock*The file is not a socket*' }
        @{ What = 'a socket of another type'; Make = { $script:listener = New-UnixSocketListener a.sock -SocketType SeqPacket }; Id = 'EPROTOTYPE'
            Says = '*The socket there has another type (Stream, SeqPacket or Datagram).' }
    ) {
        . $Make
        $problem = { Connect-UnixSocket a.sock } | Should -Throw -ErrorId "$Id,PSFdPass.Commands.ConnectUnixSocketCommand" -PassThru
        "$problem" | Should -BeLike $Says
        ${script:listener}?.Dispose()
    }

    It 'completes an abstract name with control characters, which are replaced in the list' {
        $listener = New-UnixSocketListener -AbstractName "$name`e]0;title"
        $line = "Connect-UnixSocket -AbstractName $name"
        $found = (TabExpansion2 $line $line.Length).CompletionMatches
        $found.ListItemText | Should -BeExactly "$name·]0;title"
        $found.CompletionText | Should -BeExactly "'$name`e]0;title'"
    }

    It 'says that no process listens on an abstract name' {
        $problem = { Connect-UnixSocket -AbstractName $name } | Should -Throw -ErrorId 'ECONNREFUSED,*' -PassThru
        "$problem" | Should -BeLike '*No process listens on that abstract name. -Wait waits for it.'
    }

    It 'explains which permissions are required when the mode denies a user' -Skip:((id -u) -ne 0) {
        Skip-Without setpriv
        $listener = New-UnixSocketListener a.sock
        chmod 755 $folder
        Copy-Item "$Repository/out/PSFdPass" "$folder/PSFdPass" -Recurse
        $said = setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$folder $Pwsh -NoProfile -c (
            "Import-Module '$folder/PSFdPass'; try { Connect-UnixSocket $folder/a.sock } catch { `$_.FullyQualifiedErrorId; `"`$_`" }")
        $said[0] | Should -BeLike 'EACCES,*'
        $said[1] | Should -BeLike '*Connecting requires write permission on the socket''s file*'
    }

    It 'rejects a path that is too long' {
        { Connect-UnixSocket ('x' * 200) -Wait } | Should -Throw '*at most 107 bytes*' -ErrorId 'ENAMETOOLONG,*'
    }

    It 'sets the buffers: -SendBufferSize limits the size of a packet' {
        $listener = New-UnixSocketListener a.sock -SocketType Datagram
        $socket = Connect-UnixSocket a.sock -SocketType Datagram -SendBufferSize 4096 -ReceiveBufferSize 5000
        $socket.SendBufferSize, $socket.ReceiveBufferSize | Should -Be 8192, 10000
        { Send-FileDescriptor $socket /dev/null -Message ([byte[]]::new(9000)) } | Should -Throw -ErrorId 'EMSGSIZE,*'
        Send-FileDescriptor $socket /dev/null -Message ([byte[]]::new(8000))
        $message = Receive-FileDescriptor $listener -AsMessage -TimeoutSeconds 5
        $message.Data.Length | Should -Be 8000
        $message.Dispose()
    }

    It 'leaves nothing open, also when it fails' {
        $listener = New-UnixSocketListener a.sock
        Assert-NothingLeaks {
            (Connect-UnixSocket a.sock).Dispose()
            (Wait-UnixSocketConnection $listener).Dispose()
            try { Connect-UnixSocket none.sock } catch { "$_" }
            try { Connect-UnixSocket none.sock -Wait -TimeoutSeconds 0.02 } catch { "$_" }
            try { Connect-UnixSocket a.sock -SocketType Datagram } catch { "$_" }
        }
    }

    It 'completes abstract names, with the process that has each' {
        $listener = New-UnixSocketListener -AbstractName $name
        $odd = New-UnixSocketListener -AbstractName "$name it's" -SocketType Datagram
        $line = "Connect-UnixSocket -AbstractName $name"
        $matched = (TabExpansion2 $line).CompletionMatches
        $matched.CompletionText | Should -Be $name, "'$name it''s'"
        $matched.ToolTip | Should -Be "Stream: pid $PID (pwsh)", "Datagram: pid $PID (pwsh)"
        $odd.Dispose()
    }

    Context '-RequireUser' {
        BeforeEach {
            $listener = New-UnixSocketListener required.sock
        }

        It 'connects to a listener of that user: <_>' -ForEach 'name', 'number', 'several' {
            $me = @{ name = id -un; number = id -u; several = '65533', (id -un) }[$_]
            $socket = Connect-UnixSocket required.sock -RequireUser $me -TimeoutSeconds 5
            $socket.Connected | Should -BeTrue
            $socket.Dispose()
        }

        It 'refuses a listener of another user' {
            { Connect-UnixSocket required.sock -RequireUser 65533 -TimeoutSeconds 5 } | Should -Throw -ErrorId 'UnauthorizedAccess,*'
        }

        It 'says that the user does not exist' {
            { Connect-UnixSocket required.sock -RequireUser no-such-user } | Should -Throw -ErrorId 'InvalidArgument,*'
        }

        It 'completes the names of users' {
            $line = "Connect-UnixSocket required.sock -RequireUser $((id -un).Substring(0, 2))"
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain (id -un)
        }
    }
}
