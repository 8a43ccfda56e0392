using System.Management.Automation;
using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Binding;

/// <summary>
/// The properties that PSFdPass.types.ps1xml adds to objects for their views. In their text, control characters are replaced. They are code
/// properties, because these also work in constrained language mode, in which script blocks can't call methods.
/// </summary>
public static class ViewProperties
{
    private const int MostText = 40;
    private const int MostMembers = 4;

    /// <summary>Gets the name of a descriptor; empty if it does not have one.</summary>
    public static string ShownName(PSObject value) => Interop.ShownText.Of(value.Properties["Name"]?.Value as string ?? "");

    /// <summary>Gets the names of the descriptors of a takeover.</summary>
    public static string ShownNames(PSObject value) => Show(
        value, static shown => shown is SocketTakeover takeover ? string.Join(", ", takeover.Descriptors.Select(named => named.Name)) : null);

    /// <summary>Gets the address of a takeover.</summary>
    public static string ShownAddress(PSObject value) => Show(value, static shown => (shown as SocketTakeover)?.Address.ToString());

    /// <summary>Gets the path of a holder's socket.</summary>
    public static string ShownHolder(PSObject value) => Show(value, static shown => (shown as SavedFileDescriptor)?.Holder);

    /// <summary>Gets the target of a descriptor, of a description of one, or of a socket.</summary>
    public static string ShownTarget(PSObject value) => Show(value, static shown => shown switch
    {
        FileDescriptor descriptor => descriptor.Target,
        NamedDescriptor named => named.Descriptor.Target,
        DescriptorInfo info => info.Target,
        Socket socket => SocketSummary.TargetOf(socket),
        _ => null,
    });

    /// <summary>Gets the path of a DescriptorInfo.</summary>
    public static string ShownPath(PSObject value) => Show(value, static shown => (shown as DescriptorInfo)?.Path);

    /// <summary>Gets the local address of a socket.</summary>
    public static string ShownLocalEndPoint(PSObject value) =>
        Show(value, static shown => (shown as DescriptorInfo)?.LocalEndPoint?.ToString());

    /// <summary>Gets the address of a socket's peer.</summary>
    public static string ShownRemoteEndPoint(PSObject value) =>
        Show(value, static shown => (shown as DescriptorInfo)?.RemoteEndPoint?.ToString());

    /// <summary>Gets the program of a process.</summary>
    public static string ShownCommand(PSObject value) => Show(value, static shown => shown switch
    {
        DescriptorInfo info => info.PeerCommand,
        UnixSocketPeer peer => peer.Command,
        _ => null,
    });

    /// <summary>Gets the program of the process that a described descriptor belongs to.</summary>
    public static string OwnerCommand(PSObject value) => Show(
        value, static shown => shown is DescriptorInfo info ? ProcessNames.Of(info.ProcessId) : null);

    /// <summary>Gets the program of a child.</summary>
    public static string ShownFileName(PSObject value) => Show(value, static shown => (shown as FdProcess)?.FileName);

    /// <summary>Gets the text of a message.</summary>
    public static string ShownText(PSObject value) => Show(value, static shown => (shown as ReceivedMessage)?.Text);

    /// <summary>Gets the beginning of the text of a message, which is short enough to leave space for other columns.</summary>
    public static string ShortText(PSObject value) =>
        value?.BaseObject is ReceivedMessage message ? Interop.ShownText.Of(message.Text, MostText) : "";

    /// <summary>Gets the numbers of the first members of a set, and what the numbers refer to.</summary>
    public static string ShownMembers(PSObject value) => Show(
        value, static shown => shown is FileDescriptorSet set ? string.Join(", ", set.Describe(MostMembers)) : null);

    /// <summary>Gets the number of bytes of a message.</summary>
    public static int Bytes(PSObject value) => (value?.BaseObject as ReceivedMessage)?.Data.Length ?? 0;

    /// <summary>Gets the number of a socket's descriptor.</summary>
    public static int Fd(PSObject value) => value?.BaseObject is Socket socket ? SocketSummary.NumberOf(socket) : -1;

    private static string Show(PSObject value, Func<object, string?> read) => Interop.ShownText.Of(read(value.BaseObject) ?? "");
}
