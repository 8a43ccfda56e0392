using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PSFdPass.Benchmarks.Workers;

/// <summary>
/// The loop with a minimum of C#: only the three system calls for one descriptor, on Linux with glibc. It keeps the handles open during the
/// calls, but does not distinguish errors, and does not support other control messages, waiting or time limits. The additional time
/// compared with C is the time that the runtime needs for calling C.
/// </summary>
internal static unsafe partial class BareLoop
{
    private const int MSG_DONTWAIT = 0x40;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;
    private const int MSG_CTRUNC = 0x8;
    private const long Rights = 1 | (1L << 32); // SOL_SOCKET, SCM_RIGHTS

    public static void Pass(SafeHandle left, SafeHandle right, int descriptor, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _ = Close(PassOne(left, right, descriptor));
        }
    }

    /// <summary>Passes a descriptor by its handle. A new handle is created for the received descriptor, and disposed.</summary>
    public static void PassHandles(SafeHandle left, SafeHandle right, SafeHandle descriptor, int times)
    {
        for (int i = 0; i < times; i++)
        {
            bool held = false;
            descriptor.DangerousAddRef(ref held);
            try
            {
                using var received = new Handle(PassOne(left, right, (int)descriptor.DangerousGetHandle()));
            }
            finally
            {
                descriptor.DangerousRelease();
            }
        }
    }

    private static int PassOne(SafeHandle left, SafeHandle right, int descriptor)
    {
        bool held = false;
        left.DangerousAddRef(ref held);
        try
        {
            Send((int)left.DangerousGetHandle(), descriptor);
        }
        finally
        {
            left.DangerousRelease();
        }

        held = false;
        right.DangerousAddRef(ref held);
        try
        {
            return Receive((int)right.DangerousGetHandle());
        }
        finally
        {
            right.DangerousRelease();
        }
    }

    [SkipLocalsInit]
    private static void Send(int socket, int descriptor)
    {
        long* control = stackalloc long[3] { 20, Rights, descriptor };
        byte one = 1;
        nuint* vector = stackalloc nuint[2] { (nuint)(&one), 1 };
        nuint* message = stackalloc nuint[7] { 0, 0, (nuint)vector, 1, (nuint)control, 24, 0 };
        if (SendMsg(socket, message, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
        {
            throw new BenchmarkException("sendmsg");
        }
    }

    [SkipLocalsInit]
    private static int Receive(int socket)
    {
        long* control = stackalloc long[260];
        byte one;
        nuint* vector = stackalloc nuint[2] { (nuint)(&one), 1 };
        nuint* message = stackalloc nuint[7] { 0, 0, (nuint)vector, 1, (nuint)control, 260 * sizeof(long), 0 };
        if (RecvMsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1 || (message[6] & MSG_CTRUNC) != 0 || control[1] != Rights)
        {
            throw new BenchmarkException("recvmsg");
        }

        return (int)control[2];
    }

    [LibraryImport("libc", EntryPoint = "sendmsg")]
    private static partial nint SendMsg(int socket, void* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg")]
    private static partial nint RecvMsg(int socket, void* message, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    private sealed class Handle : SafeHandle
    {
        public Handle(int descriptor)
            : base(-1, ownsHandle: true) => SetHandle(descriptor);

        public override bool IsInvalid => handle < 0;

        protected override bool ReleaseHandle() => BareLoop.Close((int)handle) == 0;
    }
}
