# Every example in docs/en-US and the README is run and its output compared, and Get-Help shows every page.

BeforeDiscovery {
    $pages = Join-Path $PSScriptRoot '../docs/en-US'

    # An example is code that is followed by its output. Code without output is not run, because it needs other programs.
    $block = '(?ms)^```powershell\r?\n(?<code>((?!^```).)*)^```\r?$\s+^```Output\r?\n(?<output>.*?)^```\r?$'

    # Examples for two terminals. The output appears in the second one.
    $pair = '(?ms)^```powershell\r?\n(?<first>((?!^```).)*)^```\r?\n\s+^In another (one|terminal), in the same folder:\s+' + $block
    $examples = @()
    $pairs = @()
    foreach ($page in @(Get-ChildItem $pages -Filter *.md; Get-Item (Join-Path $PSScriptRoot '../README.md'))) {
        foreach ($section in (Get-Content $page -Raw) -split '(?m)(?=^##+ )') {
            $title = ($section -split '\r?\n')[0].TrimStart('#', ' ')
            $match = [regex]::Match($section, $pair)
            if ($match.Success) {
                $pairs += @{
                    Page   = $page.BaseName
                    First  = $match.Groups['first'].Value
                    Second = $match.Groups['code'].Value
                    Output = $match.Groups['output'].Value
                }
                $section = $section.Remove($match.Index, $match.Length)
            }

            if ($page.BaseName -eq 'about_FileDescriptor_Interop') { continue }
            foreach ($match in [regex]::Matches($section, $block)) {
                $examples += @{
                    Page   = $page.BaseName
                    Title  = $title
                    Code   = $match.Groups['code'].Value
                    Output = $match.Groups['output'].Value
                }
            }
        }
    }

    # A recipe for another language is a block of sh for the other side, a block of PowerShell, and the output of both.
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

    # Numbers (descriptors, process IDs, ports) and the widths of columns are different each time.
    function ConvertTo-Comparable([string] $Text) {
        $lines = foreach ($line in $Text -split '\r?\n') {
            ($line -replace '\d+', '#' -replace '-+', '-' -replace '\s+', ' ').Trim()
        }
        ($lines | Where-Object { $_ }) -join "`n"
    }

    # The output on a page, which is a comment in the help.
    function ConvertTo-Comment([string] $Markdown) {
        [regex]::Replace($Markdown, '(?ms)(?<=^```Output\r?\n).*?(?=^```)', { param($Match) $Match.Value.TrimEnd() -replace '(?m)^', '# ' -replace '$', "`n" })
    }

    # Only the words, so that markup and line breaks don't count.
    function ConvertTo-Words([string] $Text) {
        ($Text -replace '\[([^\]]+)\]\([^)]+\)', '$1' -replace '(?m)^```\w*\r?$', '' -replace '`', '' -replace '\s+', ' ').Trim()
    }

    function Get-Section([string] $Command, [string] $Heading) {
        $markdown = Get-Content (Join-Path $pages "$Command.md") -Raw
        [regex]::Match($markdown, "(?ms)^$Heading\r?`$(?<text>.*?)(?=^(##|```````yaml))").Groups['text'].Value
    }

    # Runs an example in a new runspace, in the folder $TestDrive.
    function Invoke-Example([string] $Code, [hashtable] $Variable = @{}) {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript({
                param($Module, $Folder, $Code, $Variable)
                $Variable.GetEnumerator() | ForEach-Object { Set-Variable $_.Key $_.Value }
                $PSStyle.OutputRendering = 'PlainText'
                Import-Module $Module
                Set-Location $Folder
                # As at the prompt, the output of each statement is formatted separately.
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
        $expected = ConvertTo-Comparable ($Output -replace '/home/you', $TestDrive)
        ConvertTo-Comparable (Invoke-Example $Code) | Should -BeExactly $expected
        ConvertTo-Comparable (Invoke-Example $Code) | Should -BeExactly $expected -Because 'it leaves nothing behind that affects the second run'
    }

    It '<Page>, in two terminals' -ForEach $pairs {
        foreach ($time in 'first', 'second') {
            $shells = foreach ($code in $First, $Second) {
                $program = "`$PSStyle.OutputRendering = 'PlainText'; Import-Module '$modulePath'; Set-Location '$TestDrive'; $code"
                $start = [Diagnostics.ProcessStartInfo]::new([Environment]::ProcessPath, [string[]]('-NoProfile', '-Command', $program))
                $start.RedirectStandardOutput = $true
                $start.RedirectStandardError = $true
                [Diagnostics.Process]::Start($start)
            }
            try {
                $texts = $shells | ForEach-Object { $_.StandardOutput.ReadToEndAsync(); $_.StandardError.ReadToEndAsync() }
                $shells | ForEach-Object { $_.WaitForExit(60000) | Should -BeTrue -Because "it has to end the $time time" }
                $texts[1].Result + $texts[3].Result | Should -BeNullOrEmpty -Because "nothing goes wrong the $time time"
                $texts[0].Result | Should -BeNullOrEmpty
                ConvertTo-Comparable $texts[2].Result | Should -BeExactly (ConvertTo-Comparable $Output)
            }
            finally {
                $shells | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill($true) }
                $shells | ForEach-Object Dispose
            }
        }
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
            # The first compilation with go takes long.
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
    It 'include one for <Command>' -ForEach $commands {
        $HasPage | Should -BeTrue -Because "docs/en-US/$Command.md has to be written, and docs/Build-Help.ps1 run"
    }
}

Describe 'Get-Help <Command>' -ForEach $described {
    BeforeAll {
        $help = Get-Help $Command -Full
        $found = Get-Command $Command
        $parameters = $found.Parameters.Values | Where-Object {
            $_.Name -notin [Management.Automation.PSCmdlet]::CommonParameters -and -not ($_.Attributes | Where-Object DontShow)
        }

        # A parameter's default value, as the help shows it. Returns nothing if the help describes the default in words.
        function Get-DefaultText($Parameter) {
            $value = [Activator]::CreateInstance($found.ImplementingType).($Parameter.Name)
            if ($value -is [IO.UnixFileMode]) { '0' + [Convert]::ToString([int] $value, 8) }
            elseif ($Parameter.Name -eq 'ProcessId') { 'This process' }
            elseif ($null -ne $value -and $value -isnot [array] -and ($value -isnot [int] -or $value -ne 0)) { "$value" }
        }
    }

    It 'has a synopsis and the description of the page' {
        $help.Synopsis.Trim() | Should -BeExactly (ConvertTo-Words (Get-Section $Command '## SYNOPSIS'))
        ConvertTo-Words ($help.description.Text -join "`n") | Should -BeExactly (ConvertTo-Words (Get-Section $Command '## DESCRIPTION'))
    }

    It 'has every parameter, as the page describes it' {
        foreach ($parameter in $parameters.Name) {
            $text = ConvertTo-Words ((Get-Help $Command -Parameter $parameter).description.Text -join "`n")
            $text | Should -Not -BeNullOrEmpty -Because "-$parameter needs a description"
            $text | Should -BeExactly (ConvertTo-Words (Get-Section $Command "### -$parameter")) -Because "-$parameter is described so"
        }
    }

    It 'has the syntax of the command' {
        $markdown = Get-Content (Join-Path $pages "$Command.md") -Raw
        $blocks = [regex]::Matches($markdown, "(?ms)^```````\r?\n(?<syntax>$Command .*?)^```````$")
        $written = $blocks | ForEach-Object { ConvertTo-Words $_.Groups['syntax'].Value }
        $hidden = $found.Parameters.Values | Where-Object { $_.Attributes | Where-Object DontShow }
        $actual = foreach ($set in $found.ParameterSets) {
            $syntax = "$Command $set"
            $hidden | ForEach-Object { $syntax = $syntax.Replace(" [-$($_.Name)]", '') }
            $syntax
        }
        $written | Sort-Object | Should -BeExactly ($actual | Sort-Object)
    }

    It 'has every parameter''s type, aliases, position and default' {
        $help.parameters.parameter.name | Sort-Object | Should -Be ($parameters.Name | Sort-Object)
        foreach ($parameter in $parameters) {
            $text = Get-Help $Command -Parameter $parameter.Name
            $because = "-$($parameter.Name) is that"
            $type = [Nullable]::GetUnderlyingType($parameter.ParameterType) ?? $parameter.ParameterType
            $text.type.name | Should -BeExactly $type.Name -Because $because
            ($text.aliases -split ', ' -ne 'none') | Sort-Object | Should -Be ($parameter.Aliases | Sort-Object) -Because $because

            $sets = $parameter.ParameterSets.Values
            $positions = $sets.Position | ForEach-Object { $_ -lt 0 ? 'Named' : "$_" } | Select-Object -Unique
            $text.position | Should -BeIn $positions -Because $because
            $text.required | Should -Be "$($sets.IsMandatory -contains $true)" -Because $because
            $ways = @(
                if ($sets.ValueFromPipeline -contains $true) { 'ByValue' }
                if ($sets.ValueFromPipelineByPropertyName -contains $true) { 'ByPropertyName' }
            )
            $text.pipelineInput | Should -Be ($ways ? "true ($($ways -join ', '))" : 'false') -Because $because
            $isPattern = [bool]($parameter.Attributes | Where-Object { $_ -is [SupportsWildcards] })
            $text.globbing | Should -Be "$isPattern" -Because $because

            $default = Get-DefaultText $parameter
            $isNeeded = $sets.IsMandatory -contains $true -and $parameter.ParameterType -ne [switch]
            if ($isNeeded) { $text.defaultValue | Should -BeNullOrEmpty -Because $because }
            elseif ($null -ne $default) { $text.defaultValue | Should -BeExactly $default -Because $because }
        }
    }

    # At the width of a terminal, because Get-Help breaks longer lines, even within a word.
    It 'has examples whose code can be pasted as it is shown' {
        $markdown = Get-Content (Join-Path $pages "$Command.md") -Raw
        $blocks = [regex]::Matches($markdown, '(?ms)^```Output\r?\n(?<output>.*?)^```')
        $output = $blocks | ForEach-Object { $_.Groups['output'].Value -split '\r?\n' }
        $shown = (Get-Help $Command -Examples | Out-String -Width 80) -replace '\r'
        foreach ($example in $help.examples.example) {
            $lines = $example.code.TrimEnd() -split '\r?\n'
            $shown.Contains(($lines | ForEach-Object { "    $_" }) -join "`n") | Should -BeTrue -Because "no line of '$($example.title)' is broken"
            $failures = $null
            $syntax = [Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $null, [ref] $failures)
            $failures | Should -BeNullOrEmpty -Because $example.title
            $called = $syntax.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
            foreach ($name in $called | ForEach-Object { $_.GetCommandName() }) {
                $isCommand = (Get-Command $name -CommandType Cmdlet -ErrorAction Ignore) -or $name -in 'bash', 'gcc', 'id', 'mkfifo', 'nc'
                $isCommand | Should -BeTrue -Because "'$name' in '$($example.title)' has to be a command"
            }

            $lines | Where-Object { $_ -and $_ -in $output } | Should -BeNullOrEmpty -Because "that is output in '$($example.title)'"
        }
    }

    It 'has three examples or more, with code' {
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
        foreach ($example in $help.examples.example) {
            $example.code | Should -Not -BeNullOrEmpty -Because $example.title
        }
    }

    It 'names manual pages, the type of the output, and related topics' {
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
        (ConvertTo-Words "$help") -replace '^TOPIC ' | Should -Be (ConvertTo-Words (ConvertTo-Comment $markdown))
    }
}
