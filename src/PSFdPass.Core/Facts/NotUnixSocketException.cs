namespace PSFdPass;

/// <summary>The exception that is thrown when a socket, such as a TCP connection, is not a Unix-domain socket and can't carry descriptors.</summary>
/// <remarks>Linux accepts descriptors on a TCP or UDP socket, drops them and reports success.</remarks>
public sealed class NotUnixSocketException : IOException
{
    internal NotUnixSocketException(int fd, string protocol)
        : base(SR.Format(SR.NotUnixSocket, fd, protocol))
    {
    }
}
