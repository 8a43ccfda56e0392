@{
    RootModule           = 'EmptyModule.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '0f6a9c1d-6d1b-4f2e-8a36-9f0f0c5a7f11'
    Author               = 'The PSFdPass contributors'
    Description          = 'The same with a view and a type file. The shell updates its table of types for any module that has one.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('EmptyModule.types.ps1xml')
    FormatsToProcess     = @('EmptyModule.format.ps1xml')
    CmdletsToExport      = @('Invoke-Nothing')
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
}
