# A user of the echo demo, and its players in other languages.

function Connect-User([int] $Port) {
    $client = [Net.Sockets.TcpClient]::new([Net.Sockets.AddressFamily]::InterNetwork)
    $client.Connect([IPAddress]::Loopback, $Port)
    $client.ReceiveTimeout = 30000
    [pscustomobject]@{ Client = $client; Reader = [IO.StreamReader]::new($client.GetStream()) }
}

# The next line; null when the connection was closed.
function Read-UserLine($User) {
    $User.Reader.ReadLine()
}

function Write-UserLine($User, [string] $Text) {
    $User.Client.GetStream().Write([Text.Encoding]::UTF8.GetBytes("$Text`n"))
}

# The process ID that a player has printed.
function Get-Player($Program, [string] $Name) {
    [int]("$($Program.Lines -match "^Starting $Name ")" -replace '\D')
}

function Invoke-Player([string] $Language, [string] $Name) {
    if ($Language -eq 'C') {
        Invoke-Program (Get-CompiledPeer $Name ((Get-PSDrive TestDrive).Root)) $args
    }
    else {
        Invoke-Program python3 (@("$Peers/$Name.py") + $args)
    }
}
