using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.IO.Pipes;
using System.Management.Automation;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PSFdPass.Handles;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Binding;

/// <summary>The descriptor that an object holds. Use it through <see cref="Handle"/>, or close it with <see cref="Close"/>.</summary>
internal sealed class DescriptorSource
{
    private const int LastStandard = 2;

    private static readonly string[] s_properties = ["SafeFileHandle", "SafeHandle", "Handle"];

    private readonly object _holder;

    private DescriptorSource(object holder, SafeHandle handle, bool isNumber = false)
    {
        _holder = holder;
        Handle = handle;
        IsNumber = isNumber;
    }

    /// <summary>Gets the descriptor's handle, which the object still owns.</summary>
    public SafeHandle Handle { get; }

    /// <summary>
    /// Gets a value indicating whether the descriptor was passed as a number, directly or in a property, and not as an object that owns it.
    /// If so, <see cref="Handle"/> was created for this instance and does not own the descriptor.
    /// </summary>
    public bool IsNumber { get; }

    /// <summary>Gets the FileDescriptor that owns the descriptor; null if there is none.</summary>
    public FileDescriptor? Owner => IsNumber ? null : _holder as FileDescriptor;

    /// <summary>Finds the descriptor that an object holds.</summary>
    /// <param name="value">
    /// A <see cref="FileDescriptor"/>, an integer, a <see cref="DescriptorInfo"/> of this process, a <see cref="SafeHandle"/>, a
    /// <see cref="Socket"/>, <see cref="TcpClient"/>, <see cref="TcpListener"/>, <see cref="UdpClient"/>, a <see cref="FileStream"/>
    /// (which is flushed), <see cref="NetworkStream"/> or <see cref="PipeStream"/>, a reader or writer over one of them, a
    /// <see cref="MemoryMappedFile"/>, or any object with a SafeFileHandle, SafeHandle or Handle property, which PowerShell may have added.
    /// </param>
    /// <returns>The descriptor; null if the object does not hold one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when a number is not a valid descriptor.</exception>
    /// <exception cref="DescriptorElsewhereException">Thrown when the object describes a descriptor of another process.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the number no longer refers to what was described.</exception>
    /// <exception cref="SystemCallException">Thrown when a number is not open (EBADF).</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the object is closed.</exception>
    public static DescriptorSource? Find(object value)
    {
        object holder = value is PSObject wrapped ? wrapped.BaseObject : value;
        SafeHandle? handle;
        switch (holder)
        {
            case sbyte or byte or short or ushort or int or uint or long or ulong or nint or nuint:
                return new DescriptorSource(holder, Borrow(holder), isNumber: true);
            case DescriptorInfo info:
                return new DescriptorSource(info, Borrow(info), isNumber: true);
            case FileDescriptor { IsOpen: true, IsBorrowed: true } borrowed:
                return new DescriptorSource(holder, borrowed.SafeHandle, isNumber: true);
            case FileDescriptor descriptor:
                handle = descriptor.SafeHandle;
                break;
            case SafeHandle safeHandle:
                handle = IsDescriptor(safeHandle) ? safeHandle : null;
                break;
            case FileStream stream:
                handle = stream.SafeFileHandle;
                break;
            case PipeStream pipe:
                handle = pipe.SafePipeHandle;
                break;
            case MemoryMappedFile file:
                handle = file.SafeMemoryMappedFileHandle;
                break;
            case StreamReader reader:
                handle = Find(reader.BaseStream)?.Handle;
                break;
            case StreamWriter writer:
                writer.Flush();
                handle = Find(writer.BaseStream)?.Handle;
                break;
            case Process or WaitHandle or string or bool or char or double or float or decimal:
                return null;
            case Socket or TcpClient or TcpListener or UdpClient or NetworkStream:
                handle = (SocketIn(holder) ?? throw new ObjectDisposedException(holder.GetType().Name)).SafeHandle;
                break;
            default:
                return FromProperty(value);
        }

        ObjectDisposedException.ThrowIf(handle is { IsClosed: true }, holder);
        return handle is null ? null : new DescriptorSource(holder, handle);
    }

