namespace PSFdPass.Tests;

/// <summary>The descriptors that this process has open, from /proc/self/fd.</summary>
internal static class OpenDescriptors
{
    /// <summary>Returns the number and the target of each open descriptor, except the one that reads the list.</summary>
    public static Dictionary<int, string> List()
    {
        var open = new Dictionary<int, string>();
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            // The descriptor that read the list is closed, and so has no target. The runtime can load an assembly at any time, and keeps
            // it open.
            if (new FileInfo(path).LinkTarget is { } target &&
                !target.EndsWith("/fd", StringComparison.Ordinal) && !target.EndsWith(".dll", StringComparison.Ordinal))
            {
                open[int.Parse(Path.GetFileName(path))] = target;
            }
        }

        return open;
    }

    public static int Count() => List().Count;

    /// <summary>Fails if an operation leaves a descriptor open, or closes one that it did not open.</summary>
    public static void AreUnchangedBy(Action operation)
    {
        // On the first call, the runtime opens descriptors that it keeps, such as those of libraries, the console and its own sockets.
        operation();
        Settle();
        Dictionary<int, string> before = List();
        operation();
        operation();
        operation();
        Compare(before);
    }

    /// <inheritdoc cref="AreUnchangedBy(Action)"/>
    public static async Task AreUnchangedByAsync(Func<Task> operation)
    {
        await operation();
        Settle();
        Dictionary<int, string> before = List();
        await operation();
        await operation();
        await operation();
        Compare(before);
    }

    /// <summary>Runs finalizers, which close the descriptors that earlier tests have dropped.</summary>
    public static void Settle()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>
    /// Returns the list after an operation. If it differs, other threads get some time to close their descriptors, such as the streams
    /// of a process that has ended.
    /// </summary>
    public static Dictionary<int, string> ListAgain(Dictionary<int, string> before)
    {
        Settle();
        Dictionary<int, string> after = List();
        for (int tries = 0; tries < 20 && !after.Values.Order().SequenceEqual(before.Values.Order()); tries++)
        {
            Thread.Sleep(100);
            Settle();
            after = List();
        }

        return after;
    }

    /// <summary>Returns the list before an operation, when it no longer changes.</summary>
    public static Dictionary<int, string> ListSettled()
    {
        Settle();
        Dictionary<int, string> last = List();
        for (int tries = 0; tries < 20; tries++)
        {
            Thread.Sleep(20);
            Dictionary<int, string> next = List();
            if (next.Values.Order().SequenceEqual(last.Values.Order()))
            {
                return next;
            }

            last = next;
        }

        return last;
    }

    private static void Compare(Dictionary<int, string> before)
    {
        Dictionary<int, string> after = ListAgain(before);
        Assert.Equal(Only(before, after), Only(after, before));

        static string Only(Dictionary<int, string> these, Dictionary<int, string> those) =>
            string.Join(", ", these.Except(those).Select(pair => $"{pair.Key} {pair.Value}"));
    }
}
