using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/epoll.h&gt;</c>, on Linux only. The event bits have the same values as those of poll(2).</summary>
internal static unsafe partial class SysEpoll
{
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;
    public const int EPOLL_CLOEXEC = 0x80000;

    /// <summary>The size of <c>struct epoll_event</c> on this system, in bytes.</summary>
    public static readonly int EventSize = EventSizeOn(Platform.Current);

    /// <summary>epoll_create1(2).</summary>
    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int Create(int flags);

    /// <summary>epoll_ctl(2).</summary>
    public static int Control(int epoll, int operation, int descriptor, ulong data, short events)
    {
        byte* bytes = stackalloc byte[EventSize];
        Write(new Span<byte>(bytes, EventSize), data, events);
        return Control(epoll, operation, descriptor, bytes);
    }

    /// <summary>epoll_wait(2). The buffer has <see cref="EventSize"/> bytes for each event.</summary>
    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int Wait(int epoll, byte* events, int count, int timeoutMilliseconds);

    /// <summary>
    /// Returns the size of <c>struct epoll_event</c>: 4 bytes of events and 8 bytes of data. The data is aligned to 8 bytes except
    /// on x86-64.
    /// </summary>
    public static int EventSizeOn(PlatformId platform) => platform == PlatformId.LinuxX64 ? 12 : 16;

    /// <summary>Fills in a <c>struct epoll_event</c>. The span must have exactly its size.</summary>
    public static void Write(Span<byte> bytes, ulong data, short events)
    {
        bytes.Clear();
        BinaryPrimitives.WriteInt16LittleEndian(bytes, events);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[^sizeof(ulong)..], data);
    }

    /// <summary>Reads a <c>struct epoll_event</c>. The span must have exactly its size.</summary>
    public static (ulong Data, short Events) Read(ReadOnlySpan<byte> bytes) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(bytes[^sizeof(ulong)..]), BinaryPrimitives.ReadInt16LittleEndian(bytes));

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int epoll, int operation, int descriptor, byte* @event);
}
