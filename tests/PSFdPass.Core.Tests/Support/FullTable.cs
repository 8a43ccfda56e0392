using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>In a child process: uses all descriptor numbers but a few, until it is disposed.</summary>
internal sealed class FullTable : IDisposable
{
    private const int Limit = 512;
    private readonly List<int> _taken = new(Limit);

    public FullTable(int free)
    {
        Libc.LimitOpenFiles(Limit);
        int fd;
        while ((fd = Fcntl.Control(0, Constants.Current.F_DUPFD_CLOEXEC)) >= 0)
        {
            _taken.Add(fd);
        }

        for (int i = 0; i < free; i++)
        {
            Unistd.Close(_taken[^1]);
            _taken.RemoveAt(_taken.Count - 1);
        }
    }

    /// <summary>Returns the number of open descriptors. Unlike listing /proc/self/fd, it opens none itself.</summary>
    public static int OpenCount()
    {
        int count = 0;
        for (int fd = 0; fd < Limit; fd++)
        {
            count += Some.IsOpen(fd) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Loads code that a test uses while the table is full, because loading needs descriptors.</summary>
    public static void WarmUp()
    {
        new FullTable(free: 400).Dispose();
        _ = OpenCount();
        _ = Record.Exception(void () => throw SystemCallException.FromLast("x"));
        Assert.Equal((1, "x"), (1, "x"));
    }

    public void Dispose() => _taken.ForEach(fd => Unistd.Close(fd));
}
