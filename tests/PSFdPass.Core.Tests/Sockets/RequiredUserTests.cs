using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Connecting only to listeners of certain users.</summary>
public sealed class RequiredUserTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public async Task A_listener_of_another_user_is_refused(SocketType type)
    {
        uint me = Unistd.GetEUid();
        using UnixSocketListener listener = UnixSocketListener.Create(Address, type);
        using (UnixSocket.Connect(Address, type, Patience.Long, requiredUsers: new HashSet<uint> { me + 1, me }))
        {
        }

        UnauthorizedAccessException exception = Assert.Throws<UnauthorizedAccessException>(
            () => UnixSocket.Connect(Address, type, Patience.Long, waitForListener: true, new HashSet<uint> { me + 1 }));
        Assert.Contains($"user {me}", exception.Message);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(
            () => UnixSocket.ConnectAsync(Address, type, Patience.Long, requiredUsers: new HashSet<uint>()));
        OpenDescriptors.AreUnchangedBy(() => Assert.Throws<UnauthorizedAccessException>(
            () => UnixSocket.Connect(Address, type, Patience.Long, requiredUsers: new HashSet<uint>())));
    }

    [LinuxFact]
    public void A_required_user_is_an_error_for_a_datagram_socket() => Assert.Throws<ArgumentException>(
        () => UnixSocket.Connect(Address, SocketType.Dgram, Patience.Long, requiredUsers: new HashSet<uint> { 0 }));
}
