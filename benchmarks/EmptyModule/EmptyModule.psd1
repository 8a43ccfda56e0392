@{
    RootModule           = 'EmptyModule.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '5f3c1c46-0f0e-4a0c-9f57-6f5c3c0b7a11'
    Author               = 'The PSFdPass contributors'
    Description          = 'The least that a compiled module can be: what an import and a call cost in any case.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    CmdletsToExport      = @('Invoke-Nothing')
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
}
