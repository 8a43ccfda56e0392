# The recipe samples/parking-lot: the server and the lot in processes of their own, and 5,000 live clients.

BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
    $sample = "$Repository/samples/parking-lot"
    $socketPath = Join-Path $TestDrive lot.sock
    $lot = Invoke-Pwsh "& '$sample/lot.ps1' -SocketPath '$socketPath'"
    $server = Invoke-Pwsh "& '$sample/server.ps1' -SocketPath '$socketPath'"
    $port = [int]((Wait-ProgramLine $server '^Listening on ') -split ':')[-1]

    $clients = foreach ($number in 1..5000) {
        $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
        $client.ReceiveTimeout = 30000
        $client.GetStream()
    }

    function Get-SocketCount($Program) {
        @([IO.Directory]::GetFiles("/proc/$($Program.Id)/fd").Where{ [IO.FileInfo]::new($_).LinkTarget -like 'socket:*' }).Count
    }

    # Every client sends its own line. Returns the wrong answers.
    function Find-WrongAnswer([string] $Text) {
        foreach ($number in 0..($clients.Count - 1)) {
            $clients[$number].Write([Text.Encoding]::UTF8.GetBytes("$Text from $number`n"))
        }

        $buffer = [byte[]]::new(256)
        foreach ($number in 0..($clients.Count - 1)) {
            $answer = [Text.Encoding]::UTF8.GetString($buffer, 0, $clients[$number].Read($buffer))
            if ($answer -cne "$($server.Id) $Text from $number`n") {
                "client $number got '$answer'"
            }
        }
    }
}

AfterAll {
    $clients.ForEach{ $_.Dispose() }
    Clear-Program
}

Describe 'The parking lot' {
    It 'loses none of 5,000 connections, which all become active at once' {
        Find-WrongAnswer hello | Should -BeNullOrEmpty
        Find-WrongAnswer 'hello again' | Should -BeNullOrEmpty
    }

    It 'keeps the idle connections, of which the server holds none' {
        Wait-Until { (Get-SocketCount $lot) -ge 5000 } 'every connection is parked'
        Get-SocketCount $server | Should -BeLessThan 10
    }

    It 'closes the connections of clients that hang up' {
        $clients[0..4998].ForEach{ $_.Dispose() }
        Wait-Until { (Get-SocketCount $lot) -lt 10 } 'the lot has closed the connections of clients that hung up'
        $clients[4999].Write([Text.Encoding]::UTF8.GetBytes("the last`n"))
        $buffer = [byte[]]::new(256)
        [Text.Encoding]::UTF8.GetString($buffer, 0, $clients[4999].Read($buffer)) | Should -BeExactly "$($server.Id) the last`n"
    }

    It 'ends when the server ends, and removes its socket' {
        Invoke-Signal $server.Id SIGKILL
        Wait-Program $lot | Should -Be 0
        Test-Path $socketPath | Should -BeFalse
    }
}

Describe 'The parking lot at Ctrl-C' {
    AfterEach {
        Clear-Program
    }

    It 'ends while all connections are idle: <_>' -ForEach 'lot', 'server' {
        $path = Join-Path $TestDrive "idle-$_.sock"
        $idleLot = Invoke-Pwsh "& '$sample/lot.ps1' -SocketPath '$path'"
        $idleServer = Invoke-Pwsh "& '$sample/server.ps1' -SocketPath '$path'"
        $null = Wait-ProgramLine $idleServer '^Listening on '
        Start-Sleep -Seconds 1
        $idle = $_ -eq 'lot' ? $idleLot : $idleServer
        Invoke-Signal $idle.Id SIGINT
        $null = Wait-Program $idle
    }
}
