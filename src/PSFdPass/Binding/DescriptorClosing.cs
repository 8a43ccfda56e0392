namespace PSFdPass.Binding;

/// <summary>Closes a descriptor as close(2) does, either through the object that holds it or by its number.</summary>
internal sealed class DescriptorClosing
{
    private readonly DescriptorSource _source;
    private readonly string _text;
    private readonly bool _force;

    private DescriptorClosing(DescriptorSource source, string text, bool force)
    {
        _source = source;
        _text = text;
        _force = force;
    }

    /// <summary>Finds the descriptor, and makes sure that it may be closed.</summary>
    /// <param name="holder">An object that <see cref="DescriptorSource.Find"/> accepts.</param>
    /// <param name="force">True to close standard streams and the runtime's own descriptors as well.</param>
    /// <exception cref="ArgumentException">Thrown when the object does not hold a descriptor, or describes one of another process.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the number no longer refers to what was described.</exception>
    /// <exception cref="DescriptorInUseException">
    /// Thrown when the descriptor is a standard stream or the runtime's own, and <paramref name="force"/> is false.
    /// </exception>
    /// <exception cref="ObjectDisposedException">Thrown when the object is closed.</exception>
    /// <exception cref="SystemCallException">Thrown when a number is not open (EBADF).</exception>
    public static DescriptorClosing Of(object holder, bool force)
    {
        DescriptorSource source = DescriptorSource.Find(holder) ?? throw new ArgumentException(
            SR.Format(SR.HoldsNothingToClose, holder.GetType()));
        return force || source.ReasonToKeep() is not { } reason
            ? new DescriptorClosing(source, SR.Format(SR.SubjectDescriptor, source.Describe()), force)
            : throw new DescriptorInUseException(
                (int)source.Handle.DangerousGetHandle(), SR.Format(SR.ForceCloses, reason));
    }

    /// <summary>
    /// Closes the descriptor. A descriptor that was found by its description is compared with it again immediately before.
    /// </summary>
    /// <inheritdoc cref="DescriptorSource.Close"/>
    public void Close() => _source.Close(_force);

    /// <summary>Returns the descriptor's number, kind and target.</summary>
    public override string ToString() => _text;
}