    /// <summary>
    /// Closes the object's copy as close(2) does, without shutting down a connection or unlinking the path of a socket. Does nothing when
    /// the object is already closed.
    /// </summary>
    /// <param name="force">True to close a descriptor that was specified as a <see cref="DescriptorInfo"/> even if the kernel does not report
    /// whether its number still refers to the same file.</param>
    /// <exception cref="InvalidOperationException">Thrown when the number no longer refers to what was described.</exception>
    /// <exception cref="SystemCallException">Thrown when a number is no longer open (EBADF).</exception>
    public void Close(bool force = false)
    {
        switch (_holder)
        {
            case DescriptorInfo info:
                info.Close(force);
                break;

            case var _ when IsNumber:
                FileDescriptor.CloseByNumber((int)Handle.DangerousGetHandle());
                break;

            case FileDescriptor or FileStream or PipeStream:
                ((IDisposable)_holder).Dispose();
                break;

            default:
                FileDescriptor.CloseHandle(Handle);
                if (SocketIn(_holder) is { } socket)
                {
                    // The socket's finalizer would shut down the connection or unlink the path to which the socket was bound.
                    GC.SuppressFinalize(socket);
                }

                break;
        }
    }

    /// <summary>Returns the reason not to close the descriptor, as a sentence; null if there is none.</summary>
    /// <remarks>
    /// An object that owns its descriptor belongs to the user, so the descriptor is protected only if it is a standard stream. A number can
    /// belong to anyone, so the numbers that the runtime uses are protected as well.
    /// </remarks>
    public string? ReasonToKeep()
    {
        using var lease = new HandleLease(Handle);
        if (lease.Fd > LastStandard && !IsNumber)
        {
            return null;
        }

        DescriptorInfo info = new DescriptorInspector().Describe(Environment.ProcessId, lease.Fd);
        return info.IsStandardStream ? SR.Format(SR.StandardStream, Describe())
            : info.IsRuntimeOwned ? SR.Format(SR.RuntimeDescriptor, Describe())
            : null;
    }

    /// <summary>Returns the descriptor's number, kind and target.</summary>
    public string Describe()
    {
        using var lease = new HandleLease(Handle);
        using var descriptor = new FileDescriptor(lease.Fd, ownsHandle: false);
        return descriptor.ToString();
    }

    // A PSObject has the properties of .NET objects and those of objects that PowerShell has created, such as [pscustomobject], in the same
    // collection.
    private static DescriptorSource? FromProperty(object value)
    {
        var wrapped = PSObject.AsPSObject(value);
        if (wrapped.TypeNames.FirstOrDefault()?.StartsWith("Deserialized.", StringComparison.Ordinal) == true)
        {
            throw new ArgumentException(
                SR.Format(SR.Deserialized, wrapped.TypeNames[0]["Deserialized.".Length..]));
        }

        foreach (string name in s_properties)
        {
            switch (Read(wrapped.Properties[name]))
            {
                case SafeHandle handle when IsDescriptor(handle):
                    ObjectDisposedException.ThrowIf(handle.IsClosed, wrapped.BaseObject);
                    return new DescriptorSource(wrapped.BaseObject, handle);
                case object number when number is nint or int or long:
                    return new DescriptorSource(wrapped.BaseObject, Borrow(number), isNumber: true);
            }
        }

        return null;
    }

    private static object? Read(PSPropertyInfo? property)
    {
        try
        {
            return property is { IsGettable: true } ? (property.Value is PSObject wrapped ? wrapped.BaseObject : property.Value) : null;
        }
        catch (GetValueInvocationException exception) when (Innermost(exception) is ObjectDisposedException disposed)
        {
            throw new ObjectDisposedException(disposed.ObjectName, disposed);
        }
        catch (GetValueException)
        {
            return null;
        }
    }

    private static Exception Innermost(Exception exception) =>
        exception is GetValueInvocationException or TargetInvocationException && exception.InnerException is { } inner
            ? Innermost(inner)
            : exception;

    private static SafeDescriptorHandle Borrow(DescriptorInfo info) => info.ProcessId == Environment.ProcessId
        ? Borrow((object)info.FdHere())
        : throw new DescriptorElsewhereException(info);

    private static SafeDescriptorHandle Borrow(object number)
    {
        // Numbers that do not fit in a long are not descriptors either.
        long fd = number switch
        {
            nint native => native,
            nuint native => native > int.MaxValue ? long.MaxValue : (long)native,
            ulong large => large > int.MaxValue ? long.MaxValue : (long)large,
            _ => Convert.ToInt64(number, null),
        };
        if (fd is < 0 or > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(null, SR.Format(SR.NumberNegative, number));
        }

        return Fcntl.Control((int)fd, Constants.F_GETFD) >= 0
            ? new SafeDescriptorHandle((int)fd, ownsHandle: false)
            : throw SystemCallException.FromLast("fcntl", (int)fd);
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

    // These handles contain a pointer of the runtime, which could be mistaken for the number of a descriptor.
    private static bool IsDescriptor(SafeHandle handle) => handle is not (SafeWaitHandle or SafeProcessHandle);
}
