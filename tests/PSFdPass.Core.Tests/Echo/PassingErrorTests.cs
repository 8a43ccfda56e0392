using System.Net.Sockets;

namespace PSFdPass.Tests.Echo;

/// <summary>Temporary errors while a quarterback connects to the next wide receiver. The greeted users are kept.</summary>
public sealed class PassingErrorTests : IDisposable
{
    private const int Many = 10;
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [StraceTheory]
    [InlineData("socket", "EMFILE", true)]
    [InlineData("socket", "ENFILE", true)]
    [InlineData("socket", "ENOMEM", true)]
    [InlineData("connect", "EACCES", true)]
    [InlineData("connect", "EINTR", false)]
    public void Greeted_users_are_kept_while_reconnecting_fails(string call, string error, bool isLogged)
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        User[] users;
        using (Player first = Player.Sample(_folder.Path, "WideReceiver"))
        {
            int port = quarterback.WaitForPort();
            first.Halt();
            users = User.Many(Many, port);
            Array.ForEach(users, user => user.MeetsQuarterback(quarterback.Id));
            string log = _folder.File("log");
            using Program strace = Program.Start(
                "strace", "-f", "-q", "-o", log, "-e", $"trace={call}", "-e", $"inject={call}:error={error}", "-p", $"{quarterback.Id}");
            Patience.Until(() => quarterback.IsTraced, "strace attaches");
            first.Signal(Signals.Kill);
            Patience.Until(
                () => File.Exists(log) && File.ReadLines(log).Count(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal)) >= 2,
                "it fails");
            Libc.Kill(strace.Id, Signals.Terminate);
            strace.Finish();
        }

        using Player next = Player.Sample(_folder.Path, "WideReceiver", "--force");
        Array.ForEach(users, user => user.MeetsWideReceiver(next.Id).Echoes("here").Dispose());
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
        Assert.Equal(isLogged ? 1 : 0, quarterback.Lines.Count(line => line.Contains($"({error})", StringComparison.Ordinal)));
    }

    [LinuxFact]
    public void Greeted_users_are_kept_while_a_restarting_wide_receiver_has_not_set_the_mode_of_its_socket()
    {
        // The mode does not restrict root.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_111_111);
        Child.Run(Restart, _folder.Path);
    }

    private static void Restart()
    {
        Libc.BecomeNobody();
        string folder = Child.Argument;
        var address = UnixSocketAddress.FromPath(Path.Combine(folder, "fd-pass.sock"));
        using Player quarterback = Player.Sample(folder, "Quarterback", "--port", "0");
        User[] users;
        using (Socket receivers = UnixSocketListener.Create(address))
        using (Socket first = UnixSocket.Accept(receivers.SafeHandle, Patience.Long))
        {
            users = User.Many(Many, quarterback.WaitForPort());
            Patience.Until(() => first.Available == Many, "everybody is on the wire");
        }

        using Socket restarted = UnixSocketListener.Create(address, mode: UnixFileMode.None);
        quarterback.WaitFor(@"\(EACCES\)");
        Thread.Sleep(300);
        File.SetUnixFileMode(address.Name, UnixSocketListener.DefaultMode);
        using Socket wire = UnixSocket.Accept(restarted.SafeHandle, Patience.Long);
        var taken = new List<string>();
        while (taken.Count < Many)
        {
            using ReceivedMessage message = Some.Receive(wire);
            taken.Add(SocketInfo.RemoteEndPointOf(Assert.Single(message.Descriptors).SafeHandle)!.ToString()!);
        }

        Assert.Equal(users.Select(user => user.Address).Order(), taken.Order());
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
        Assert.Single(quarterback.Lines, line => line.Contains("(EACCES)", StringComparison.Ordinal));
        Array.ForEach(users, user => user.Dispose());
    }
}
