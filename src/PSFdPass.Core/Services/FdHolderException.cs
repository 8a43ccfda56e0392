using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>The exception for a request that the descriptor holder refused, or an answer that is not one.</summary>
public sealed class FdHolderException : IOException
{
    internal FdHolderException(string message, int errno, Exception? inner = null)
        : base(message, inner)
    {
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
    }

    /// <summary>Gets the error number with which the holder answered: ENOENT, EBUSY, EPERM, ENFILE; EPROTO for an invalid answer.</summary>
    public int Errno { get; }

    /// <summary>Gets the name of the error.</summary>
    public string ErrnoName { get; }

    internal static FdHolderException Refused(string subject, int errno)
    {
        string reason = ErrnoNames.NameOf(errno) switch
        {
            "ENOENT" => "It has no descriptor of that name.",
            "EBUSY" => "It already has a descriptor of that name.",
            "EPERM" => "Its rules do not allow this user to do that.",
            "ENFILE" => "It holds as many descriptors as it may.",
            _ => Marshal.GetPInvokeErrorMessage(errno) + ".",
        };
        return new FdHolderException($"{subject}: {reason} ({ErrnoNames.NameOf(errno)})", errno);
    }

    internal static FdHolderException Invalid(string subject, string reason, Exception? inner = null)
    {
        int errno = ErrnoNames.NumberOf("EPROTO");
        return new FdHolderException($"{subject}: {reason} (EPROTO)", errno, inner);
    }
}
