using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// The descriptor that some object holds: how to borrow it, and how to close the holder's copy without doing anything to what
/// other processes share.
/// </summary>
public sealed class DescriptorSource
{
    private readonly object _holder;

    private DescriptorSource(object holder, SafeHandle handle)
    {
        _holder = holder;
        Handle = handle;
    }

    /// <summary>The handle, which stays the holder's.</summary>
    public SafeHandle Handle { get; }

    /// <summary>Whether it was given by its number, and not as an object that holds it: the handle is made for this call.</summary>
    internal bool IsNumber => _holder is DescriptorInfo or int or long or uint or ulong or short or ushort or byte or sbyte or nint or nuint;

    /// <summary>Finds the descriptor in an object.</summary>
    /// <param name="holder">
    /// A <see cref="FileDescriptor"/>, an integer, a <see cref="DescriptorInfo"/> of this process, a <see cref="SafeHandle"/>, a <see cref="Socket"/>, <see cref="TcpClient"/>,
    /// <see cref="TcpListener"/>, <see cref="UdpClient"/>, a <see cref="FileStream"/> (which is flushed),
    /// <see cref="NetworkStream"/> or <see cref="PipeStream"/>, a reader or writer over one of them, a
    /// <see cref="MemoryMappedFile"/>, or any object with a SafeFileHandle, SafeHandle or Handle property.
    /// </param>
    /// <returns>Null if the object holds no descriptor.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number that no descriptor has.</exception>
    /// <exception cref="DescriptorElsewhereException">It describes a descriptor of another process.</exception>
    /// <exception cref="InvalidOperationException">The descriptor is not the one any more that was described.</exception>
    /// <exception cref="SystemCallException">EBADF: a number that is no open descriptor.</exception>
    /// <exception cref="ObjectDisposedException">The object is closed.</exception>
    public static DescriptorSource? Find(object holder)
    {
        ArgumentNullException.ThrowIfNull(holder);
        SafeHandle? handle = holder switch
        {
            FileDescriptor descriptor => descriptor.SafeHandle,
            int number => Borrow(number),
            SafeHandle safeHandle => IsDescriptor(safeHandle) ? safeHandle : null,
            Socket socket => socket.SafeHandle,
            TcpClient client => SocketOf(client.Client, client),
            TcpListener listener => SocketOf(listener.Server, listener),
            UdpClient client => SocketOf(client.Client, client),
            NetworkStream stream => stream.Socket.SafeHandle,
            FileStream stream => stream.SafeFileHandle,
            PipeStream pipe => pipe.SafePipeHandle,
            MemoryMappedFile file => file.SafeMemoryMappedFileHandle,
            StreamReader reader => Find(reader.BaseStream)?.Handle,
            StreamWriter writer => Find(Flushed(writer).BaseStream)?.Handle,
            long or uint or ulong or short or ushort or byte or sbyte or nint or nuint => Borrow(ToNumber(holder)),
            DescriptorInfo info => Borrow(info.FdHere()),
            Process or WaitHandle or string => null,
            _ => FromProperty(holder),
        };
        ObjectDisposedException.ThrowIf(handle is { IsClosed: true }, holder);
        return handle is null ? null : new DescriptorSource(holder, handle);
    }

    /// <summary>
    /// Closes the holder's copy with the meaning of close(2): no connection is shut down, and no socket's path is unlinked.
    /// An object that is closed stays as it is.
    /// </summary>
    /// <exception cref="SystemCallException">EBADF: a number that is not open any more.</exception>
    public void Close()
    {
        switch (_holder)
        {
            case FileDescriptor or FileStream or PipeStream:
                ((IDisposable)_holder).Dispose();
                break;

            case var _ when IsNumber:
                Closing.CloseByNumber((int)Handle.DangerousGetHandle());
                break;

            default:
                CloseHandle();
                if (SocketIn(_holder) is { } socket)
                {
                    // Its Dispose, and its finalizer, would shut the connection down or unlink the path that it was bound to.
                    GC.SuppressFinalize(socket);
                }

                break;
        }
    }

