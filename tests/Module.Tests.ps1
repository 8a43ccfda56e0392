BeforeDiscovery {
    $manifest = Import-PowerShellDataFile "$PSScriptRoot/../PSFdPass.psd1"
    $commands = $manifest.CmdletsToExport | ForEach-Object { @{ Command = $_ } }

    $root = (Resolve-Path "$PSScriptRoot/..").Path
    $scripts = Get-ChildItem $root -Recurse -Include *.ps1, *.psm1, *.psd1 |
        ForEach-Object { @{ Name = [IO.Path]::GetRelativePath($root, $_.FullName); File = $_.FullName } } |
        # The manifest names files that are beside it only in the built module, so that copy is analyzed.
        Where-Object { $_.Name -notmatch '^(artifacts|out)/|(^|/)(bin|obj)/' -and $_.Name -ne 'PSFdPass.psd1' }
    $laidOut = Get-ChildItem "$root/out/PSFdPass/*/PSFdPass.psd1" | Sort-Object LastWriteTime | Select-Object -Last 1
    $scripts = @($scripts) + @{ Name = 'PSFdPass.psd1'; File = $laidOut.FullName }
    $hasAnalyzer = [bool](Get-Module PSScriptAnalyzer -ListAvailable)
    $hasPlatyPS = [bool](Get-Module Microsoft.PowerShell.PlatyPS -ListAvailable)
}

