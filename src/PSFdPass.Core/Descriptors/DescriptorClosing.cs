using PSFdPass.Handles;

namespace PSFdPass;

/// <summary>
/// A descriptor that is to be closed, by whatever holds it or by its number, with the meaning of close(2): no connection is
/// shut down, and no socket's path is unlinked.
/// </summary>
public sealed class DescriptorClosing
{
    private readonly DescriptorSource _source;
    private readonly string _text;

    private DescriptorClosing(DescriptorSource source, string text)
    {
        _source = source;
        _text = text;
    }

    /// <summary>Finds the descriptor, and makes sure that it may be closed.</summary>
    /// <remarks>
    /// An object that holds its descriptor is the user's, and is only refused for the standard streams. A number, and a
    /// <see cref="DescriptorInfo"/>, can be anybody's: see <see cref="DescriptorInfo.IsRuntimeOwned"/>.
    /// </remarks>
    /// <param name="holder">What <see cref="DescriptorSource.Find"/> takes.</param>
    /// <param name="force">True to close it whosever it is.</param>
    /// <exception cref="ArgumentException">The object holds no descriptor, or it describes one of another process.</exception>
    /// <exception cref="InvalidOperationException">The descriptor is not the one any more that was described.</exception>
    /// <exception cref="DescriptorInUseException">It is a standard stream or the runtime's own.</exception>
    /// <exception cref="ObjectDisposedException">The object is closed.</exception>
    /// <exception cref="SystemCallException">EBADF: it is not open.</exception>
    public static DescriptorClosing Of(object holder, bool force = false)
    {
        ArgumentNullException.ThrowIfNull(holder);
        if (holder is FileDescriptor { IsOpen: true, IsBorrowed: true } borrowed)
        {
            // It would not close anything.
            holder = borrowed.Fd;
        }

        DescriptorSource source = DescriptorSource.Find(holder) ?? throw new ArgumentException(
            $"A {holder.GetType()} holds no descriptor. What does: a FileDescriptor, a number, a SafeHandle, a Socket, a stream, or a " +
            "DescriptorInfo of this process.");
        using var lease = new HandleLease(source.Handle);
        using var descriptor = new FileDescriptor(lease.Fd, ownsHandle: false);
        string text = $"descriptor {descriptor}";
        if (!force && source.ReasonToKeep() is { } reason)
        {
            throw new DescriptorInUseException(lease.Fd, $"D{text[1..]} {reason}: -Force closes it all the same.");
        }

        return new DescriptorClosing(source, text);
    }

    /// <summary>Closes it.</summary>
    /// <returns>This object.</returns>
    /// <exception cref="SystemCallException">EBADF: it was closed meanwhile, by its number.</exception>
    public DescriptorClosing Close()
    {
        _source.Close();
        return this;
    }

    /// <summary>The descriptor's number, kind and target.</summary>
    public override string ToString() => _text;
}
