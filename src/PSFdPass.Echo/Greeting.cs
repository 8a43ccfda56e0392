using System.Text;

namespace PSFdPass.Echo;

/// <summary>The greetings of the players, which show the user which process answers.</summary>
internal static class Greeting
{
    public static readonly byte[] FromQuarterback = Line($"Hello from Quarterback on PID ({Environment.ProcessId})!");

    public static readonly byte[] FromWideReceiver = Line($"Hello from Wide Receiver on PID ({Environment.ProcessId})!");

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text + "\n");
}
