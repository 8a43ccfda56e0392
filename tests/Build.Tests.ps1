# Tests build.ps1 when something is missing or fails. A script in place of dotnet records its first argument.

BeforeAll {
    $Repository = (Resolve-Path "$PSScriptRoot/..").Path
    $Pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : 'pwsh'
    $calls = "$TestDrive/calls"
    $programs = (New-Item "$TestDrive/programs" -ItemType Directory).FullName
    Set-Content "$programs/dotnet" "#!/bin/sh`necho `"`$1`" >> '$calls'`ntest `"`$1`" != `"`$FAILING`""
    chmod +x "$programs/dotnet"

    # Runs build.ps1 in another pwsh, and returns its output.
    function Invoke-Build([string] $Arguments, [string] $Failing, [string] $Before) {
        Remove-Item $calls -ErrorAction Ignore
        (env "PATH=${programs}:$env:PATH" "FAILING=$Failing" NO_COLOR=1 `
            $Pwsh -NoProfile -NonInteractive -Command "$Before; & '$Repository/build.ps1' $Arguments" 2>&1) -join "`n"
    }
}

Describe 'build.ps1 -Task Package' {
    It 'keeps the previous packages when it fails, and leaves nothing else behind' {
        $version = (Import-PowerShellDataFile "$Repository/PSFdPass.psd1").ModuleVersion
        $folder = (New-Item "$TestDrive/kept" -ItemType Directory).FullName
        'PSFdPass', 'PSFdPass.Core' | ForEach-Object { Set-Content "$folder/$_.$version.nupkg" "the last good $_" }

        # Building the module succeeds. The next step, packing the library, fails.
        $log = Invoke-Build "-Task Package -PackageFolder '$folder'" -Failing pack
        $LASTEXITCODE | Should -Not -Be 0
        "$log" | Should -Match 'Packing the library failed'
        Get-Content $calls | Should -Be build, pack

        (Get-ChildItem $folder -Force).Name | Sort-Object | Should -Be "PSFdPass.$version.nupkg", "PSFdPass.Core.$version.nupkg"
        Get-Content "$folder/PSFdPass.$version.nupkg" | Should -Be 'the last good PSFdPass'
        Get-Content "$folder/PSFdPass.Core.$version.nupkg" | Should -Be 'the last good PSFdPass.Core'
    }
}

Describe 'build.ps1 -Task Test without Pester' {
    BeforeAll {
        # Neither Pester nor a command that installs it can be found.
        $nothing = "`$env:PSModulePath = '$TestDrive/nothing'"
    }

    It 'runs the xunit tests, and warns that the Pester tests were not run' {
        $log = Invoke-Build '-Task Test' -Before $nothing
        $LASTEXITCODE | Should -Be 0
        Get-Content $calls | Should -Be build, test
        $log | Should -Match 'WARNING: The Pester tests were not run: Pester 5 is not installed'
    }

    It 'fails with -RequireAll, after the xunit tests have run' {
        $log = Invoke-Build '-Task Test -RequireAll' -Before $nothing
        $LASTEXITCODE | Should -Not -Be 0
        Get-Content $calls | Should -Be build, test
        $log | Should -Match 'The Pester tests were not run: Pester 5 is not installed'
    }

    It 'fails if an xunit test fails' {
        $log = Invoke-Build '-Task Test' -Failing test -Before $nothing
        $LASTEXITCODE | Should -Not -Be 0
        $log | Should -Match 'xunit tests failed'
    }
}
