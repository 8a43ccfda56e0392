using System.Globalization;

namespace PSFdPass.Echo;

/// <summary>
/// How full this process's descriptor table is. The players leave some numbers free, because the runtime aborts the process when a
/// signal arrives and no descriptor is left for the thread that handles it.
/// </summary>
internal sealed class DescriptorTable : IDisposable
{
    /// <summary>The numbers that are left free.</summary>
    public const int Reserve = 24;

    private readonly FileDescriptor? _probe;
    private readonly int _limit;

    public DescriptorTable()
    {
        _limit = ReadLimit();
        try
        {
            _probe = FileDescriptor.Open("/dev/null");
        }
        catch (SystemCallException)
        {
            // Full already: the table counts as full until it can be opened, which the owner finds out by failing calls.
        }
    }

    /// <summary>Gets the number of descriptors that this process may have (RLIMIT_NOFILE).</summary>
    public int Limit => _limit;

    /// <summary>
    /// Returns whether a descriptor that was just received belongs to the reserve. The kernel uses the lowest free number, so that all
    /// below it are in use.
    /// </summary>
    public bool IsInReserve(FileDescriptor descriptor) => descriptor.Fd >= _limit - Reserve;

    /// <summary>Returns whether only the reserve is left. Opens and closes a descriptor to find out.</summary>
    public bool IsFull()
    {
        try
        {
            using FileDescriptor? next = _probe?.Duplicate();
            return next is not null && IsInReserve(next);
        }
        catch (SystemCallException)
        {
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _probe?.Dispose();

    // .NET raises the soft limit to the hard one when it starts. Elsewhere than on Linux there is no file to read it from.
    private static int ReadLimit()
    {
        const string Row = "Max open files";
        try
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal));
            string? soft = line?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return int.TryParse(soft, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue;
        }
    }
}
