namespace PSFdPass.Tests.Echo;

/// <summary>The demo with each player in turn replaced by a program in C or Python.</summary>
public sealed class ForeignPlayerTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("C")]
    [InlineData("Python")]
    public void The_quarterback_throws_to_a_foreign_wide_receiver(string language)
    {
        using Player wideReceiver = Player.Foreign(language, "wide_receiver", _folder.Path, "fd-pass.sock");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        int port = quarterback.WaitForPort();
        User[] users = User.Many(20, port);
        foreach (User user in users)
        {
            user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo").Echoes(new string('x', 100000));
            user.Dispose();
        }

        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
        wideReceiver.Signal(Signals.Terminate);
        wideReceiver.Finish().Succeeded();
    }

    [Theory]
    [InlineData("C")]
    [InlineData("Python")]
    public void The_wide_receiver_receives_from_a_foreign_quarterback(string language)
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        using Player quarterback = Player.Foreign(language, "quarterback", _folder.Path, "0", "fd-pass.sock");
        int port = quarterback.WaitForPort();
        User[] users = User.Many(20, port);
        foreach (User user in users)
        {
            user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo").Echoes(new string('x', 100000));
            user.Dispose();
        }

        wideReceiver.WaitFor("^Closing");
        wideReceiver.Signal(Signals.Terminate);
        wideReceiver.Finish().Succeeded();
        Assert.Equal(20, wideReceiver.Lines.Count(line => line.StartsWith("Handling connection from (127.0.0.1:", StringComparison.Ordinal)));
    }

    [Fact]
    public void One_wide_receiver_serves_quarterbacks_in_three_languages_at_once()
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        using Player own = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using Player c = Player.Foreign("C", "quarterback", _folder.Path, "0", "fd-pass.sock");
        using Player python = Player.Foreign("Python", "quarterback", _folder.Path, "0", "fd-pass.sock");
        foreach (Player quarterback in (Player[])[own, c, python])
        {
            using var user = new User(quarterback.WaitForPort());
            user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo");
        }
    }

    [Theory]
    [InlineData("nothing", "Connection on")]
    [InlineData("bytes", @"^Ignoring 22 bytes on \(fd-pass\.sock\) without a descriptor$")]
    [InlineData("many", "^Ignoring a descriptor that is not a connection: .*/dev/null$")]
    [InlineData("dies", "^Ignoring a descriptor that is not a connection: .*/dev/null$")]
    [InlineData("two", "^Ignoring a descriptor that is not a connection: .*/dev/null$")]
    [InlineData("credentials", "^Ignoring a descriptor that is not a connection: .*/dev/null$")]
    [InlineData("empty", "Connection on")]
    public void Garbage_from_a_foreign_quarterback_is_closed_and_does_not_affect_users(string kind, string says)
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using var before = new User(quarterback.WaitForPort());
        before.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id);
        int open = OpenNulls(wideReceiver.Id);

        Program.Run(Player.Compile("peer", _folder.Path), "garbage", _folder.File("fd-pass.sock"), "stream", kind);
        wideReceiver.WaitFor(says);
        before.Echoes("before");
        using var after = new User(int.Parse(quarterback.Lines[^1].Split(':')[^1]));
        after.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("after");
        Patience.Until(() => OpenNulls(wideReceiver.Id) == open, "the garbage is closed");
    }

    private static int OpenNulls(int process) =>
        Directory.GetFiles($"/proc/{process}/fd").Count(path => new FileInfo(path).LinkTarget == "/dev/null");
}
