using System.Runtime.InteropServices;

namespace PSFdPass.Samples;

/// <summary>The dispositions of the signals that end this program: signal(2).</summary>
internal static partial class SignalDispositions
{
    private const int SIGINT = 2;
    private const int SIGQUIT = 3;
    private const nint SIG_DFL = 0;

    /// <summary>
    /// Sets SIGINT and SIGQUIT to their default actions. A program that a shell script starts with &amp; inherits both as ignored, and
    /// .NET leaves ignored signals ignored.
    /// </summary>
    public static void SetDefault()
    {
        _ = Signal(SIGINT, SIG_DFL);
        _ = Signal(SIGQUIT, SIG_DFL);
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int number, nint disposition);
}
