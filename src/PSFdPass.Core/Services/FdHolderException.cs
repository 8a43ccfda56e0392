using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>The exception for a refused request, an invalid answer, or a holder that runs as a user who is not allowed.</summary>
public sealed class FdHolderException : IOException
{
    internal FdHolderException(string failure, string reason, int errno, Exception? inner = null)
        : base(SR.Format(SR.HolderError, failure, reason, ErrnoNames.NameOf(errno)), inner)
    {
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
    }

    /// <summary>
    /// Gets the error number with which the holder answered, such as ENOENT, EBUSY, EPERM or ENFILE. EPROTO for an invalid answer.
    /// EACCES when the holder runs as a user who is not allowed.
    /// </summary>
    public int Errno { get; }

    /// <summary>Gets the name of the error.</summary>
    public string ErrnoName { get; }

    internal static FdHolderException Refused(string failure, int errno)
    {
        string reason = ErrnoNames.NameOf(errno) switch
        {
            "ENOENT" => SR.HolderNameNotFound,
            "EBUSY" => SR.HolderNameExists,
            "EPERM" => SR.HolderDenied,
            "ENFILE" => SR.HolderFull,
            _ => Marshal.GetPInvokeErrorMessage(errno) + ".",
        };
        return new FdHolderException(failure, reason, errno);
    }

    internal static FdHolderException Invalid(string failure, string reason, Exception? inner = null) =>
        new(failure, reason, ErrnoNames.NumberOf("EPROTO"), inner);
}
