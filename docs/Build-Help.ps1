<#
.SYNOPSIS
Makes what Get-Help reads from the pages in docs/en-US: PSFdPass.dll-Help.xml, and an about_*.help.txt for every about page.
.DESCRIPTION
PlatyPS (Microsoft.PowerShell.PlatyPS 1.0) turns the cmdlets' pages into MAML. It leaves markdown in it and drops the default
values; this script corrects both, so that the terminal shows text. The results are committed: building the module needs no PlatyPS.
#>
[CmdletBinding()]
param(
    # The folder for the help; by default, the one that is committed.
    [string] $OutputFolder = (Join-Path $PSScriptRoot '../PSFdPass/en-US')
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module Microsoft.PowerShell.PlatyPS -MinimumVersion 1.0

$pages = Join-Path $PSScriptRoot en-US
$null = New-Item -ItemType Directory -Force $OutputFolder

# Markdown's marks for code and links, in a text for the terminal.
function ConvertTo-PlainText([string] $Text) {
    $Text -replace '`([^`]+)`', '$1' -replace '\[([^\]]+)\]\([^)]+\)', '$1'
}

# Text for the terminal, which breaks lines itself: a paragraph is one line, and so is an item of a list. Code is indented.
function ConvertTo-TerminalText([string] $Text) {
    $code = $false
    $result = [Collections.Generic.List[string]]::new()
    $joins = $false
    foreach ($line in $Text -split '\r?\n') {
        if ($line.StartsWith('```')) {
            $code = -not $code
            $joins = $false
        }
        elseif ($code) { $result.Add("    $line".TrimEnd()) }
        else {
            $plain = ConvertTo-PlainText $line.TrimEnd()
            if ($joins -and $plain -notmatch '^(- |\||$)') { $result[-1] += ' ' + $plain.TrimStart() }
            else { $result.Add($plain) }
            $joins = $plain -and $plain -notmatch '^\|'
        }
    }
    $result -join "`n"
}

# Converts the output of a command to comments, so that pasting an example runs only the command. Get-Help breaks lines at the
# width of a terminal, so longer lines are broken for 80 columns here.
function ConvertTo-Comment([string] $Text) {
    ($Text.TrimEnd() -replace '(?m)^(?=.{74})(.{0,73}) ', "`$1`n" -split '\r?\n' | ForEach-Object { "# $_".TrimEnd() }) -join "`n"
}

# Converts a session at the prompt: input is kept, without the prompt, and output becomes comments.
function ConvertTo-Command([string] $Session) {
    ($Session.TrimEnd() -split '\r?\n' | ForEach-Object { $_ -match '^PS> (.*)' ? $Matches[1] : (ConvertTo-Comment $_) }) -join "`n"
}

# Writes an example in the order of Get-Help: the text before the code, the code with its output, and the text after it.
function Write-Example([Xml.XmlElement] $Example, $Page, [Xml.XmlNamespaceManager] $Names) {
    $block = '(?ms)^```(?<kind>powershell|console)\r?\n(?<code>.*?)^```\r?$(?:\s+^```Output\r?\n(?<output>.*?)^```\r?$)?'
    $match = [regex]::Match($Page.Remarks, $block)
    $code = $match.Groups['code'].Value.TrimEnd()
    if ($match.Groups['kind'].Value -eq 'console') { $code = ConvertTo-Command $code }
    if ($match.Groups['output'].Success) { $code += "`n`n" + (ConvertTo-Comment $match.Groups['output'].Value) }
    $before = $Page.Remarks.Substring(0, $match.Index)
    $after = $Page.Remarks.Substring($match.Index + $match.Length)

    $Example.SelectSingleNode('maml:title', $Names).InnerText = $Page.Title
    $Example.SelectSingleNode('dev:code', $Names).InnerText = $code
    Write-Paragraph $Example.SelectSingleNode('maml:introduction', $Names) (ConvertTo-TerminalText $before)
    Write-Paragraph $Example.SelectSingleNode('dev:remarks', $Names) (ConvertTo-TerminalText $after)
}

# The empty paragraph after the text separates it from the next section.
function Write-Paragraph([Xml.XmlElement] $Node, [string] $Text) {
    $Node.RemoveAll()
    foreach ($line in @($Text.Trim("`n"); '') | Select-Object -Unique) {
        $paragraph = $Node.OwnerDocument.CreateElement('maml', 'para', 'http://schemas.microsoft.com/maml/2004/10')
        $paragraph.InnerText = $line
        $null = $Node.AppendChild($paragraph)
    }
}

function Convert-CommandHelp {
    $work = Join-Path ([IO.Path]::GetTempPath()) "help-$([guid]::NewGuid())"
    try {
        $commands = Get-ChildItem $pages -Filter *-*.md | Sort-Object Name | ForEach-Object {
            Import-MarkdownCommandHelp -LiteralPath $_.FullName
        }
        $file = Export-MamlCommandHelp -CommandHelp $commands -OutputFolder $work
        $xml = [xml]::new()
        $xml.PreserveWhitespace = $true
        $xml.Load($file.FullName)
    }
    finally {
        Remove-Item -Recurse -Force -ErrorAction Ignore $work
    }

    $names = [Xml.XmlNamespaceManager]::new($xml.NameTable)
    $names.AddNamespace('maml', 'http://schemas.microsoft.com/maml/2004/10')
    $names.AddNamespace('command', 'http://schemas.microsoft.com/maml/dev/command/2004/10')
    $names.AddNamespace('dev', 'http://schemas.microsoft.com/maml/dev/2004/10')

    foreach ($command in $commands) {
        $help = $xml.SelectSingleNode("//command:command[command:details/command:name='$($command.Title)']", $names)
        $nodes = $help.SelectNodes('command:examples/command:example', $names)
        for ($i = 0; $i -lt $command.Examples.Count; $i++) {
            Write-Example $nodes[$i] $command.Examples[$i] $names
        }

        foreach ($parameter in $command.Parameters) {
            $node = $help.SelectSingleNode("command:parameters/command:parameter[maml:name='$($parameter.Name)']", $names)
            if ($parameter.DefaultValue -and $node) {
                $default = $xml.CreateElement('dev', 'defaultValue', $names.LookupNamespace('dev'))
                $default.InnerText = $parameter.DefaultValue
                $null = $node.AppendChild($default)
            }
        }
    }

    foreach ($paragraph in $xml.SelectNodes('//maml:para[not(ancestor::command:example)]', $names)) {
        $paragraph.InnerText = ConvertTo-TerminalText $paragraph.InnerText
    }

    # Links to other pages of the help have a name, and no address.
    foreach ($uri in $xml.SelectNodes('//maml:navigationLink/maml:uri', $names)) {
        if ($uri.InnerText -notmatch '^https?:') {
            $uri.InnerText = ''
        }
    }

    # Get-Help -Online opens the address of the first link.
    $project = (Import-PowerShellDataFile (Join-Path $PSScriptRoot '../PSFdPass.psd1')).PrivateData.PSData.ProjectUri
    foreach ($help in $xml.SelectNodes('//command:command', $names)) {
        $online = $help.SelectSingleNode('command:relatedLinks/maml:navigationLink[maml:linkText="Online Version"]', $names)
        $online.SelectSingleNode('maml:uri', $names).InnerText =
            "$project/blob/main/docs/en-US/$($help.SelectSingleNode('command:details/command:name', $names).InnerText).md"
    }

    $xml.Save((Join-Path $OutputFolder PSFdPass.dll-Help.xml))
}

# Headings start at the margin, main headings in capitals; text is indented by four columns and code by eight.
# Get-Help uses the fifth line as the synopsis, so no empty line follows a heading.
function Convert-AboutPage([IO.FileInfo] $Page) {
    $code = $false
    $block = '(?ms)(?<=^```Output\r?\n).*?(?=^```)', { (ConvertTo-Comment $_.Value) + "`n" }
    $lines = foreach ($line in (Get-Content $Page -Raw) -replace $block -replace '(?m)^(## .*\r?\n)\r?\n', '$1' -split '\r?\n') {
        if ($line.StartsWith('```')) { $code = -not $code }
        elseif ($code) { "        $line".TrimEnd() }
        elseif ($line -match '^# (.*)') { 'TOPIC', "    $($Matches[1])" }
        elseif ($line -match '^## (.*)') { $Matches[1].ToUpperInvariant() }
        elseif ($line -match '^### (.*)') { "  $($Matches[1])" }
        elseif ($line) { "    $(ConvertTo-PlainText $line)" }
        else { '' }
    }
    Set-Content (Join-Path $OutputFolder "$($Page.BaseName).help.txt") ($lines -join "`n").TrimEnd()
}

Convert-CommandHelp
Get-ChildItem $pages -Filter about_*.md | ForEach-Object { Convert-AboutPage $_ }
