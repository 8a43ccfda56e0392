# samples/quarterback.ps1 and samples/wide-receiver.ps1, with each other and with the players in C and Python.

BeforeAll {
    . $PSScriptRoot/Support/Common.ps1
}

Describe 'The quarterback <Quarterback> with the wide receiver <Receiver>' -ForEach @(
    @{ Quarterback = 'ps1'; Receiver = 'ps1' }
    @{ Quarterback = 'c'; Receiver = 'ps1' }
    @{ Quarterback = 'py'; Receiver = 'ps1' }
    @{ Quarterback = 'ps1'; Receiver = 'c' }
    @{ Quarterback = 'ps1'; Receiver = 'py' }
) {
    AfterAll {
        Clear-Program
    }

    It 'passes users on, who receive lines from both' {
        function Start-Player([string] $Language, [string] $Name, [string[]] $ArgumentList) {
            switch ($Language) {
                'ps1' {
                    $script = $Name -eq 'quarterback' ? 'quarterback.ps1' : 'wide-receiver.ps1'
                    $names = $Name -eq 'quarterback' ? "-Port $($ArgumentList[0]) -SocketPath '$($ArgumentList[1])'" : "-SocketPath '$($ArgumentList[0])'"
                    Invoke-Pwsh "& '$Repository/samples/$script' $names"
                }
                'c' { Invoke-Program (Get-CompiledPeer $Name $TestDrive) $ArgumentList }
                'py' {
                    Skip-Without python3
                    Invoke-Program python3 (@("$Peers/$Name.py") + $ArgumentList)
                }
            }
        }

        $path = Join-Path $TestDrive "$Quarterback-$Receiver.sock"
        $second = Start-Player $Receiver wide_receiver $path
        $null = Wait-ProgramLine $second '^Listening for messages on '
        $first = Start-Player $Quarterback quarterback 0, $path
        $port = [int]((Wait-ProgramLine $first '^Listening on ') -split ':')[-1]
        $users = foreach ($number in 1..3) { [Net.Sockets.TcpClient]::new('127.0.0.1', $port) }
        foreach ($user in $users) {
            Read-FileDescriptor $user -Line -TimeoutSeconds 30 | Should -BeExactly "Hello from Quarterback on PID ($($first.Id))!"
            Read-FileDescriptor $user -Line -TimeoutSeconds 30 | Should -BeExactly "Hello from Wide Receiver on PID ($($second.Id))!"
        }

        foreach ($user in $users) { Write-FileDescriptor $user 'hällo', 'there' }
        foreach ($user in $users) {
            Read-FileDescriptor $user -Line -TimeoutSeconds 30 | Should -BeExactly 'hällo'
            Read-FileDescriptor $user -Line -TimeoutSeconds 30 | Should -BeExactly there
            $user.Client.Shutdown('Send')
            Read-FileDescriptor $user -Line -TimeoutSeconds 30 -ErrorAction Stop | Should -BeNullOrEmpty
            $user.Dispose()
        }
    }
}

Describe 'The players on Ctrl-C' {
    It 'end while they are idle' {
        $path = Join-Path $TestDrive idle.sock
        $receiver = Invoke-Pwsh "& '$Repository/samples/wide-receiver.ps1' -SocketPath '$path'"
        $null = Wait-ProgramLine $receiver '^Listening for messages on '
        Invoke-Signal $receiver.Id SIGINT
        $null = Wait-Program $receiver
        Test-Path $path | Should -BeFalse
        Clear-Program
    }
}
