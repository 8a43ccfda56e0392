using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Facts;

namespace PSFdPass.Commands;

/// <summary>What the cmdlets that work on one Unix-domain socket share: <c>-Socket</c>.</summary>
public abstract class SocketCommand : FdPassCommand
{
    /// <summary>A Unix-domain socket: a Socket, a FileDescriptor, a NetworkStream, a SafeHandle, a DescriptorInfo or a descriptor's number.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(SocketNumberCompleter))]
    public virtual object Socket { get; set; } = null!;

    /// <summary>The socket's handle, which stays the user's.</summary>
    protected SafeHandle Handle { get; private set; } = null!;

    /// <summary>Whether the user gave the socket by its number, for which there is a new handle each time.</summary>
    protected bool IsNumber => Unwrap(Socket) is ValueType or string or DescriptorInfo;

    /// <inheritdoc/>
    protected override void BeginProcessing() => FindHandle();

    /// <summary>Finds the handle, and makes sure that it can carry descriptors.</summary>
    protected void FindHandle()
    {
        try
        {
            Handle = HandleOf(Socket);
            _ = UnixSocketType.Of(Handle);
        }
        catch (Exception exception) when (EndsCommand(exception))
        {
            Stop(exception, Socket);
        }
    }
}
