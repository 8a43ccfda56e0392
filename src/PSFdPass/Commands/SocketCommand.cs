using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Completion;
using PSFdPass.Facts;
using PSFdPass.Handles;

namespace PSFdPass.Commands;

/// <summary>The base of the cmdlets that work on one Unix-domain socket: <c>-Socket</c>.</summary>
public abstract class SocketCommand : FdPassCommand
{
    /// <summary>A Unix-domain socket: a Socket, a FileDescriptor, a NetworkStream, a SafeHandle, a DescriptorInfo or a descriptor's number.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(SocketNumberCompleter))]
    public virtual object Socket { get; set; } = null!;

    /// <summary>Gets the socket's handle, which the user's object still owns.</summary>
    protected SafeHandle Handle { get; private set; } = null!;

    /// <inheritdoc/>
    protected override void BeginProcessing() => Run(FindHandle, Socket);

    /// <summary>Finds the handle, and makes sure that the socket can carry descriptors.</summary>
    protected void FindHandle()
    {
        Handle = HandleOf(Socket);
        using var lease = new HandleLease(Handle);
        _ = LastSocket.TypeOf(Handle, lease.Fd);
    }
}
