using System.Collections.Concurrent;
using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>The log of a player, with a writer that fails, blocks or is slow.</summary>
public sealed class PlayerLogTests
{
    private readonly ConcurrentQueue<string> _written = new();

    [Fact]
    public void All_lines_are_written_in_order_before_disposal_returns()
    {
        using (var log = new PlayerLog(_written.Enqueue))
        {
            for (int i = 0; i < 1000; i++)
            {
                log.Add($"line {i}");
            }
        }

        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"line {i}"), _written);
    }

    [Fact]
    public void Repeated_lines_are_counted()
    {
        using (var log = new PlayerLog(_written.Enqueue))
        {
            for (int i = 0; i < 100; i++)
            {
                log.Add("again");
            }

            log.Add("once");
            log.Add("once");
        }

        Assert.Equal(["again", "The last line was repeated 99 times.", "once", "once"], _written);
    }

    [Fact]
    public void A_writer_that_throws_does_not_end_the_log()
    {
        using (var log = new PlayerLog(line =>
        {
            _written.Enqueue(line);
            throw new IOException("No space left on device");
        }))
        {
            log.Add("one");
            log.Add("two");
        }

        Assert.Equal(["one", "two"], _written);
    }

    [Fact]
    public void A_writer_that_blocks_delays_neither_adding_nor_disposal()
    {
        using var unblock = new ManualResetEvent(false);
        using (var log = new PlayerLog(line =>
        {
            unblock.WaitOne();
            _written.Enqueue(line);
        }))
        {
            for (int i = 0; i < 100_000; i++)
            {
                log.Add($"line {i}");
            }
        }

        Assert.Empty(_written);
        unblock.Set();
        const string Dropped = " lines of the log were dropped, because they were not read in time.";
        Patience.Until(
            () =>
            {
                string[] counts = [.. _written.Where(line => line.EndsWith(Dropped, StringComparison.Ordinal))];
                return _written.Count - counts.Length + counts.Sum(line => int.Parse(line[..^Dropped.Length])) == 100_000;
            },
            "each line is written, or counted as dropped");
    }
}
