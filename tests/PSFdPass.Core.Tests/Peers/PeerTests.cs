using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>
/// The exchange with a peer in each language: the sender opens a file <c>abcdefghij</c>, reads <c>abc</c>, and sends the
/// descriptor. The receiver reads <c>defg</c>. Then the sender reads <c>hij</c>, because both share the offset. A peer must not
/// report that the system does not support this (exit code 77), because Linux supports it for every type of socket and for abstract
/// names.
/// </summary>
[Collection(PeerProgram.Collection)]
public abstract class PeerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _peer;
    private readonly bool _oneDescriptorPerMessage;
    private readonly byte? _firstByte;

    /// <param name="peer">The language.</param>
    /// <param name="oneDescriptorPerMessage">Whether its API sends one descriptor per message, and hides the payload.</param>
    /// <param name="firstByte">The only byte that its receiver accepts, if it is not the count.</param>
    protected PeerTests(string peer, bool oneDescriptorPerMessage = false, byte? firstByte = null)
    {
        _peer = peer;
        _oneDescriptorPerMessage = oneDescriptorPerMessage;
        _firstByte = firstByte;
    }

    public static TheoryData<SocketType, bool, int> Wires
    {
        get
        {
            var wires = new TheoryData<SocketType, bool, int>();
            foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
            {
                wires.Add(type, false, 1);
                wires.Add(type, true, 3);
            }

            return wires;
        }
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>We receive what the peer sends.</summary>
    protected void ReceiveFromPeer(SocketType type, bool isAbstract, int count)
    {
        UnixSocketAddress address = NewAddress(isAbstract);
        using Socket listener = UnixSocketListener.Create(address, type);
        using Program peer = PeerProgram.Start(_peer, ["send", address.ToString(), NameOf(type), .. Files(count)]);
        using Socket? connection = Accept(listener, type);
        Socket socket = connection ?? listener;

        var descriptors = new List<FileDescriptor>();
        var data = new List<byte>();
        while (descriptors.Count < count)
        {
            ReceivedMessage message = Some.Receive(socket);
            data.AddRange(message.Data);
            descriptors.AddRange(message.Descriptors);
        }

        Assert.Equal(_oneDescriptorPerMessage ? new byte[count] : [(byte)count], data);
        Assert.All(descriptors, descriptor => Assert.Equal("defg", Some.Read(descriptor, 4)));
        Assert.All(descriptors, descriptor => Assert.Equal(DescriptorFlags.CloseOnExec, descriptor.Flags & DescriptorFlags.CloseOnExec));
        descriptors.ForEach(descriptor => descriptor.Dispose());
        connection?.Dispose();
        Assert.Equal(string.Concat(Enumerable.Repeat("rest hij\n", count)), peer.Finish().Succeeded().Output);
    }

    /// <summary>The peer receives what we send.</summary>
    protected void SendToPeer(SocketType type, bool isAbstract, int count)
    {
        UnixSocketAddress address = NewAddress(isAbstract);
        using Socket? listener = type == SocketType.Dgram ? null : UnixSocketListener.Create(address, type);
        using Program peer = PeerProgram.Start(_peer, "receive", address.ToString(), NameOf(type), count.ToString());
        using Socket socket = listener is null
            ? UnixSocket.Connect(address, type, Patience.Long, waitForListener: true)
            : Accept(listener, type)!;

        FileDescriptor[] files = [.. Files(count).Select(file => FileDescriptor.Open(file))];
        Assert.All(files, file => Assert.Equal("abc", Some.Read(file, 3)));
        byte[] payload = [_firstByte ?? (byte)(_oneDescriptorPerMessage ? 1 : count)];
        foreach (FileDescriptor[] message in files.Chunk(_oneDescriptorPerMessage ? 1 : count))
        {
            DescriptorSender.Send(socket.SafeHandle, payload, message.Select(file => file.SafeHandle).ToArray(), Patience.Long);
        }

        string output = peer.Finish().Succeeded().Output;
        Assert.Equal(string.Concat(Enumerable.Repeat("got defg\n", count)), WithoutData(output, out string? data));
        Assert.True(data is null || data == Convert.ToHexStringLower(payload), output);
        Assert.All(files, file => Assert.Equal("hij", Some.Read(file)));
        Array.ForEach(files, file => file.Dispose());
    }

    // Peers whose API shows the payload print it as "data <hex>".
    private static string WithoutData(string output, out string? data)
    {
        data = output.StartsWith("data ", StringComparison.Ordinal) ? output[5..output.IndexOf('\n')] : null;
        return data is null ? output : output[(output.IndexOf('\n') + 1)..];
    }

    private static Socket? Accept(Socket listener, SocketType type) =>
        type == SocketType.Dgram ? null : UnixSocket.Accept(listener.SafeHandle, Patience.Long);

    private static string NameOf(SocketType type) => type switch
    {
        SocketType.Stream => "stream",
        SocketType.Seqpacket => "seqpacket",
        _ => "datagram",
    };

    private UnixSocketAddress NewAddress(bool isAbstract) => isAbstract
        ? UnixSocketAddress.FromAbstractName("psfdpass-" + Guid.NewGuid())
        : UnixSocketAddress.FromPath(_directory.File("s"));

    private IEnumerable<string> Files(int count) =>
        Enumerable.Range(0, count).Select(number => _directory.Write($"letters {number}", "abcdefghij"));
}
