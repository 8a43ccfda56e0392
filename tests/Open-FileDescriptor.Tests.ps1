Describe 'Open-FileDescriptor' {
    BeforeAll {
        . $PSScriptRoot/Support/Common.ps1
        $folder = (Get-PSDrive TestDrive).Root
        $path = "$folder/letters"
        Set-Content $path 'abc' -NoNewline

        function Write-All($Descriptor, [string] $Text) {
            $writer = [IO.StreamWriter]::new($Descriptor.OpenStream())
            $writer.Write($Text)
            $writer.Dispose()
        }
    }

    AfterEach {
        $opened | Where-Object { $_ } | ForEach-Object Dispose
        $opened = $null
    }

    Context 'paths' {
        It 'opens a file for reading, close-on-exec' {
            $opened = Open-FileDescriptor $path
            $opened | Should -BeOfType PSFdPass.FileDescriptor
            $opened.Kind | Should -Be File
            $opened.Access | Should -Be Read
            $opened.Flags | Should -Be CloseOnExec
            $opened.Target | Should -BeExactly $path
            Read-All $opened | Should -BeExactly 'abc'
        }

        It 'opens a directory and a device' {
            $opened = Open-FileDescriptor $folder, /dev/null -Access Read
            $opened.Kind | Should -Be Directory, CharacterDevice
        }

        It 'opens a path relative to the location of the shell' {
            Push-Location $folder
            $opened = Open-FileDescriptor letters
            Pop-Location
            $opened.Target | Should -BeExactly $path
        }

        It 'accepts a path, a FileInfo and a DirectoryInfo of Get-Item, and a new FileInfo, from the pipeline' {
            $opened = $path, (Get-Item $path), (Get-Item $folder), [IO.FileInfo]::new($path) | Open-FileDescriptor
            $opened.Target | Should -Be $path, $path, $folder, $path
        }

        It 'opens every file that wildcards match' {
            'a.log', 'b.log', 'c.txt' | ForEach-Object { Set-Content "$folder/$_" $_ }
            $opened = Open-FileDescriptor "$folder/*.log"
            $opened.Target | Should -Be "$folder/a.log", "$folder/b.log"
        }

        It 'reports wildcards that match nothing, also with -Create' {
            foreach ($with in @{}, @{ Create = $true }) {
                $problem = Get-ErrorOf { Open-FileDescriptor "$folder/*.none", "$folder/new[1].none" @with }
                $problem.FullyQualifiedErrorId | Should -BeLike 'NotFound,*'
                $problem | Should -HaveCount 2
                "$($problem[1])" | Should -BeLike "No file matches '*/new?1?.none'. Use -LiteralPath*"
            }
        }

        It 'accepts escaped wildcards, as completion writes them, and paths with brackets from other commands' {
            Set-Content -LiteralPath "$folder/b[2].txt" 'two'
            $line = "Open-FileDescriptor $folder/b"
            $text = (TabExpansion2 $line $line.Length).CompletionMatches[-1].CompletionText
            $opened = @(
                & ([scriptblock]::Create("Open-FileDescriptor $text"))
                Resolve-Path -LiteralPath "$folder/b[2].txt" | Open-FileDescriptor
                Select-String -LiteralPath "$folder/b[2].txt" two | Open-FileDescriptor
                Get-ChildItem -LiteralPath $folder -Filter 'b?2?.txt' | Open-FileDescriptor)
            $opened.Target | Should -Be (@("$folder/b[2].txt") * 4)
        }

        It 'creates a file with brackets in its name with -LiteralPath' {
            $opened = Open-FileDescriptor -LiteralPath "$folder/made[1].txt" -Create
            $opened.Target | Should -BeExactly "$folder/made[1].txt"
        }

        It 'creates with -CreateNew only what does not exist, with the permissions of -Mode' {
            $opened = Open-FileDescriptor "$folder/once" -CreateNew -Mode 0640
            [Convert]::ToString([int](Get-Item "$folder/once").UnixFileMode, 8) | Should -Be 640
            (Get-ErrorOf { Open-FileDescriptor "$folder/once" -CreateNew }).FullyQualifiedErrorId | Should -BeLike 'EEXIST,*'
            Open-FileDescriptor "$folder/twice" -CreateNew -WhatIf
            "$folder/twice" | Should -Not -Exist
        }

        It 'uses -LiteralPath without wildcards' {
            Set-Content -LiteralPath "$folder/a[1].txt" 'one'
            $opened = Open-FileDescriptor -LiteralPath "$folder/a[1].txt"
            $opened.Target | Should -BeExactly "$folder/a[1].txt"
            $opened.Dispose()
            $opened = Get-Item -LiteralPath "$folder/a[1].txt" | Open-FileDescriptor
            $opened.Target | Should -BeExactly "$folder/a[1].txt"
        }

        It 'continues after a path that does not exist' {
            $opened = Open-FileDescriptor "$folder/none", $path -ErrorVariable problem -ErrorAction SilentlyContinue
            $opened.Target | Should -BeExactly $path
            $problem.FullyQualifiedErrorId | Should -BeExactly 'ENOENT,PSFdPass.Commands.OpenFileDescriptorCommand'
            $problem.TargetObject | Should -BeExactly "$folder/none"
            $problem.CategoryInfo.Category | Should -Be ObjectNotFound
        }

        It 'explains what is wrong with <Name>: <Id>' -ForEach @(
            @{ Name = 'a directory to write to'; Id = 'EISDIR'; Do = { Open-FileDescriptor $folder -Access Write } }
            @{ Name = 'a path of another provider'; Id = 'InvalidArgument'; Do = { Open-FileDescriptor Env:PATH } }
            @{ Name = 'wildcards of another provider'; Id = 'InvalidArgument'; Do = { Open-FileDescriptor Env:PAT* } }
            @{ Name = 'a drive that does not exist'; Id = 'DriveNotFound'; Do = { Open-FileDescriptor nodrive:x } }
            @{ Name = 'a path through a file'; Id = 'ENOTDIR'; Do = { Open-FileDescriptor "$path/x" } }
            @{ Name = 'a path with a NUL'; Id = 'InvalidArgument'; Do = { Open-FileDescriptor "$path`0" } }
            @{ Name = 'a socket'; Id = 'ENXIO'; Do = {
                    $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
                    $socket.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/a.sock"))
                    try { Open-FileDescriptor "$folder/a.sock" } finally { $socket.Dispose() } } }
            @{ Name = 'truncating a file opened for reading'; Id = 'InvalidArgument'; Do = { Open-FileDescriptor $path -Access Read -Truncate } }
            @{ Name = 'appending to a file opened for reading'; Id = 'InvalidArgument'; Do = { Open-FileDescriptor $path -Access Read -Append } }
        ) {
            $problem = Get-ErrorOf $Do
            $problem.FullyQualifiedErrorId | Should -BeExactly "$Id,PSFdPass.Commands.OpenFileDescriptorCommand"
            Get-Content $path -Raw | Should -BeExactly 'abc'
        }
    }

    Context 'access' {
        It 'opens for <_>' -ForEach 'Read', 'Write', 'ReadWrite' {
            $opened = Open-FileDescriptor $path -Access $_
            $opened.Access | Should -Be $_
        }

        It 'does not truncate a file with -Access Write' {
            Set-Content "$folder/over" 'abcdef' -NoNewline
            Write-All (Open-FileDescriptor "$folder/over" -Access Write) 'XY'
            Get-Content "$folder/over" -Raw | Should -BeExactly 'XYcdef'
        }

        It 'creates a file, with the permissions that the umask leaves, to write to' {
            $opened = Open-FileDescriptor "$folder/new" -Create
            $opened.Access | Should -Be Write
            Write-All $opened 'new'
            Get-Content "$folder/new" -Raw | Should -BeExactly 'new'
            $mask = [Convert]::ToInt32((sh -c umask), 8)
            [int](Get-Item "$folder/new").UnixFileMode | Should -Be (0x1b6 -band -bnot $mask)
        }

        It 'opens an existing file with -Create, and keeps its content' {
            $opened = Open-FileDescriptor $path -Create -Access ReadWrite
            Read-All $opened | Should -BeExactly 'abc'
        }

        It 'empties a file' {
            Set-Content "$folder/full" 'abc'
            $opened = Open-FileDescriptor "$folder/full" -Truncate
            $opened.Access | Should -Be Write
            (Get-Item "$folder/full").Length | Should -Be 0
        }

        It 'appends' {
            Set-Content "$folder/log" "one`n" -NoNewline
            $opened = Open-FileDescriptor "$folder/log" -Append
            $opened.Flags.HasFlag([PSFdPass.DescriptorFlags]::Append) | Should -BeTrue
            Write-All $opened 'two'
            Get-Content "$folder/log" | Should -Be 'one', 'two'
        }

        It 'does not create a file through a link with -NoFollow' {
            $null = New-Item -ItemType SymbolicLink "$folder/dangling" -Target "$folder/elsewhere"
            Open-FileDescriptor "$folder/dangling" -Create -NoFollow -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'ELOOP,*'
            "$problem" | Should -BeLike '*symbolic link*'
            Test-Path "$folder/elsewhere" | Should -BeFalse
        }

        It 'follows a link by default' {
            $null = New-Item -ItemType SymbolicLink "$folder/to-letters" -Target $path
            $opened = Open-FileDescriptor "$folder/to-letters"
            $opened.Target | Should -BeExactly $path
            Open-FileDescriptor "$folder/to-letters" -NoFollow -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'ELOOP,*'
        }

        It 'changes nothing with -WhatIf' {
            Open-FileDescriptor "$folder/not-made" -Create -WhatIf | Should -BeNullOrEmpty
            Test-Path "$folder/not-made" | Should -BeFalse
            Open-FileDescriptor $path -Truncate -WhatIf | Should -BeNullOrEmpty
            Get-Content $path -Raw | Should -BeExactly 'abc'
            $opened = Open-FileDescriptor $path -WhatIf
            $opened.Target | Should -BeExactly $path
        }
    }

    Context 'beneath a folder' {
        BeforeAll {
            # Not on TestDrive, because Pester follows links when it empties TestDrive, and would remove their targets.
            $folder = [IO.Directory]::CreateTempSubdirectory('psfdpass-').FullName
            $root = "$folder/base"
            $null = New-Item -ItemType Directory "$root/sub"
            Set-Content "$root/inside" 'inside' -NoNewline
            Set-Content "$root/sub/deep" 'deep' -NoNewline
            Set-Content "$folder/outside" 'outside' -NoNewline
            $null = New-Item -ItemType SymbolicLink "$root/link-inside" -Target 'sub/deep'
            $null = New-Item -ItemType SymbolicLink "$root/link-out" -Target '../outside'
            $null = New-Item -ItemType SymbolicLink "$root/link-absolute" -Target "$folder/outside"
            $null = New-Item -ItemType SymbolicLink "$root/link-up" -Target '..'
            $null = New-Item -ItemType SymbolicLink "$root/link-magic" -Target '/proc/self/root'
        }

        AfterAll {
            # rm removes links, and not their targets.
            rm -rf $folder
        }

        It 'opens <_>' -ForEach 'inside', 'sub/deep', 'sub/../inside', './inside', 'link-inside', 'sub', '.', 'sub/../sub/deep' {
            $opened = Open-FileDescriptor $_ -Beneath $root
            $opened.Target | Should -BeLike "$root*"
        }

        It 'opens beneath the descriptor of a folder, also after the folder was renamed' {
            $null = New-Item -ItemType Directory "$folder/renamed"
            Set-Content "$folder/renamed/file" text
            $directory = Open-FileDescriptor "$folder/renamed"
            Rename-Item "$folder/renamed" moved
            $opened = Open-FileDescriptor file -Beneath $directory
            $opened.Target | Should -BeExactly "$folder/moved/file"
            (Get-ErrorOf { Open-FileDescriptor ../base -Beneath $directory }).FullyQualifiedErrorId | Should -BeLike 'EXDEV,*'
            $opened, $directory | ForEach-Object Dispose
            Remove-Item -Recurse "$folder/moved"
        }

        It 'opens an absolute path that begins with the folder' {
            $opened = Open-FileDescriptor "$root/sub/deep", "$root", "$root//inside" -Beneath "$root/"
            $opened.Target | Should -Be "$root/sub/deep", $root, "$root/inside"
        }

        It 'opens the output of Get-ChildItem' {
            $opened = Get-ChildItem $root -File | Where-Object Name -EQ inside | Open-FileDescriptor -Beneath $root
            $opened.Target | Should -BeExactly "$root/inside"
        }

        It 'does not open <_>' -ForEach @(
            '../outside', 'sub/../../outside', 'link-out', 'link-absolute', 'link-up/outside', 'link-up/base/inside', '..', '/etc/hostname',
            'link-magic/etc/hostname', 'sub/../../base/inside'
        ) {
            Open-FileDescriptor $_ -Beneath $root -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $problem.FullyQualifiedErrorId | Should -BeExactly 'EXDEV,PSFdPass.Commands.OpenFileDescriptorCommand'
            "$problem" | Should -BeLike "*beneath $root*leads out*"
        }

        It 'does not open an absolute path that begins with the folder and leads out of it' {
            Open-FileDescriptor "$root/../outside" -Beneath $root -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'EXDEV,*'
        }

        It 'refuses a path in another folder whose name begins with the same text' {
            $null = New-Item -ItemType Directory "$folder/base-other"
            Set-Content "$folder/base-other/x" x
            Open-FileDescriptor "$folder/base-other/x" -Beneath $root -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'EXDEV,*'
        }

        It 'creates beneath it, and nowhere else' {
            $opened = Open-FileDescriptor made -Beneath $root -Create
            Test-Path "$root/made" | Should -BeTrue
            Open-FileDescriptor ../made-outside -Beneath $root -Create -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            Test-Path "$folder/made-outside" | Should -BeFalse
        }

        It 'accepts a folder relative to the location of the shell, and paths relative to that folder' {
            Push-Location $folder
            $opened = Open-FileDescriptor inside -Beneath base
            Pop-Location
            $opened.Target | Should -BeExactly "$root/inside"
        }

        It 'does not expand wildcards' {
            Open-FileDescriptor '*' -Beneath $root -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'ENOENT,*'
        }

        It 'reports that the folder does not exist, or is not a folder' {
            Open-FileDescriptor x -Beneath "$folder/none" -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'ENOENT,*'
            Open-FileDescriptor x -Beneath $path -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'ENOTDIR,*'
        }
    }

    Context 'FIFOs' {
        BeforeAll {
            mkfifo "$folder/pipe"
        }

        It 'waits for the other end' {
            $writer = [Diagnostics.Process]::Start('sh', [string[]]@('-c', "echo hello > '$folder/pipe'"))
            $opened = Open-FileDescriptor "$folder/pipe" -TimeoutSeconds 30
            $opened.Kind | Should -Be Pipe
            $opened.Flags | Should -Be CloseOnExec
            Read-All $opened | Should -BeExactly "hello`n"
            $writer.WaitForExit()
        }

        It 'ends the wait of -Access <_> after the time limit, and leaves nothing open' -ForEach 'Read', 'Write' {
            Open-FileDescriptor "$folder/pipe" -Access $_ -TimeoutSeconds 0.05 -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeExactly 'TimedOut,PSFdPass.Commands.OpenFileDescriptorCommand'
            Get-FileDescriptor -Path "$folder/pipe" -ErrorAction Ignore | Should -BeNullOrEmpty
        }

        It 'ends the wait beneath a folder, too' {
            Open-FileDescriptor pipe -Beneath $folder -TimeoutSeconds 0.05 -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'TimedOut,*'
        }

        It 'stops waiting when the pipeline is stopped' {
            $shell = [powershell]::Create()
            $null = $shell.AddScript("Import-Module '$((Get-Module PSFdPass).Path)'; 'waiting'; Open-FileDescriptor '$folder/pipe'")
            $output = [Management.Automation.PSDataCollection[psobject]]::new()
            $running = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
            while (-not $output.Count) { Start-Sleep -Milliseconds 10 }
            $shell.Stop()
            $shell.InvocationStateInfo.State | Should -Be Stopped
            $shell.Dispose()
        }

        It 'opens both ends at once without waiting' {
            $opened = Open-FileDescriptor "$folder/pipe" -Access ReadWrite
            $opened.Access | Should -Be ReadWrite
        }
    }
}