Describe 'The module' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $module = Get-Module PSFdPass
        $manifest = Import-PowerShellDataFile "$Repository/PSFdPass.psd1"
    }

    AfterAll {
        Clear-Program
    }

    It 'has a valid manifest' {
        $tested = Test-ModuleManifest "$($module.ModuleBase)/PSFdPass.psd1"
        $tested.Name | Should -Be PSFdPass
        $tested.PowerShellVersion | Should -Be ([version]'7.4')
        $tested.CompatiblePSEditions | Should -Be Core
        $tested.Description | Should -Not -BeNullOrEmpty
        $tested.Tags | Should -Contain 'file-descriptor'
    }

    It 'carries its license' {
        Get-FileHash "$($module.ModuleBase)/LICENSE" | ForEach-Object Hash | Should -Be (Get-FileHash "$Repository/LICENSE").Hash
        $module.Copyright | Should -Match 'MIT license: see LICENSE'
    }

    It 'has the version of the assemblies' {
        $module.Version | Should -Be ([version]$manifest.ModuleVersion)
        $file = [Diagnostics.FileVersionInfo]::GetVersionInfo("$($module.ModuleBase)/PSFdPass.dll")
        $file.FileVersion | Should -Be "$($module.Version).0"
        Split-Path $module.ModuleBase -Leaf | Should -Be $module.Version
    }

    It 'exports what the manifest says, and nothing else' {
        $module.ExportedCmdlets.Keys | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
        $module.ExportedFunctions.Keys + $module.ExportedAliases.Keys + $module.ExportedVariables.Keys | Should -BeNullOrEmpty
        $implemented = [PSFdPass.Commands.FdPassCommand].Assembly.GetTypes() |
            ForEach-Object { $_.GetCustomAttributes([Management.Automation.CmdletAttribute], $false) }
        $implemented | ForEach-Object { "$($_.VerbName)-$($_.NounName)" } | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
    }

    It 'loads only its own three assemblies' {
        $program = Invoke-Program $Pwsh '-NoProfile', '-Command', @"
            # Assemblies of .NET and PowerShell don't count.
            `$shared = '$PSHOME', [Runtime.InteropServices.RuntimeEnvironment]::GetRuntimeDirectory().TrimEnd('/')
            Import-Module '$($module.ModuleBase)/PSFdPass.psd1'
            `$left, `$right = New-UnixSocketPair
            Send-FileDescriptor `$left /dev/null
            (Receive-FileDescriptor `$right).Dispose()
            [AppDomain]::CurrentDomain.GetAssemblies().Location | Where-Object { `$_ -and (Split-Path `$_) -notin `$shared } |
                ForEach-Object { Split-Path `$_ -Leaf } | Sort-Object
"@
        Wait-Program $program | Should -Be 0
        $program.Lines | Should -Be PSFdPass.Core.dll, PSFdPass.dll, PSFdPass.Echo.dll
        (Get-ChildItem $module.ModuleBase -Filter *.dll).Name | Sort-Object | Should -Be PSFdPass.Core.dll, PSFdPass.dll, PSFdPass.Echo.dll
    }

    It 'refuses Windows with an error that explains why, and no other system' {
        $check = [PSFdPass.ModuleInitializer].GetMethod('ThrowIfUnsupported', [Reflection.BindingFlags]'NonPublic, Static')
        { $check.Invoke($null, @($true)) } | Should -Throw -ExpectedMessage '*PSFdPass works only on Linux and macOS*SCM_RIGHTS*'
        { $check.Invoke($null, @($false)) } | Should -Not -Throw
        [Management.Automation.IModuleAssemblyInitializer].IsAssignableFrom([PSFdPass.ModuleInitializer]) | Should -BeTrue
    }
}

Describe '<Command>' -ForEach $commands {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $found = Get-Command $Command -Module PSFdPass
    }

    It 'has an approved verb and a singular noun' {
        $found.Verb | Should -BeIn (Get-Verb).Verb
        $found.Noun | Should -Match '^[A-Z][A-Za-z]+([^s]|ss)$'
    }

    It 'declares its output, and no two parameters of a set have the same position' {
        $found.OutputType.Count + ($found.ParameterSets.Count -eq 1) | Should -BeGreaterThan 0
        foreach ($set in $found.ParameterSets) {
            $positions = $set.Parameters.Position | Where-Object { $_ -ge 0 }
            @($positions | Select-Object -Unique).Count | Should -Be @($positions).Count
        }
    }

    It 'declares the output of each parameter set' {
        $declared = $found.ImplementingType.GetCustomAttributes([Management.Automation.OutputTypeAttribute], $true)
        foreach ($set in $found.ParameterSets) {
            $declared.Where{ '__AllParameterSets' -in $_.ParameterSetName -or $set.Name -in $_.ParameterSetName } |
                Should -Not -BeNullOrEmpty -Because "the parameter set $($set.Name) has an output"
        }
    }

    It 'has no parameter in its syntax that is missing from the help' {
        $inSyntax = [regex]::Matches((Get-Command $Command -Syntax), '(?<=[ [])-(\w+)').ForEach{ $_.Groups[1].Value } | Sort-Object -Unique
        $inHelp = @((Get-Help $Command -Full).Parameters.Parameter.Name) + 'WhatIf', 'Confirm'
        $inSyntax | Where-Object { $_ -notin $inHelp } | Should -BeNullOrEmpty
    }

    It 'has help: a synopsis, a description, two examples, and a text for each parameter' {
        $help = Get-Help $Command -Full
        $help.Synopsis | Should -Not -BeLike "*$Command *" -Because 'that is the syntax, which Get-Help shows when there is no help'
        "$($help.Description.Text)" | Should -Not -BeNullOrEmpty
        @($help.Examples.Example).Count | Should -BeGreaterOrEqual 2
        $common = [Management.Automation.Internal.CommonParameters].GetProperties().Name +
            [Management.Automation.Internal.ShouldProcessParameters].GetProperties().Name
        foreach ($parameter in $found.Parameters.Values) {
            $isShown = $parameter.Attributes.Where{ $_ -is [Parameter] }.Where{ -not $_.DontShow }
            if ($isShown -and $parameter.Name -notin $common) {
                "$((Get-Help $Command -Parameter $parameter.Name).Description.Text)" | Should -Not -BeNullOrEmpty -Because "-$($parameter.Name) needs a text"
            }
        }
    }
}

Describe '-Verbose' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $left, $right = New-UnixSocketPair
        $listener = New-UnixSocketListener "$folder/here.sock"
        $pwsh = Start-FdProcess sleep 60 -PassThru
        $env:NOTIFY_SOCKET = "$folder/notify.sock"
        $manager = New-UnixSocketListener $env:NOTIFY_SOCKET -SocketType Datagram
    }

    AfterAll {
        Remove-Item env:NOTIFY_SOCKET
        $pwsh.Kill()
        $left, $right, $listener, $manager, $pwsh | ForEach-Object Dispose
    }

    # Get-FileDescriptor, Get-SavedFileDescriptor and Get-UnixSocketPeer change nothing. The cmdlets for takeovers and stores call ShouldProcess,
    # which writes the text. Get-ActivationFileDescriptor and Restore-FileDescriptor need a service manager and a holder.
    It 'describes <Command>' -ForEach @(
        @{ Command = 'Close-FileDescriptor'; Operation = { Close-FileDescriptor (Open-FileDescriptor /dev/null) -Verbose }; Says = '*Close*/dev/null*' }
        @{ Command = 'Connect-UnixSocket'; Operation = { Connect-UnixSocket "$folder/here.sock" -Verbose }; Says = 'Connected to*here.sock.' }
        @{ Command = 'Copy-FileDescriptor'; Operation = { Copy-FileDescriptor 0 -Verbose }; Says = 'Copied descriptor 0 to *.' }
        @{ Command = 'Copy-FileDescriptor of another process'; Operation = { Copy-FileDescriptor 0 -ProcessId $pwsh.Id -Verbose }; Says = 'Copied descriptor 0 of process * to *.' }
        @{ Command = 'New-FileDescriptorSet'; Operation = { New-FileDescriptorSet $left -Verbose }; Says = 'Created a set of 1 descriptor.' }
        @{ Command = 'New-MemoryFile'; Operation = { New-MemoryFile a text -Verbose }; Says = 'Created * of 4 bytes.' }
        @{ Command = 'New-UnixSocketListener'; Operation = { New-UnixSocketListener "$folder/new.sock" -Verbose }; Says = 'Listening on *new.sock.' }
        @{ Command = 'New-UnixSocketPair'; Operation = { New-UnixSocketPair SeqPacket -Verbose }; Says = 'Connected the descriptors * and *SeqPacket*' }
        @{ Command = 'Open-FileDescriptor'; Operation = { Open-FileDescriptor /dev/null -Verbose }; Says = 'Opened */dev/null.' }
        @{ Command = 'Read-FileDescriptor'; Operation = { $left.Send([byte[]](65, 10)); Read-FileDescriptor $right -Line -Verbose }; Says = 'Reading from descriptor *' }
        @{
            Command = 'Receive-FileDescriptor'; Says = 'Received 1 byte and 1 descriptor.'
            Operation = { Send-FileDescriptor $left /dev/null; Receive-FileDescriptor $right -Verbose }
        }
        @{
            Command = 'Receive-FileDescriptor, by preference'; Says = 'Received 2 bytes and 0 descriptors.'
            Operation = { $VerbosePreference = 'Continue'; Send-FileDescriptor $left -Message ab; Receive-FileDescriptor $right -AsMessage }
        }
        @{ Command = 'Send-FileDescriptor'; Operation = { Send-FileDescriptor $left -Message a -Verbose; $null = $right.Receive([byte[]]::new(9)) }; Says = '*Send 1 byte*' }
        @{ Command = 'Send-ServiceNotification'; Operation = { Send-ServiceNotification -Ready -Verbose }; Says = '*Send a notification*' }
        @{ Command = 'Set-FileDescriptor'; Operation = { Set-FileDescriptor $left -CloseOnExec -Verbose }; Says = '*Set CloseOnExec on*' }
        @{ Command = 'Start-FdEchoDemo'; Operation = { (Start-FdEchoDemo -Role WideReceiver -SocketPath "$folder/demo.sock" -PassThru -Verbose)[-1].Stop() }; Says = '*Play WideReceiver*' }
        @{ Command = 'Start-FdProcess'; Operation = { Start-FdProcess true -Wait -Verbose }; Says = 'Process * has ended with exit code 0.' }
        @{ Command = 'Wait-FileDescriptor'; Operation = { $null = Wait-FileDescriptor $left -Writable -Verbose }; Says = 'Waiting for 1 descriptor.' }
        @{
            Command = 'Wait-UnixSocketConnection'; Says = 'Accepted a connection on descriptor *.'
            Operation = { $client = Connect-UnixSocket "$folder/here.sock"; while (Wait-FileDescriptor $listener -TimeoutSeconds 0) { Wait-UnixSocketConnection $listener -Verbose }; $client.Dispose() }
        }
        @{ Command = 'Write-FileDescriptor'; Operation = { Write-FileDescriptor $left a -Verbose; $null = $right.Receive([byte[]]::new(9)) }; Says = '*Write*descriptor*' }
        @{ Command = 'Write-FileDescriptor -From'; Operation = { Write-FileDescriptor $left -From (New-MemoryFile a x) -Verbose; $null = $right.Receive([byte[]]::new(9)) }; Says = 'Copied 1 byte.' }
    ) {
        $all = & $Operation 4>&1
        $said = $all | Where-Object { $_ -is [Management.Automation.VerboseRecord] }
        $said.Message -like $Says | Should -Not -BeNullOrEmpty -Because "it said $($said.Message -join ' / ')"
        $all | Where-Object { $_ -is [IDisposable] } | ForEach-Object Dispose
    }
}

Describe 'The help' {
    It 'is up to date with the pages, from which docs/Build-Help.ps1 makes it' -Skip:(-not $hasPlatyPS) {
        $made = (New-Item -ItemType Directory "$TestDrive/help").FullName
        & "$PSScriptRoot/../docs/Build-Help.ps1" -OutputFolder $made
        $committed = "$PSScriptRoot/../PSFdPass/en-US"
        (Get-ChildItem $made).Name | Should -Be (Get-ChildItem $committed).Name
        foreach ($file in Get-ChildItem $made) {
            Get-FileHash $file | ForEach-Object Hash |
                Should -Be (Get-FileHash "$committed/$($file.Name)").Hash -Because "$($file.Name) is made by ./build.ps1 -Task Docs"
        }
    }
}

Describe 'PSScriptAnalyzer' {
    It 'finds nothing in <Name>' -ForEach $scripts -Skip:(-not $hasAnalyzer) {
        $settings = $Name -like 'tests/*' ? "$PSScriptRoot/PSScriptAnalyzerSettings.psd1" : "$PSScriptRoot/../PSScriptAnalyzerSettings.psd1"
        Invoke-ScriptAnalyzer $File -Settings $settings | ForEach-Object { "line $($_.Line): $($_.RuleName): $($_.Message)" } |
            Should -BeNullOrEmpty
    }
}