    // A SafeSocketHandle that is released without its Socket first sets SO_LINGER to zero, on the connection that others share:
    // the receiver's close would reset it, and lose what is not sent yet. A copy of the descriptor puts the option back.
    private unsafe void CloseHandle()
    {
        if (Handle.IsClosed)
        {
            return;
        }

        if (Handle is not SafeSocketHandle)
        {
            Handle.Dispose();
            return;
        }

        int copy;
        ulong linger = 0;
        uint length = sizeof(ulong);
        using (var lease = new HandleLease(Handle))
        {
            copy = Fcntl.Control(lease.Fd, Constants.Current.F_DUPFD_CLOEXEC);
            if (copy < 0)
            {
                // There is no descriptor left for a copy. What is lost this way is the runtime's own clearing up.
                Handle.SetHandleAsInvalid();
                _ = Closing.Close(lease.Fd);
                return;
            }
        }

        _ = SysSocket.GetSockOpt(copy, Constants.Current.SOL_SOCKET, Constants.Current.SO_LINGER, &linger, &length);
        Handle.Dispose();
        _ = SysSocket.SetSockOpt(copy, Constants.Current.SOL_SOCKET, Constants.Current.SO_LINGER, &linger, length);
        _ = Closing.Close(copy);
    }

    /// <summary>
    /// Why the holder's copy should not be closed, as the end of a sentence about it; null when nothing speaks against it.
    /// </summary>
    /// <remarks>
    /// An object that holds its descriptor is the user's, and only the standard streams are kept. A number can be anybody's: see
    /// <see cref="DescriptorInfo.IsRuntimeOwned"/>.
    /// </remarks>
    internal string? ReasonToKeep()
    {
        using var lease = new HandleLease(Handle);
        return lease.Fd is >= 0 and <= 2 ? "is a standard stream of this process"
            : IsNumber && new DescriptorInspector().Describe(Environment.ProcessId, lease.Fd).IsRuntimeOwned ? "is the runtime's own"
            : null;
    }

    private static SafeDescriptorHandle Borrow(long number)
    {
        if (number is < 0 or > int.MaxValue)
        {
            throw DescriptorNumbers.NotADescriptor(number);
        }

        return Fcntl.Control((int)number, Constants.F_GETFD) >= 0
            ? new SafeDescriptorHandle((int)number, ownsHandle: false)
            : throw SystemCallException.FromLast("fcntl", $"descriptor {number}");
    }

    private static long ToNumber(object integer) => integer switch
    {
        nint native => native,
        nuint native => native > int.MaxValue ? -1 : (long)native,
        ulong number => number > int.MaxValue ? -1 : (long)number,
        _ => Convert.ToInt64(integer, null),
    };

    private static SafeHandle SocketOf(Socket? socket, object owner) =>
        socket?.SafeHandle ?? throw new ObjectDisposedException(owner.GetType().Name);

    private static StreamWriter Flushed(StreamWriter writer)
    {
        writer.Flush();
        return writer;
    }

    private static Socket? SocketIn(object holder) => holder switch
    {
        Socket socket => socket,
        TcpClient client => client.Client,
        TcpListener listener => listener.Server,
        UdpClient client => client.Client,
        NetworkStream stream => stream.Socket,
        _ => null,
    };

    // These hold no descriptor but a pointer of the runtime's, which as a number could be some descriptor's.
    private static bool IsDescriptor(SafeHandle handle) => handle is not (SafeWaitHandle or SafeProcessHandle);

    private static SafeHandle? FromProperty(object holder)
    {
        foreach (string name in (ReadOnlySpan<string>)["SafeFileHandle", "SafeHandle", "Handle"])
        {
            PropertyInfo? property = holder.GetType().GetProperty(name, BindingFlags.Public | BindingFlags.Instance);
            switch (property is { CanRead: true } && property.GetIndexParameters().Length == 0 ? property.GetValue(holder, BindingFlags.DoNotWrapExceptions, null, null, null) : null)
            {
                case SafeHandle handle when IsDescriptor(handle):
                    return handle;
                case nint number:
                    return Borrow(number);
                case int number:
                    return Borrow(number);
            }
        }

        return null;
    }
}
