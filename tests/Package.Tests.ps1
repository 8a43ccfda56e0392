# The packages that ./build.ps1 -Task Package makes: what is in them, and that they can be installed and used.

BeforeDiscovery {
    $root = (Resolve-Path "$PSScriptRoot/..").Path
    $published = @('build.ps1') + (Get-ChildItem "$root/samples" -Recurse -Filter *.ps1 | ForEach-Object { [IO.Path]::GetRelativePath($root, $_.FullName) }) |
        ForEach-Object { @{ Name = $_; File = "$root/$_" } }
    $published += @{ Name = 'the module'; File = (Resolve-Path "$root/out/PSFdPass/*/PSFdPass.psd1").Path }
}

BeforeAll {
    $Repository = (Resolve-Path "$PSScriptRoot/..").Path
    $Pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : 'pwsh'
    $manifest = Import-PowerShellDataFile "$Repository/PSFdPass.psd1"
    $data = $manifest.PrivateData.PSData
    $version = "$($manifest.ModuleVersion)$($data.Prerelease -replace '^(?=.)', '-')"
    $packages = "$TestDrive/packages"
    $modulePackage = "$packages/PSFdPass.$version.nupkg"
    $libraryPackage = "$packages/PSFdPass.Core.$version.nupkg"

    $missing = if (-not (Get-Module Microsoft.PowerShell.PSResourceGet -ListAvailable)) { 'Microsoft.PowerShell.PSResourceGet is not installed' }
    if (-not $missing) {
        $log = & $Pwsh -NoProfile -File "$Repository/build.ps1" -Task Package -PackageFolder $packages 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "Packaging failed:`n$($log -join "`n")"
        }
    }

    # Skips the rest of a test if the packages could not be made. To be dot-sourced.
    function Assert-Packaged {
        if ($missing) {
            Set-ItResult -Skipped -Because $missing
        }
    }

    # The text of each file in a package by its name, without the metadata of the package format.
    function Read-Package([string] $Path) {
        $contents = @{}
        $archive = [IO.Compression.ZipFile]::OpenRead($Path)
        try {
            foreach ($entry in $archive.Entries | Where-Object FullName -NotMatch '^(_rels|package)/|^\[Content_Types\]') {
                $reader = [IO.StreamReader]::new($entry.Open())
                $contents[[uri]::UnescapeDataString($entry.FullName)] = $reader.ReadToEnd()
                $reader.Dispose()
            }
        }
        finally {
            $archive.Dispose()
        }

        $contents
    }

    # The newest entry of the changelog, without its heading.
    function Get-NewestEntry {
        $lines = Get-Content "$Repository/CHANGELOG.md"
        $headings = @(0..($lines.Count - 1) | Where-Object { $lines[$_].StartsWith('## ') }) + $lines.Count
        ($lines[($headings[0] + 1)..($headings[1] - 1)] -join "`n").Trim()
    }

    # Runs a script in another pwsh, for a user who has nothing installed, and returns the lines of its output.
    function Invoke-AsNewUser([string] $Script, [string] $Path = $env:PATH) {
        # PSResourceGet writes to the current directory where ~/.local/share is missing.
        $userHome = "$TestDrive/home"
        $null = New-Item "$userHome/.local/share" -ItemType Directory -Force
        $output = env -u XDG_DATA_HOME -u XDG_CONFIG_HOME -u XDG_CACHE_HOME "HOME=$userHome" "PATH=$Path" NO_COLOR=1 `
            "PSModulePath=$userHome/.local/share/powershell/Modules:$env:PSModulePath" `
            $Pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; $Script" 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
        $output
    }
}

Describe 'Packaging' {
    It 'makes one package of the module and one of the library' {
        . Assert-Packaged
        (Get-ChildItem $packages -Force).FullName | Sort-Object | Should -Be ($modulePackage, $libraryPackage | Sort-Object)
    }
}

