using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSFdPass.Commands;

/// <summary>The pwsh that this module runs in, and how to start another one like it.</summary>
internal static class PwshProcess
{
    // This environment variable is set for a wide receiver that this class starts. It is not a parameter, because users don't need it.
    private const string StopWithInput = "PSFDPASS_STOP_WITH_INPUT";

    /// <summary>
    /// Gets a value indicating whether this process must stop when its standard input ends, as the process that started it has requested.
    /// </summary>
    public static bool MustStopWithInput { get; } = Environment.GetEnvironmentVariable(StopWithInput) == "1";

    /// <summary>Gets a value indicating whether this pwsh runs a command or a script and then exits, instead of showing a prompt.</summary>
    public static bool IsOneShot { get; } = IsOneCommand([.. Environment.GetCommandLineArgs().Skip(1)]);

    /// <summary>
    /// Returns the start information of a pwsh that plays the wide receiver, on the same socket and in the same folder, until its input
    /// ends.
    /// </summary>
    public static ProcessStartInfo ForWideReceiver(PSCmdlet command, string socketPath, bool allowAnyUser, bool force)
    {
        string switches = (allowAnyUser ? " -AllowAnyUser" : "") + (force ? " -Force" : "");
        string script =
            $$"""
            try {
                Import-Module {{Quote(ModulePath(command))}} -ErrorAction Stop
                Start-FdEchoDemo -Role WideReceiver -SocketPath {{Quote(socketPath)}}{{switches}}
            }
            catch {
                [Console]::Error.WriteLine($_.Exception.Message)
                exit 1
            }
            """;
        string home = (string)command.SessionState.PSVariable.GetValue("PSHOME");
        string program = Path.Combine(home, "pwsh");
        string[] arguments = ["-NoProfile", "-NonInteractive", "-Command", script];
        ProcessStartInfo start = File.Exists(program)
            ? new ProcessStartInfo(program, arguments)
            : new ProcessStartInfo("dotnet", [Path.Combine(home, "pwsh.dll"), .. arguments]);
        start.Environment[StopWithInput] = "1";
        start.WorkingDirectory = command.SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        return start;
    }

    /// <summary>Returns whether the arguments of pwsh contain a command or a file, and not -NoExit.</summary>
    internal static bool IsOneCommand(string[] arguments)
    {
        foreach (string argument in arguments)
        {
            if (!argument.StartsWith('-'))
            {
                return true;
            }

            string name = argument.TrimStart('-');
            if (IsShortFor("noexit", name, atLeast: 3))
            {
                return false;
            }

            if (IsShortFor("command", name) || IsShortFor("file", name) || IsShortFor("encodedcommand", name) ||
                IsShortFor("commandwithargs", name) || name.Equals("cwa", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsShortFor(string name, string given, int atLeast = 1) =>
        given.Length >= atLeast && name.StartsWith(given, StringComparison.OrdinalIgnoreCase);

    private static string ModulePath(PSCmdlet command)
    {
        string manifest = Path.Combine(command.MyInvocation.MyCommand.Module?.ModuleBase ?? "", "PSFdPass.psd1");
        return File.Exists(manifest) ? manifest : typeof(PwshProcess).Assembly.Location;
    }

    private static string Quote(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";
}
