namespace PSFdPass.Tests.Echo;

/// <summary>The log of a player in this process.</summary>
internal sealed class PlayLog
{
    private readonly List<string> _lines = [];

    public string[] Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public void Add(string line)
    {
        lock (_lines)
        {
            _lines.Add(line);
        }
    }

    public int Count(string beginning) => Lines.Count(line => line.StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>Waits until at least this many lines begin with the text.</summary>
    public void WaitFor(string beginning, int count = 1)
    {
        if (!SpinWait.SpinUntil(() => Count(beginning) >= count, Patience.Long))
        {
            Assert.Fail($"There are not {count} lines that begin with '{beginning}':\n{string.Join('\n', Lines)}");
        }
    }
}
