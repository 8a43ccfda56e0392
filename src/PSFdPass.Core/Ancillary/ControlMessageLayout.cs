using PSFdPass.Interop;

namespace PSFdPass.Ancillary;

/// <summary>
/// The layout of <c>struct cmsghdr</c> and its data on a system: the CMSG_ macros of cmsg(3) as data, so that the bytes of one
/// system can be written, read and tested on another.
/// </summary>
/// <param name="LengthSize">Bytes of cmsg_len: a size_t (8) on Linux, a socklen_t (4) on macOS.</param>
/// <param name="LevelOffset">The offset of cmsg_level; cmsg_type follows 4 bytes later.</param>
/// <param name="DataOffset">The offset of the data: CMSG_DATA, and CMSG_LEN(0).</param>
/// <param name="Alignment">The multiple to which each message's length is rounded up.</param>
/// <param name="SolSocket">The value of SOL_SOCKET, the level of SCM_RIGHTS, SCM_CREDENTIALS and SCM_PIDFD.</param>
/// <param name="ScmCredentials">SCM_CREDENTIALS, a <c>struct ucred</c>, on Linux; −1 elsewhere.</param>
/// <param name="ScmPidFd">SCM_PIDFD, a descriptor of the sending process, on Linux 6.5 and later; −1 elsewhere.</param>
internal readonly record struct ControlMessageLayout(
    int LengthSize, int LevelOffset, int DataOffset, int Alignment, int SolSocket, int ScmCredentials, int ScmPidFd)
{
    /// <summary>SCM_RIGHTS: descriptors. The number is the same on all systems.</summary>
    public const int ScmRights = 1;

    /// <summary>The space for the most descriptors that one message can carry, in any layout.</summary>
    public const int MaxRightsSpace = 16 + (((253 * sizeof(int)) + 7) & ~7);

    /// <summary>
    /// Linux. The kernel and glibc have an 8-byte cmsg_len, musl has 4 bytes and 4 bytes of padding. For every length under 4 GiB, the
    /// bytes are the same.
    /// </summary>
    public static readonly ControlMessageLayout Linux = new(8, 8, 16, 8, 1, 2, 4);

    /// <summary>macOS: a 12-byte header and 4-byte alignment.</summary>
    public static readonly ControlMessageLayout MacOS = new(4, 4, 12, 4, 0xffff, -1, -1);

    /// <summary>The layout of the system this process runs on.</summary>
    public static readonly ControlMessageLayout Current = For(Platform.Current);

    /// <summary>The layout of one system.</summary>
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