Describe 'The package of the module' {
    It 'has exactly the files that the manifest lists' {
        . Assert-Packaged
        $contents = Read-Package $modulePackage
        Set-Content "$TestDrive/packed.psd1" $contents['PSFdPass.psd1']
        $packed = Import-PowerShellDataFile "$TestDrive/packed.psd1"
        $contents.Keys | Where-Object { $_ -ne 'PSFdPass.nuspec' } | Sort-Object | Should -Be ($packed.FileList | Sort-Object)
        $packed.FileList | Should -Contain PSFdPass.dll
        $packed.FileList | Should -Contain en-US/PSFdPass.dll-Help.xml
        foreach ($file in 'README.md', 'CHANGELOG.md', 'LICENSE') {
            $contents[$file] | Should -BeExactly (Get-Content "$Repository/$file" -Raw)
        }
    }

    It 'has the addresses of the project, its license and its icon, and the release notes' {
        . Assert-Packaged
        $nuspec = ([xml](Read-Package $modulePackage)['PSFdPass.nuspec']).package.metadata
        $nuspec.version | Should -Be $version
        $nuspec.projectUrl | Should -Be $data.ProjectUri
        $nuspec.licenseUrl | Should -Be "$($data.ProjectUri)/blob/main/LICENSE"
        $nuspec.iconUrl | Should -Be "$($data.ProjectUri)/raw/main/assets/icon.png"
        "$Repository/assets/icon.png" | Should -Exist
        $nuspec.releaseNotes.Trim() | Should -BeExactly (Get-NewestEntry)
        $tags = $nuspec.tags -split ' '
        $data.Tags | ForEach-Object { $_ | Should -BeIn $tags }
    }
}

Describe 'The package of the library' {
    It 'has the documentation, a README and an icon, and depends on nothing' {
        . Assert-Packaged
        $contents = Read-Package $libraryPackage
        $contents.Keys | Sort-Object | Should -Be @(
            'icon.png', 'lib/net8.0/PSFdPass.Core.dll', 'lib/net8.0/PSFdPass.Core.xml', 'PSFdPass.Core.nuspec', 'README.md')
        $nuspec = ([xml]$contents['PSFdPass.Core.nuspec']).package.metadata
        $nuspec.version | Should -Be $version
        $nuspec.license.InnerText | Should -Be MIT
        $nuspec.readme | Should -Be README.md
        $nuspec.icon | Should -Be icon.png
        $nuspec.projectUrl | Should -Be $data.ProjectUri
        $nuspec.releaseNotes.Trim() | Should -BeExactly (Get-NewestEntry)
        @($nuspec.dependencies.group).Count | Should -Be 1
        $nuspec.dependencies.group.dependency | Should -BeNullOrEmpty
        ([xml]$contents['lib/net8.0/PSFdPass.Core.xml']).doc.members.member.Count | Should -BeGreaterThan 100
    }

    It 'has the time of the commit, not of the build' {
        . Assert-Packaged
        $commitTime = (Get-Command git -ErrorAction Ignore) ? (git -C $Repository log -1 --format=%ct 2>$null) : $null
        if (-not $commitTime) {
            Set-ItResult -Skipped -Because 'this is not a clone of the repository, or git is not installed'
            return
        }

        $archive = [IO.Compression.ZipFile]::OpenRead($libraryPackage)
        $times = $archive.Entries.LastWriteTime.DateTime | Select-Object -Unique
        $archive.Dispose()
        # Zip files have a resolution of two seconds.
        @($times).Count | Should -Be 1
        [Math]::Abs(($times - [DateTimeOffset]::FromUnixTimeSeconds($commitTime).UtcDateTime).TotalSeconds) | Should -BeLessThan 2
    }

    It 'is compiled without the paths of this machine' {
        . Assert-Packaged
        [IO.Compression.ZipFile]::ExtractToDirectory($libraryPackage, "$TestDrive/library")
        $image = [Reflection.PortableExecutable.PEReader]::new([IO.File]::OpenRead("$TestDrive/library/lib/net8.0/PSFdPass.Core.dll"))
        try {
            $entries = $image.ReadDebugDirectory()
            $entries.Type | Should -Contain Reproducible
            $symbols = $image.ReadEmbeddedPortablePdbDebugDirectoryData(($entries | Where-Object Type -EQ EmbeddedPortablePdb)).GetMetadataReader()
            $sources = $symbols.Documents | ForEach-Object { $symbols.GetString($symbols.GetDocument($_).Name) }
            $sources | Should -Contain /_/src/PSFdPass.Core/Ancillary/ControlMessageLayout.cs
            $sources | Where-Object { -not $_.StartsWith('/_/') } | Should -BeNullOrEmpty
        }
        finally {
            $image.Dispose()
        }
    }

    It 'is enough for the program in its README' {
        . Assert-Packaged
        $readme = (Read-Package $libraryPackage)['README.md']
        $readme -match '(?s)```csharp\n(?<code>.*?)```\s+```Output\n(?<output>.*?)```' | Should -BeTrue
        $program = (New-Item "$TestDrive/program" -ItemType Directory).FullName
        Set-Content "$program/Program.cs" $Matches['code']
        Set-Content "$program/program.csproj" @"
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <UseAppHost>false</UseAppHost>
    <NuGetAudit>false</NuGetAudit>
    <RestorePackagesPath>$TestDrive/restored</RestorePackagesPath>
    <RestoreSources>$packages</RestoreSources>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="PSFdPass.Core" Version="$version" />
  </ItemGroup>
</Project>
"@
        $expected = $Matches['output'].TrimEnd() -split '\n'
        $log = dotnet build $program -v q 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($log -join "`n")
        dotnet "$program/bin/Debug/net10.0/program.dll" | Should -BeExactly $expected
    }
}

