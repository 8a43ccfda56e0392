using PSFdPass.Interop;

namespace PSFdPass.Ancillary;

/// <summary>
/// The layout of control messages (<c>struct cmsghdr</c> and its data) on one operating system. The values replace the CMSG_ macros
/// of cmsg(3), so that messages in the layout of one system can be written, read and tested on another.
/// </summary>
/// <param name="LengthSize">The size of cmsg_len in bytes: 8 on Linux (size_t), 4 on macOS (socklen_t).</param>
/// <param name="LevelOffset">The offset of cmsg_level; cmsg_type follows 4 bytes later.</param>
/// <param name="DataOffset">The offset of the data, which is also the value of CMSG_LEN(0).</param>
/// <param name="Alignment">The multiple to which each message's length is rounded up.</param>
/// <param name="SolSocket">The value of SOL_SOCKET, the level of SCM_RIGHTS, SCM_CREDENTIALS and SCM_PIDFD.</param>
/// <param name="ScmCredentials">
/// The value of SCM_CREDENTIALS, whose data is a <c>struct ucred</c>, on Linux; −1 on other systems.
/// </param>
/// <param name="ScmPidFd">
/// The value of SCM_PIDFD, whose data is a process descriptor of the sender, on Linux (6.5 and later); −1 on other systems.
/// </param>
internal readonly record struct ControlMessageLayout(
    int LengthSize, int LevelOffset, int DataOffset, int Alignment, int SolSocket, int ScmCredentials, int ScmPidFd)
{
    /// <summary>The value of SCM_RIGHTS, whose data is descriptor numbers. It is the same on all systems.</summary>
    public const int ScmRights = 1;

    /// <summary>
    /// The size in bytes of a control message with 253 descriptors, the maximum. It is sufficient for every layout.
    /// </summary>
    public const int MaxRightsSpace = 16 + (((253 * sizeof(int)) + 7) & ~7);

    /// <summary>
    /// The layout on Linux. In the kernel and in glibc, cmsg_len is 8 bytes long; in musl, it is 4 bytes long and followed by 4
    /// bytes of padding. For every length under 4 GiB, the resulting bytes are the same.
    /// </summary>
    public static readonly ControlMessageLayout Linux = new(8, 8, 16, 8, 1, 2, 4);

    /// <summary>The layout on macOS, with a 12-byte header and 4-byte alignment.</summary>
    public static readonly ControlMessageLayout MacOS = new(4, 4, 12, 4, 0xffff, -1, -1);

    /// <summary>The layout on the system that this process runs on.</summary>
    public static readonly ControlMessageLayout Current = For(Platform.Current);

    /// <summary>Returns the layout on an operating system.</summary>
    public static ControlMessageLayout For(PlatformId platform) => platform switch
    {
        PlatformId.MacOS => MacOS,
        _ => Linux,
    };

    /// <summary>Returns CMSG_LEN: the value of cmsg_len for this number of data bytes.</summary>
    public int Length(int dataLength) => DataOffset + dataLength;

    /// <summary>Returns CMSG_SPACE: the size of a message with this number of data bytes, including padding.</summary>
    public int Space(int dataLength) => Align(DataOffset) + Align(dataLength);

    /// <summary>Returns CMSG_ALIGN: the length, rounded up to the alignment.</summary>
    public int Align(int length) => (length + Alignment - 1) & ~(Alignment - 1);
}
