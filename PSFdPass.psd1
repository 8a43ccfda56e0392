@{
    RootModule             = 'PSFdPass.dll'
    ModuleVersion          = '0.1.0'
    GUID                   = 'b5c2a0a4-6d0e-4f5e-9a2c-7d7c0a7c1e53'
    Author                 = 'The PSFdPass contributors'
    Copyright              = '(c) The PSFdPass contributors. MIT license: see LICENSE.'
    Description            = 'Passes open file descriptors (live TCP connections, files, listening sockets, pipes) between processes over Unix-domain sockets (SCM_RIGHTS). For Linux and macOS.'
    PowerShellVersion      = '7.4'
    CompatiblePSEditions   = @('Core')
    TypesToProcess         = @('PSFdPass.types.ps1xml')
    FormatsToProcess       = @('PSFdPass.format.ps1xml')
    CmdletsToExport        = @(
        'Close-FileDescriptor'
        'Complete-SocketTakeover'
        'Connect-UnixSocket'
        'Copy-FileDescriptor'
        'Get-ActivationFileDescriptor'
        'Get-FileDescriptor'
        'Get-SavedFileDescriptor'
        'Get-UnixSocketPeer'
        'New-FileDescriptorSet'
        'New-MemoryFile'
        'New-UnixSocketListener'
        'New-UnixSocketPair'
        'Open-FileDescriptor'
        'Read-FileDescriptor'
        'Receive-FileDescriptor'
        'Remove-SavedFileDescriptor'
        'Restore-FileDescriptor'
        'Save-FileDescriptor'
        'Send-FileDescriptor'
        'Send-ServiceNotification'
        'Set-FileDescriptor'
        'Start-FdEchoDemo'
        'Start-FdProcess'
        'Start-SocketTakeover'
        'Wait-FileDescriptor'
        'Wait-SocketTakeover'
        'Wait-UnixSocketConnection'
        'Write-FileDescriptor'
    )
    FunctionsToExport      = @()
    AliasesToExport        = @()
    VariablesToExport      = @()
    # The build adds FileList here.
    PrivateData            = @{
        PSData = @{
            Tags       = @('file-descriptor', 'socket', 'unix', 'scm-rights', 'ipc', 'PSEdition_Core', 'Linux', 'MacOS')
            ProjectUri = 'https://github.com/PSFdPass/PSFdPass'
            # The build adds LicenseUri, IconUri and ReleaseNotes here.
        }
    }
}
