namespace PSFdPass.Tests.Echo;

/// <summary>The numbers of signals, the same on every Linux that .NET runs on (signal(7)).</summary>
internal static class Signals
{
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    public static string NameOf(int signal) => signal switch
    {
        Interrupt => "SIGINT",
        Quit => "SIGQUIT",
        Terminate => "SIGTERM",
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    };
}
