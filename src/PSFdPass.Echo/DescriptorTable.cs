using System.Globalization;

namespace PSFdPass.Echo;

/// <summary>
/// Checks how full this process's descriptor table is. The players leave some numbers free, because the runtime can't load assemblies when
/// the table is full. It even aborts the process when a signal arrives, because no descriptor is left for the thread that handles the
/// signal.
/// </summary>
internal sealed class DescriptorTable : IDisposable
{
    /// <summary>The number of descriptor numbers that are left free.</summary>
    public const int Reserve = 24;

    // The number of descriptors that the rest of this process may open later.
    private const int Slack = 128;

    private readonly FileDescriptor? _placeholder;
    private readonly FileDescriptor?[] _held = new FileDescriptor?[Reserve];
    private readonly int _limit = ReadLimit();
    private readonly int _others = CountOpen() + Slack;

    public DescriptorTable()
    {
        try
        {
            _placeholder = FileDescriptor.Open("/dev/null");
        }
        catch (SystemCallException)
        {
            // The table is already full. It is reported as full from then on.
        }
    }

    /// <summary>
    /// Returns whether a descriptor that has just been opened or received uses a number of the reserve. The kernel uses the lowest free
    /// number, so all numbers below it are in use.
    /// </summary>
    public bool IsInReserve(FileDescriptor descriptor) => descriptor.Fd >= _limit - Reserve;

    /// <summary>Returns whether a message may contain more descriptors than fit into the table.</summary>
    /// <param name="own">The number of descriptors that the player has open.</param>
    public bool IsNearlyFull(int own) => own + _others + DescriptorSender.MaxDescriptorsPerMessage + Reserve > _limit;

    /// <summary>Returns whether fewer numbers are free than the reserve contains.</summary>
    public bool IsFull()
    {
        bool isFull = !TryHold();
        Release();
        return isFull;
    }

    /// <summary>
    /// Fills the reserve with placeholders until <see cref="Release"/> is called, so that received descriptors can't use it. Returns false
    /// when the reserve can't be filled completely.
    /// </summary>
    public bool TryHold()
    {
        try
        {
            for (int i = 0; i < _held.Length && _placeholder is not null; i++)
            {
                _held[i] ??= _placeholder.Duplicate();
            }

            return _placeholder is not null;
        }
        catch (SystemCallException)
        {
            return false;
        }
    }

    /// <summary>Frees the reserve again.</summary>
    public void Release()
    {
        for (int i = 0; i < _held.Length; i++)
        {
            _held[i]?.Dispose();
            _held[i] = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        _placeholder?.Dispose();
    }

    // Reads the soft limit, which .NET raises to the hard limit when it starts. Only Linux has a file that contains it.
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

    private static int CountOpen()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(OperatingSystem.IsLinux() ? "/proc/self/fd" : "/dev/fd").Count();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
