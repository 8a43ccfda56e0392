# What the pages in docs/en-US and the README say is what a user gets: every example is run, and Get-Help has every page.

BeforeDiscovery {
    $pages = Join-Path $PSScriptRoot '../docs/en-US'

    # An example is code with the output that it is said to have. Code alone is not run: it needs somebody else's program.
    $block = '(?ms)^```powershell\r?\n(?<code>.*?)^```\r?$\s+^```Output\r?\n(?<output>.*?)^```\r?$'
    $examples = foreach ($page in @(Get-ChildItem $pages -Filter *.md; Get-Item (Join-Path $PSScriptRoot '../README.md'))) {
        foreach ($section in (Get-Content $page -Raw) -split '(?m)(?=^##+ )' -notmatch '(?m)^```sh\r?$') {
            foreach ($match in [regex]::Matches($section, $block)) {
                @{
                    Page   = $page.BaseName
                    Title  = ($section -split '\r?\n')[0].TrimStart('#', ' ')
                    Code   = $match.Groups['code'].Value
                    Output = $match.Groups['output'].Value
                }
            }
        }
    }

    # A recipe for another language has that side in a block of sh, ours after it, and what the two print.
    $recipe = '(?ms)^```sh\r?\n(?<shell>.*?)^```\r?$\s+^```powershell\r?\n(?<code>.*?)^```\r?$\s+^```Output\r?\n(?<output>.*?)^```\r?$'
    $interop = Get-Content (Join-Path $pages about_FileDescriptor_Interop.md) -Raw
    $recipes = foreach ($section in $interop -split '(?m)(?=^##+ )') {
        $match = [regex]::Match($section, $recipe)
        if ($match.Success) {
            @{
                Title  = ($section -split '\r?\n')[0].TrimStart('#', ' ')
                Shell  = $match.Groups['shell'].Value
                Code   = $match.Groups['code'].Value
                Output = $match.Groups['output'].Value
            }
        }
    }

    $manifest = Import-PowerShellDataFile (Join-Path $PSScriptRoot '../PSFdPass.psd1')
    $commands = $manifest.CmdletsToExport | ForEach-Object { @{ Command = $_; HasPage = Test-Path (Join-Path $pages "$_.md") } }
    $described = $commands | Where-Object HasPage
    $topics = Get-ChildItem $pages -Filter about_*.md | ForEach-Object { @{ Topic = $_.BaseName; Page = $_ } }
}

BeforeAll {
    $modulePath = Join-Path $PSScriptRoot '../out/PSFdPass'
    Import-Module $modulePath -Force
    $pages = Join-Path $PSScriptRoot '../docs/en-US'

    # Numbers (descriptors, process ids, ports) and the widths of columns are different each time.
    function ConvertTo-Comparable([string] $Text) {
        $lines = foreach ($line in $Text -split '\r?\n') {
            ($line -replace '\d+', '#' -replace '-+', '-' -replace '\s+', ' ').Trim()
        }
        ($lines | Where-Object { $_ }) -join "`n"
    }

    # Words alone, so that markup and line breaks don't count.
    function ConvertTo-Words([string] $Text) {
        ($Text -replace '\[([^\]]+)\]\([^)]+\)', '$1' -replace '(?m)^```\w*\r?$', '' -replace '`', '' -replace '\s+', ' ').Trim()
    }

    function Get-Section([string] $Command, [string] $Heading) {
        $markdown = Get-Content (Join-Path $pages "$Command.md") -Raw
        [regex]::Match($markdown, "(?ms)^$Heading\r?`$(?<text>.*?)(?=^(##|```````yaml))").Groups['text'].Value
    }

    # A shell of its own for an example, in the folder $TestDrive.
    function Invoke-Example([string] $Code, [hashtable] $Variable = @{}) {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript({
                param($Module, $Folder, $Code, $Variable)
                $Variable.GetEnumerator() | ForEach-Object { Set-Variable $_.Key $_.Value }
                $ErrorActionPreference = 'Stop'
                $PSStyle.OutputRendering = 'PlainText'
                Import-Module $Module
                Set-Location $Folder
                # As at the prompt: every statement's output is laid out for itself.
                $statements = [Management.Automation.Language.Parser]::ParseInput($Code, [ref] $null, [ref] $null).EndBlock.Statements
                foreach ($statement in $statements) {
                    . ([scriptblock]::Create($statement.Extent.Text)) | Out-String -Width 200
                }
            }).AddParameters(@($modulePath, "$TestDrive", $Code, $Variable))
            $text = $shell.Invoke()
            $shell.Streams.Error | Should -BeNullOrEmpty
            $text -join ''
        }
        finally {
            $shell.Dispose()
        }
    }
}

