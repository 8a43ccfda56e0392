<#
.SYNOPSIS
Builds, tests, documents and packages PSFdPass.
.DESCRIPTION
Runs one or more tasks, in the given order, and stops at the first that fails.

Build    compiles the module and lays it out in out/PSFdPass/<version>/: Import-Module ./out/PSFdPass
Test     builds, then runs the xunit tests and, if Pester 5 is installed or can be installed, the Pester tests
Docs     makes the help that Get-Help shows, PSFdPass/en-US/, from the pages in docs/en-US/
Pictures makes the pictures of the README, docs/handover.svg and docs/demo.svg
Package  builds from scratch, then makes out/PSFdPass.<version>.nupkg (the module) and out/PSFdPass.Core.<version>.nupkg (the library)
Demo     builds, then passes a live TCP connection from one process to another
Clean    removes artifacts/ and out/

Pester and PlatyPS are used where they are installed; otherwise they are installed from the gallery, for the current user.
Package needs Microsoft.PowerShell.PSResourceGet, which PowerShell includes.
.PARAMETER Task
The tasks to run.
.PARAMETER Configuration
Debug or Release.
.PARAMETER RequireAll
Makes Test fail when Pester is not available, and count each skipped Pester test as failed.
.PARAMETER PackageFolder
The folder in which Package puts the packages; by default, out/. A package that is already there is replaced only after both new
packages have been made.
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
    [ValidateSet('Build', 'Test', 'Docs', 'Pictures', 'Package', 'Demo', 'Clean')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    [switch] $RequireAll,

    [string] $PackageFolder = "$PSScriptRoot/out"
)

$ErrorActionPreference = 'Stop'
$module = 'PSFdPass'
$pwsh = (Test-Path "$PSHOME/pwsh") ? "$PSHOME/pwsh" : 'pwsh'
$PackageFolder = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($PackageFolder)

function Invoke-Native([string] $Program, [string[]] $ArgumentList, [string] $Failure) {
    & $Program @ArgumentList | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw $Failure
    }
}

# Imports a module of the gallery, and installs it first if it is missing.
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
    Invoke-BuildTask
    Invoke-Native dotnet test, $PSScriptRoot, '-c', $Configuration, '--filter', 'Category!=Pester' -Failure 'xunit tests failed.'

    try {
        Import-Tool Pester 5.0
    }
    catch {
        $reason = "The Pester tests were not run: Pester 5 is not installed, and installing it failed. $_"
        if ($RequireAll) {
            throw $reason
        }

        Write-Warning $reason
        return
    }

    # In another pwsh, because this one could not load the module a second time.
    Invoke-Native $pwsh @(
        '-NoProfile', '-File', "$PSScriptRoot/tests/Support/Invoke-TestFile.ps1"
        '-Path', "$PSScriptRoot/tests", '-ResultFolder', "$PSScriptRoot/artifacts/pester", '-Output', 'Detailed'
        if ($RequireAll) { '-FailSkipped' }
    ) -Failure 'Pester tests failed.'
}

function Invoke-DocsTask {
    Import-Tool Microsoft.PowerShell.PlatyPS 1.0
    & "$PSScriptRoot/docs/Build-Help.ps1"
}

function Invoke-PicturesTask {
    Invoke-BuildTask
    & "$PSScriptRoot/docs/Build-Pictures.ps1"
}

function Invoke-PackageTask {
    # Beside the packages that it replaces, so that a move is a rename.
    $work = "$PackageFolder/.package-$([guid]::NewGuid())"
    $packages = (New-Item "$work/packages" -ItemType Directory).FullName
    try {
        $options = '-c', $Configuration, '--artifacts-path', "$work/artifacts", '-p:ContinuousIntegrationBuild=true'
        # The library's package then has the same bytes each time it is made from a commit.
        $commitTime = (Get-Command git -ErrorAction Ignore) ? (git -C $PSScriptRoot log -1 --format=%ct 2>$null) : $null
        if ($commitTime) { $options += "-p:DeterministicTimestamp=$commitTime" }

        Invoke-Native dotnet (@('build', "$PSScriptRoot/src/$module", "-p:ModuleFolder=$work/$module/") + $options) -Failure 'The build failed.'
        Invoke-Native dotnet (@('pack', "$PSScriptRoot/src/$module.Core", '--no-build', '-o', $packages) + $options) -Failure 'Packing the library failed.'
        Compress-Module "$work/$module" $packages

        foreach ($package in Get-ChildItem $packages) {
            [IO.File]::Move($package.FullName, "$PackageFolder/$($package.Name)", $true)
            Get-Item "$PackageFolder/$($package.Name)"
        }
    }
    finally {
        Remove-Item $work -Recurse -Force
    }
}

# Makes a package of a module.
function Compress-Module([string] $Folder, [string] $Destination) {
    if (Get-Command Compress-PSResource -ErrorAction Ignore) {
        Compress-PSResource $Folder -DestinationPath $Destination
        return
    }

    # PSResourceGet 1.0 makes a package only when it publishes one, so it is published to a folder.
    $repository = "$module-$([guid]::NewGuid())"
    Register-PSResourceRepository $repository -Uri $Destination
    try {
        Publish-PSResource $Folder -Repository $repository
    }
    finally {
        Unregister-PSResourceRepository $repository
    }
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
