#Requires -Modules PSFdPass
# Receives users' connections from quarterbacks, and echoes what the users type: ./wide-receiver.ps1 fd-pass.sock. Ctrl-C ends it.
# One process watches one set of descriptors: the listener, the quarterbacks and the users.
param([Parameter(Mandatory)] [string] $SocketPath)

$ErrorActionPreference = 'Stop'
$listener = New-UnixSocketListener $SocketPath
$set = New-FileDescriptorSet $listener
try {
    "Listening for messages on ($SocketPath)"
    Wait-FileDescriptor $set -Follow | ForEach-Object {
        $ready = $_
        try {
            if ($ready -eq $listener) { $set.Add((Wait-UnixSocketConnection $listener)) }
            elseif ($ready.AddressFamily -eq 'Unix') {
                foreach ($ready in Receive-FileDescriptor $ready -As Socket) {
                    $set.Add($ready)
                    Write-FileDescriptor $ready "Hello from Wide Receiver on PID ($PID)!" -TimeoutSeconds 5
                }
            }
            else {
                $bytes = Read-FileDescriptor $ready -Count ([Math]::Max(1, $ready.Available)) -AsByteStream
                if ($null -eq $bytes) { throw [IO.EndOfStreamException]::new() }
                Write-FileDescriptor $ready $bytes -TimeoutSeconds 5
            }
        }
        catch [IO.IOException], [TimeoutException] {
            # The peer has hung up, or keeps the others waiting.
            $null = $set.Remove($ready)
            $ready.Dispose()
        }
    }
}
finally { $set, $listener | ForEach-Object Dispose }