Describe 'The examples' {
    It '<Page>, <Title>' -ForEach $examples {
        ConvertTo-Comparable (Invoke-Example $Code) | Should -BeExactly (ConvertTo-Comparable ($Output -replace '/home/you', $TestDrive))
    }
}

Describe 'The recipes for other languages' {
    It '<Title>' -ForEach $recipes {
        $program = ($Shell.Trim() -split '\s')[0]
        if ($program -eq 'cat') { $program = $Shell -match '(?m)^gcc' ? 'gcc' : 'go' }
        if (-not (Get-Command $program -CommandType Application -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because "$program is not installed"
            return
        }

        if ($program -eq 'perl' -and (perl -MIO::FDPass -e 'print 1' 2>$null) -ne 1) {
            Set-ItResult -Skipped -Because 'IO::FDPass is not installed'
            return
        }

        $path = Join-Path $TestDrive wire.sock
        $listener = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        $listener.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new($path))
        $listener.Listen()
        $log = Join-Path $TestDrive log.txt
        $start = [Diagnostics.ProcessStartInfo]::new('bash', [string[]]('-c', "exec >log.txt 2>&1; $Shell"))
        $start.WorkingDirectory = $TestDrive
        $other = [Diagnostics.Process]::Start($start)
        try {
            $accepted = $listener.AcceptAsync()
            # The first program that go compiles takes its time.
            $accepted.Wait([timespan]::FromMinutes(2)) | Should -BeTrue -Because "it has to connect: $(Get-Content $log)"
            $ours = Invoke-Example $Code @{ peer = $accepted.Result }
            $other.WaitForExit(60000) | Should -BeTrue
            ConvertTo-Comparable "$ours`n$(Get-Content $log -Raw)" | Should -BeExactly (ConvertTo-Comparable $Output)
            $other.ExitCode | Should -Be 0
        }
        finally {
            if (-not $other.HasExited) { $other.Kill($true) }
            $other.Dispose()
            if ($accepted.IsCompletedSuccessfully) { $accepted.Result.Dispose() }
            $listener.Dispose()
        }
    }
}

Describe 'The pages' {
    It 'has one for <Command>' -ForEach $commands {
        $HasPage | Should -BeTrue -Because "docs/en-US/$Command.md has to be written, and docs/Build-Help.ps1 run"
    }
}

Describe 'Get-Help <Command>' -ForEach $described {
    BeforeAll {
        $help = Get-Help $Command -Full
    }

    It 'has a synopsis and the description of the page' {
        $help.Synopsis.Trim() | Should -BeExactly (ConvertTo-Words (Get-Section $Command '## SYNOPSIS'))
        ConvertTo-Words ($help.description.Text -join "`n") | Should -BeExactly (ConvertTo-Words (Get-Section $Command '## DESCRIPTION'))
    }

    It 'has every parameter, as the page describes it' {
        $parameters = (Get-Command $Command).ParameterSets.Parameters | Where-Object {
            $_.Name -notin [Management.Automation.PSCmdlet]::CommonParameters -and
            -not ((Get-Command $Command).Parameters[$_.Name].Attributes | Where-Object DontShow)
        } | Select-Object -ExpandProperty Name -Unique
        foreach ($parameter in $parameters) {
            $text = ConvertTo-Words ((Get-Help $Command -Parameter $parameter).description.Text -join "`n")
            $text | Should -Not -BeNullOrEmpty -Because "-$parameter needs a description"
            $text | Should -BeExactly (ConvertTo-Words (Get-Section $Command "### -$parameter")) -Because "-$parameter is described so"
        }
    }

    It 'has three examples or more, with code' {
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
        foreach ($example in $help.examples.example) {
            $example.code | Should -Not -BeNullOrEmpty -Because $example.title
        }
    }

    It 'names manual pages, what comes out, and where to read on' {
        "$($help.alertSet.alert.Text)" | Should -Match '\w\(\d\)'
        $help.returnValues.returnValue.type.name | Should -Not -BeNullOrEmpty
        $help.relatedLinks.navigationLink.linkText | Should -Contain 'about_PSFdPass'
    }
}

Describe 'Get-Help <Topic>' -ForEach $topics {
    It 'has the text of the page' {
        $help = Get-Help $Topic
        "$help" | Should -Match "(?s)^TOPIC\s+$Topic\s+SHORT DESCRIPTION\s+\S"
        (Get-Help "$Topic*").Synopsis | Should -Match '\w' -Because 'Get-Help about_* lists it with a synopsis'
        $markdown = (Get-Content $Page -Raw) -replace '(?m)^#+ ', ''
        (ConvertTo-Words "$help") -replace '^TOPIC ' | Should -Be (ConvertTo-Words $markdown)
    }
}
