using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>By default, a wide receiver serves only quarterbacks of its own user.</summary>
public sealed class OtherUserTests : IDisposable
{
    private const UnixFileMode Everybody = (UnixFileMode)0x1B6; // 0666

    private readonly TemporaryDirectory _folder = new();
    private readonly List<string> _log = [];

    public OtherUserTests() =>
        File.SetUnixFileMode(_folder.Path, File.GetUnixFileMode(_folder.Path) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);

    public void Dispose() => _folder.Dispose();

    [RootFact]
    public async Task Another_user_cannot_connect_by_default()
    {
        (Program.Result result, string[] log) = await PlayAsync(allowAnyUser: false, mode: null);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Permission denied", result.Error);
        Assert.DoesNotContain(log, line => line.StartsWith("Handling", StringComparison.Ordinal));
    }

    [RootFact]
    public async Task Another_user_who_can_connect_is_refused_and_logged()
    {
        (_, string[] log) = await PlayAsync(allowAnyUser: false, Everybody);
        Assert.Contains(log, line => line.StartsWith("Refusing a connection on (", StringComparison.Ordinal) && line.Contains("65534"));
        Assert.DoesNotContain(log, line => line.StartsWith("Ignoring", StringComparison.Ordinal));
    }

    [RootFact]
    public async Task Another_user_is_served_when_any_user_is_allowed()
    {
        (Program.Result result, string[] log) = await PlayAsync(allowAnyUser: true, mode: null);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(log, line => line.StartsWith("Handling connection from (", StringComparison.Ordinal));
        Assert.Contains(log, line => line.StartsWith("Ignoring", StringComparison.Ordinal));
    }

    // A program that runs as the user nobody sends bytes without a descriptor, which the wide receiver logs.
    private async Task<(Program.Result Result, string[] Log)> PlayAsync(bool allowAnyUser, UnixFileMode? mode)
    {
        string path = _folder.File("fd-pass.sock");
        string peer = Player.Compile("peer", _folder.Path);
        File.SetUnixFileMode(peer, (UnixFileMode)0x1ED); // 0755
        using var stop = new CancellationTokenSource();
        using var receiver = new WideReceiver(path, Log, allowAnyUser: allowAnyUser);
        if (mode is not null)
        {
            File.SetUnixFileMode(path, mode.Value);
        }

        Task playing = receiver.RunAsync(cancellation: stop.Token);
        Program.Result result = Program.Run(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", peer, "garbage", path, "stream", "bytes");
        if (!result.Error.Contains("Permission denied"))
        {
            Patience.Until(() => Snapshot().Any(line => line.StartsWith("Refusing", StringComparison.Ordinal) ||
                line.StartsWith("Connection on", StringComparison.Ordinal)), "the connection was dealt with");
        }

        await stop.CancelAsync();
        await playing.WaitAsync(Patience.Long);
        return (result, Snapshot());
    }

    private void Log(string line)
    {
        lock (_log)
        {
            _log.Add(line);
        }
    }

    private string[] Snapshot()
    {
        lock (_log)
        {
            return [.. _log];
        }
    }
}
