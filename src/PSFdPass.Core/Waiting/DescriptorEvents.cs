namespace PSFdPass;

/// <summary>Specifies the conditions of a descriptor that can be waited for, with the values of poll(2).</summary>
[Flags]
public enum DescriptorEvents : short
{
    /// <summary>No condition. Errors and hang-ups are reported nevertheless.</summary>
    None = 0,

    /// <summary>A read, receive or accept does not block (POLLIN). A process descriptor is readable when the process has ended.</summary>
    Readable = 0x1,

    /// <summary>A write or send does not block (POLLOUT).</summary>
    Writable = 0x4,

    /// <summary>
    /// An error is pending, or the read end of a pipe has been closed (POLLERR). This is reported even when it was not requested.
    /// </summary>
    Error = 0x8,

    /// <summary>
    /// The peer has closed the connection or the pipe (POLLHUP). This is reported even when it was not requested.
    /// </summary>
    HangUp = 0x10,
}
