using System.Globalization;

namespace PSFdPass.Binding;

/// <summary>
/// A descriptor's number as an argument, and the object that it was found in. The object stays alive as long as this one, so that no
/// finalizer closes the descriptor before the command has used the number.
/// </summary>
public sealed class DescriptorNumber
{
    private readonly object? _holder;

    // Internal, because PowerShell would convert 1.5 or true with a public constructor.
    internal DescriptorNumber(int fd, object? holder = null)
    {
        Fd = fd;
        _holder = holder;
    }

    /// <summary>Gets the number.</summary>
    public int Fd { get; }

    /// <summary>Keeps the holder alive until this call.</summary>
    internal void KeepAlive() => GC.KeepAlive(_holder);

    /// <summary>Returns the number.</summary>
    public override string ToString() => Fd.ToString(CultureInfo.InvariantCulture);
}
