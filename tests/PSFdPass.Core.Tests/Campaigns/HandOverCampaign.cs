using System.Globalization;
using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>
/// Hand-overs between several threads, in one process and between two, while the garbage collector runs and waits are canceled or time
/// out at random moments. Each payload arrives once, with its own descriptor, and neither descriptors nor memory accumulate.
/// </summary>
[Trait("Category", "Campaign")]
public sealed class HandOverCampaign
{
    private const int Files = 64;
    private const int ShortForm = 10_000;
    private const int WarmUp = 500;

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Each_message_arrives_once_with_its_own_descriptor(SocketType type)
    {
        int total = ShortForm * Campaign.Scale;
        using var campaign = new Campaign($"hand-overs, {type}");
        FileDescriptor[] files = Some.Files(Files);
        ulong[] inodes = HandOvers.InodesOf(files);
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        PassAll(new HandOvers(WarmUp, inodes), left, right, files);
        var handOvers = new HandOvers(total, inodes);
        using (var watch = new ResourceWatch())
        {
            PassAll(handOvers, left, right, files);
            watch.AssertFlat();
            campaign.Count("MiB grown", watch.ResidentGrowth >> 20);
        }

        left.Dispose();
        right.Dispose();
        Array.ForEach(files, file => file.Dispose());
        campaign.Count("messages", handOvers.Received);
        campaign.Count("waits interrupted", handOvers.Interrupted);
        campaign.Count("lost", handOvers.Missing);
        campaign.Count("wrong", handOvers.Wrong);
        Assert.Equal((total, 0, 0), (handOvers.Received, handOvers.Wrong, handOvers.Missing));
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Each_message_reaches_another_process_once_with_its_own_descriptor(SocketType type)
    {
        int total = ShortForm * Campaign.Scale;
        using var campaign = new Campaign($"hand-overs between processes, {type}");
        using var directory = new TemporaryDirectory();
        var address = UnixSocketAddress.FromPath(directory.File("s"));
        string report = directory.File("report");
        FileDescriptor[] files = Some.Files(Files);
        ulong[] inodes = HandOvers.InodesOf(files);
        using Socket listener = UnixSocketListener.Create(address);
        using Program child = Program.Start(Child.Command(ReceiveAll, $"{address.Name};{total};{report}"));
        using Socket control = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        control.SendDescriptors([1], [right.SafeHandle, .. files.Select(file => file.SafeHandle)]);
        right.Dispose();
        Task.WaitAll(new HandOvers(WarmUp, inodes).Send(left.SafeHandle, files));
        Some.Receive(control).Dispose();
        var handOvers = new HandOvers(total, inodes);
        using (var watch = new ResourceWatch())
        {
            try
            {
                Task.WaitAll(handOvers.Send(left.SafeHandle, files));
                Assert.NotNull(DescriptorReceiver.ReceiveMessage(control.SafeHandle, Patience.Long));
            }
            catch
            {
                // The child's error explains why it no longer receives.
                child.Finish().Succeeded();
                throw;
            }

            watch.AssertFlat();
            campaign.Count("MiB grown at the sender", watch.ResidentGrowth >> 20);
        }

        child.Finish().Succeeded();

        left.Dispose();
        Array.ForEach(files, file => file.Dispose());
        campaign.Count("waits interrupted at the sender", handOvers.Interrupted);
        foreach (string line in File.ReadLines(report))
        {
            string[] fields = line.Split(':');
            campaign.Count(fields[0], long.Parse(fields[1], CultureInfo.InvariantCulture));
        }
    }

    private static void PassAll(HandOvers handOvers, Socket left, Socket right, FileDescriptor[] files) =>
        Task.WaitAll([.. handOvers.Send(left.SafeHandle, files), .. handOvers.Receive(right.SafeHandle)]);

    private static void ReceiveAll()
    {
        string[] arguments = Child.Argument.Split(';');
        int total = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        using Socket control = UnixSocket.Connect(UnixSocketAddress.FromPath(arguments[0]), SocketType.Stream, Patience.Long);
        using ReceivedMessage first = Some.Receive(control);
        ulong[] inodes = HandOvers.InodesOf(first.Descriptors.Skip(1));
        var warmUp = new HandOvers(WarmUp, inodes);
        Task.WaitAll(warmUp.Receive(first.Descriptors[0].SafeHandle));
        Assert.Equal((0, 0), (warmUp.Wrong, warmUp.Missing));
        var handOvers = new HandOvers(total, inodes);
        using var watch = new ResourceWatch();
        Some.Send(control, [1]);
        Task.WaitAll(handOvers.Receive(first.Descriptors[0].SafeHandle));
        Some.Send(control, [2]);
        watch.AssertFlat();
        File.WriteAllText(
            arguments[2],
            $"messages:{handOvers.Received}\nwaits interrupted at the receiver:{handOvers.Interrupted}\n" +
            $"lost:{handOvers.Missing}\nwrong:{handOvers.Wrong}\nMiB grown at the receiver:{watch.ResidentGrowth >> 20}\n");
        Assert.Equal((total, 0, 0), (handOvers.Received, handOvers.Wrong, handOvers.Missing));
    }
}
