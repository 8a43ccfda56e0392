Describe 'The recipe lend-terminal' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $lend, $borrow = "$Repository/samples/lend-terminal/lend.ps1", "$Repository/samples/lend-terminal/borrow.ps1"
    }

    BeforeEach {
        $folder = [IO.Directory]::CreateTempSubdirectory('psfdpass-').FullName
        chmod 755 $folder
    }

    AfterEach {
        Clear-Program
        [IO.Directory]::Delete($folder, $true)
    }

    It 'shows the borrower''s input on the lender''s terminal, which can be lent again' {
        $lender = Invoke-Pwsh "& '$lend'" -Terminal -WorkingDirectory $folder
        $null = Wait-ProgramLine $lender 'Lending this terminal on terminal.sock'
        foreach ($text in 'hello from afar', 'and again') {
            $borrower = Invoke-Pwsh "& '$borrow'" -WorkingDirectory $folder
            Wait-ProgramLine $borrower 'What you type appears at' | Should -Match 'pid \d+$'
            $null = Wait-ProgramLine $lender "Lent to pid $($borrower.Id)"
            $borrower.Input.WriteLine($text)
            Wait-ProgramLine $lender $text | Should -Match $text
            Wait-Program $borrower | Should -Be 0
            $borrower.Lines | Should -Not -Contain $text
            $null = Wait-ProgramLine $lender "Back from pid $($borrower.Id)"
        }

        # Ctrl-C ends it, and the socket's file is gone.
        $lender.Input.Write([char]3)
        $lender.Input.Flush()
        $null = Wait-Program $lender
        "$folder/terminal.sock" | Should -Not -Exist
    }

    It 'also lends a pipe as standard output, which stays open as long as the borrower has it' {
        $borrower = Invoke-Pwsh "& '$borrow'" -WorkingDirectory $folder
        $lender = Invoke-Pwsh "& '$lend'" -WorkingDirectory $folder
        $null = Wait-ProgramLine $borrower 'What you type appears at'
        $null = Wait-ProgramLine $lender 'Lent to pid'
        $lender.Process.Kill()
        $lender.Process.WaitForExit()
        $borrower.Input.WriteLine('the lender is gone')
        Wait-ProgramLine $lender 'the lender is gone' | Should -Be 'the lender is gone'
    }

    It 'lends nothing to another user' -Skip:((id -u) -ne 0) {
        Skip-Without perl, setpriv
        $lender = Invoke-Pwsh "& '$lend' '$folder/terminal.sock'"
        $null = Wait-ProgramLine $lender 'Lending this terminal'
        $connect = '$s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die "$!\n"; print "end\n" unless <$s>'
        $stranger = { setpriv --reuid=65534 --regid=65534 --clear-groups perl -MIO::Socket::UNIX -e $connect "$folder/terminal.sock" 2>&1 }
        & $stranger | Should -Be 'Permission denied'
        chmod 666 "$folder/terminal.sock"
        & $stranger | Should -Be 'end'
        Wait-ProgramLine $lender 'Refused' | Should -Match 'user 65534 \(nobody\)'
    }

    It 'shows the original error in strict mode when the lender hangs up' {
        $listener = New-UnixSocketListener "$folder/terminal.sock"
        $borrower = Invoke-Pwsh "Set-StrictMode -Version Latest; try { & '$borrow' } catch { `$_.FullyQualifiedErrorId }" -WorkingDirectory $folder
        (Wait-UnixSocketConnection $listener -TimeoutSeconds 30).Dispose()
        Wait-ProgramLine $borrower ',' | Should -BeLike 'PeerClosed,*'
        $null = Wait-Program $borrower
        $listener.Dispose()
    }

    It 'fits on a page' {
        (Get-Content $lend, $borrow).Count | Should -BeLessOrEqual 80
    }
}
