namespace PSFdPass;

/// <summary>The socket is of a family that can't carry descriptors, such as a TCP connection.</summary>
public sealed class NotUnixSocketException : IOException
{
    internal NotUnixSocketException(int fd, string protocol)
        : base($"Descriptor {fd} is a {protocol} socket: only Unix-domain sockets carry descriptors.")
    {
    }
}
