namespace PSFdPass.Tests.Echo;

/// <summary>What a player in this process has said.</summary>
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

    /// <summary>Waits until so many lines begin like that.</summary>
    public void WaitFor(string beginning, int count = 1)
    {
        if (!SpinWait.SpinUntil(() => Count(beginning) >= count, Patience.Long))
        {
            Assert.Fail($"It did not say '{beginning}' {count} times, but:\n{string.Join('\n', Lines)}");
        }
    }
}
