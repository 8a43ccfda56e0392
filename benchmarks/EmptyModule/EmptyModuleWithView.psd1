@{
    RootModule           = 'EmptyModule.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = 'd3b0a7e2-5a0c-4a53-9f0e-8a9f6f0f7c42'
    Author               = 'The PSFdPass contributors'
    Description          = 'The same with one view for the prompt: the shell builds its table of all views again for any module that has one.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('EmptyModule.format.ps1xml')
    CmdletsToExport      = @('Invoke-Nothing')
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
}
