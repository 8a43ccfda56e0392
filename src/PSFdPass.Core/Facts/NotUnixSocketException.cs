namespace PSFdPass;

/// <summary>The exception that is thrown when a socket belongs to a family that can't carry descriptors, such as a TCP connection.</summary>
/// <remarks>Linux accepts descriptors on such a socket, drops them and reports success.</remarks>
public sealed class NotUnixSocketException : IOException
{
    internal NotUnixSocketException(int fd, string protocol)
        : base(SR.Format(SR.NotUnixSocket, fd, protocol))
    {
    }
}
