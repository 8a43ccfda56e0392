<#
.SYNOPSIS
Builds, tests, documents and packages PSFdPass.
.DESCRIPTION
Runs one or several tasks, in the order given, and stops at the first that fails.

Build    compiles the module and lays it out in out/PSFdPass/<version>/: Import-Module ./out/PSFdPass
Test     builds, then runs the xunit tests and the Pester suite; a skipped Pester test counts as failed
Docs     makes the help that Get-Help shows, PSFdPass/en-US/, out of the pages in docs/en-US/
Package  builds, then makes out/PSFdPass.<version>.nupkg, ready for a repository
Demo     builds, then passes a live TCP connection from one process to another
Clean    removes artifacts/ and out/

Pester and PlatyPS are used where they are installed; otherwise they are installed from the gallery, for the current user.
.PARAMETER Task
What to do.
.PARAMETER Configuration
Debug or Release.
.EXAMPLE
./build.ps1

Builds the module.
.EXAMPLE
./build.ps1 -Task Clean, Test

Tests it from scratch.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Docs', 'Package', 'Demo', 'Clean')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
$module = 'PSFdPass'
$manifest = Import-PowerShellDataFile "$PSScriptRoot/$module.psd1"
$laidOut = "$PSScriptRoot/out/$module/$($manifest.ModuleVersion)"
$pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : 'pwsh'

function Invoke-Native([string] $Program, [string[]] $ArgumentList, [string] $Failure) {
    & $Program @ArgumentList | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw $Failure
    }
}

# Imports a module of the gallery, and installs it first when it is not there.
function Import-Tool([string] $Name, [version] $MinimumVersion) {
    if (-not (Get-Module $Name -ListAvailable | Where-Object { $_.Version -ge $MinimumVersion })) {
        Write-Information "Installing $Name from the gallery, for the current user" -InformationAction Continue
        if (Get-Command Install-PSResource -ErrorAction Ignore) {
            Install-PSResource $Name -Version "[$MinimumVersion, )" -Scope CurrentUser -TrustRepository
        }
        else {
            Install-Module $Name -MinimumVersion $MinimumVersion -Scope CurrentUser -Force -SkipPublisherCheck
        }
    }

    Import-Module $Name -MinimumVersion $MinimumVersion
}

function Invoke-BuildTask {
    Invoke-Native dotnet build, "$PSScriptRoot/src/$module", '-c', $Configuration -Failure 'The build failed.'
}

function Invoke-TestTask {
    Import-Tool Pester 5.0
    Invoke-BuildTask
    Invoke-Native dotnet test, $PSScriptRoot, '-c', $Configuration, '--filter', 'Category!=Pester' -Failure 'xunit tests failed.'

    # In a pwsh of its own: this one could not load the module a second time.
    Invoke-Native $pwsh @(
        '-NoProfile', '-File', "$PSScriptRoot/tests/Support/Invoke-TestFile.ps1"
        '-Path', "$PSScriptRoot/tests", '-ResultFolder', "$PSScriptRoot/artifacts/pester", '-Output', 'Detailed', '-FailSkipped'
    ) -Failure 'Pester tests failed.'
}

function Invoke-DocsTask {
    Import-Tool Microsoft.PowerShell.PlatyPS 1.0
    & "$PSScriptRoot/docs/Build-Help.ps1"
}

function Invoke-PackageTask {
    Invoke-BuildTask
    $package = "$PSScriptRoot/out/$module.$($manifest.ModuleVersion).nupkg"
    if (Test-Path $package) {
        Remove-Item $package
    }

    if (Get-Command Compress-PSResource -ErrorAction Ignore) {
        Compress-PSResource $laidOut -DestinationPath "$PSScriptRoot/out"
    }
    else {
        # Older ones make a package only to publish it: to a folder, then.
        $repository = "$module-$([guid]::NewGuid())"
        Register-PSResourceRepository $repository -Uri "$PSScriptRoot/out"
        try {
            Publish-PSResource $laidOut -Repository $repository
        }
        finally {
            Unregister-PSResourceRepository $repository
        }
    }

    Get-Item $package
}

function Invoke-DemoTask {
    Invoke-BuildTask
    Invoke-Native $pwsh '-NoProfile', '-Command', "Import-Module '$PSScriptRoot/out/$module'; Start-FdEchoDemo -Port 0 -Say foo, bar" -Failure 'The demo failed.'
}

function Invoke-CleanTask {
    'artifacts', 'out' | ForEach-Object { "$PSScriptRoot/$_" } | Where-Object { Test-Path $_ } | Remove-Item -Recurse -Force
}

foreach ($name in $Task) {
    & "Invoke-${name}Task"
}
