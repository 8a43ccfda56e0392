using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// The exception that is thrown when a holder refuses a request, sends an invalid answer, or runs as a user who is not allowed.
/// </summary>
public sealed class FdHolderException : IOException
{
    internal FdHolderException(string failure, string reason, int errno, Exception? inner = null)
        : base(SR.Format(SR.HolderError, failure, reason, ErrnoNames.NameOf(errno)), inner)
    {
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
    }

    /// <summary>
    /// Gets the error number with which the holder answered, such as ENOENT, EBUSY, EPERM or ENFILE. The number is EPROTO for an
    /// invalid answer, and EACCES if the holder runs as a user who is not allowed.
    /// </summary>
    public int Errno { get; }

    /// <summary>Gets the name of the error, such as <c>ENOENT</c>.</summary>
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