Describe 'The installed module' {
    BeforeAll {
        if (-not $missing) {
            Invoke-AsNewUser "Register-PSResourceRepository Local -Uri '$packages' -Trusted
                Install-PSResource PSFdPass -Repository Local -Scope CurrentUser $($data.Prerelease ? '-Prerelease' : '')"
        }
    }

    AfterAll {
        if (-not $missing) {
            Invoke-AsNewUser 'Unregister-PSResourceRepository Local'
        }
    }

    It 'is found by a new pwsh' {
        . Assert-Packaged
        Invoke-AsNewUser '(Get-Module PSFdPass -ListAvailable)[0].Path' |
            Should -Be "$TestDrive/home/.local/share/powershell/Modules/PSFdPass/$($manifest.ModuleVersion)/PSFdPass.psd1"
    }

    It 'is loaded by the first use of a cmdlet' {
        . Assert-Packaged
        $output = Invoke-AsNewUser @'
            (Get-Module PSFdPass).Count
            $left, $right = New-UnixSocketPair
            Send-FileDescriptor $left /etc/hosts -Message hello
            $message = Receive-FileDescriptor $right -AsMessage
            "$($message.Text) $($message.Descriptors[0].Target)"
            (Get-Module PSFdPass).ModuleBase
'@
        $output | Should -Be '0', 'hello /etc/hosts', "$TestDrive/home/.local/share/powershell/Modules/PSFdPass/$($manifest.ModuleVersion)"
    }

    It 'plays the echo demo' {
        . Assert-Packaged
        $output = Invoke-AsNewUser 'Start-FdEchoDemo -Port 0 -Say foo, bar 6>$null'
        $output -replace '\d+', 'N' | Should -Be 'Hello from Quarterback on PID (N)!', 'Hello from Wide Receiver on PID (N)!', 'foo', 'bar'
    }

    It 'has its help, here and online' {
        . Assert-Packaged
        # The test's browser records the address that it should open.
        $browser = (New-Item "$TestDrive/browser" -ItemType Directory).FullName
        $address = "$TestDrive/address"
        Set-Content "$browser/xdg-open" "#!/bin/sh`necho `"`$1`" > '$address.new' && mv '$address.new' '$address'"
        chmod +x "$browser/xdg-open"
        $synopsis = Invoke-AsNewUser '(Get-Help Send-FileDescriptor).Synopsis; Get-Help Send-FileDescriptor -Online' -Path "${browser}:$env:PATH"
        $page = Get-Content "$Repository/docs/en-US/Send-FileDescriptor.md" -Raw
        $page -match '(?s)## SYNOPSIS\s+(?<text>.*?)\s+## ' | Should -BeTrue
        $synopsis | Should -Be ($Matches['text'] -replace '\s+', ' ')
        foreach ($attempt in 1..3000) {
            if (Test-Path $address) { break }
            Start-Sleep -Milliseconds 10
        }

        Get-Content $address | Should -Be "$($data.ProjectUri)/blob/main/docs/en-US/Send-FileDescriptor.md"
    }
}

Describe 'The rules of the gallery' {
    It 'are kept by <Name>' -ForEach $published {
        if (-not (Get-Module PSScriptAnalyzer -ListAvailable)) {
            Set-ItResult -Skipped -Because 'PSScriptAnalyzer is not installed'
            return
        }

        Invoke-ScriptAnalyzer $File -Settings PSGallery | ForEach-Object { "line $($_.Line): $($_.RuleName): $($_.Message)" } | Should -BeNullOrEmpty
    }
}
