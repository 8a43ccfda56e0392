using System.Globalization;

namespace PSFdPass.Echo;

/// <summary>
/// Checks how full this process's descriptor table is. The players leave some numbers free. With a full table, the runtime can't load
/// assemblies, and aborts the process when a signal arrives, because no descriptor is left for the thread that handles it.
/// </summary>
internal sealed class DescriptorTable : IDisposable
{
    /// <summary>The number of descriptors that are left free.</summary>
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
            // No descriptor is left. The table is reported as full from then on.
        }
    }

    /// <summary>
    /// Returns whether a descriptor that was just received belongs to the reserve. The kernel uses the lowest free number, so all
    /// numbers below it are in use.
    /// </summary>
    public bool IsInReserve(FileDescriptor descriptor) => descriptor.Fd >= _limit - Reserve;

    /// <summary>Returns whether a message may contain more descriptors than fit into the table.</summary>
    /// <param name="own">The number of descriptors that the player has open.</param>
    public bool IsNearlyFull(int own) => own + _others + DescriptorSender.MaxDescriptorsPerMessage + Reserve > _limit;

    /// <summary>Returns whether fewer descriptors than the reserve are left.</summary>
    public bool IsFull()
    {
        bool isFull = !TryHold();
        Release();
        return isFull;
    }

    /// <summary>
    /// Fills the reserve with placeholders, so that descriptors that are received before <see cref="Release"/> can't use it. Returns false
    /// when it can't be filled completely.
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

    // .NET raises the soft limit to the hard one when it starts. Only Linux has a file to read it from.
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
