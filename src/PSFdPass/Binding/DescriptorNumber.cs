using System.Globalization;

namespace PSFdPass.Binding;

/// <summary>
/// A descriptor's number that is passed as an argument, with the object in which it was found. That object is kept alive, so that its
/// finalizer does not close the descriptor before the command has used the number.
/// </summary>
public sealed class DescriptorNumber
{
    private readonly object? _holder;

    // Internal, because PowerShell would use a public constructor to convert 1.5 or true.
    internal DescriptorNumber(int fd, object? holder = null)
    {
        Fd = fd;
        _holder = holder;
    }

    /// <summary>Gets the descriptor's number.</summary>
    public int Fd { get; }

    /// <summary>Keeps the object in which the number was found alive until this call.</summary>
    internal void KeepAlive() => GC.KeepAlive(_holder);

    /// <summary>Returns the number as text.</summary>
    public override string ToString() => Fd.ToString(CultureInfo.InvariantCulture);
}
