using System.Diagnostics;

namespace PSFdPass.Tests.Services;

/// <summary>A running s6-fdholderd with a socket of its own.</summary>
internal sealed class S6Holder : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private Process? _process;

    /// <summary>Starts it. The user of this process has all rights, or may only retrieve.</summary>
    public S6Holder(string rights = "all")
    {
        string rules = Directory.CreateDirectory(_directory.File($"rules/uid/{Interop.Unistd.GetEUid()}/env")).FullName;
        File.WriteAllText(System.IO.Path.Combine(rules, "../allow"), "");
        File.WriteAllText(System.IO.Path.Combine(rules, "S6_FDHOLDER_RETRIEVE_REGEX"), ".\n");
        if (rights == "all")
        {
            File.WriteAllText(System.IO.Path.Combine(rules, "S6_FDHOLDER_STORE_REGEX"), ".\n");
            File.WriteAllText(System.IO.Path.Combine(rules, "S6_FDHOLDER_LIST"), "1\n");
        }

        Start();
    }

    public string Path => _directory.File("s");

    public FdHolder Client => new(UnixSocketAddress.FromPath(Path));

    /// <summary>Starts it, without descriptors.</summary>
    public void Start()
    {
        // With -1 it writes a line once it listens.
        _process = Process.Start(new ProcessStartInfo(
            "s6-fdholder-daemon", ["-1", "-i", _directory.File("rules"), Path])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.NotNull(_process.StandardOutput.ReadLine());
    }

    public void Stop()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            Stop();
        }

        _directory.Dispose();
    }
}
