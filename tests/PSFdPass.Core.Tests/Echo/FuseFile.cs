using System.Diagnostics;

namespace PSFdPass.Tests.Echo;

/// <summary>
/// A file of a FUSE file system (tests/peers/fuse_file.py), on which stat(2) and close(2) can be blocked. At the end, blocked calls
/// fail, and the file system is unmounted.
/// </summary>
internal sealed class FuseFile : IDisposable
{
    private readonly Process _process;
    private readonly TemporaryDirectory _directory = new();

    public FuseFile()
    {
        string script = System.IO.Path.Combine(Repository.Root, "tests", "peers", "fuse_file.py");
        _process = Process.Start(new ProcessStartInfo("python3", ["-B", script, _directory.Path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Expect("mounted");
    }

    public string Path => _directory.File("file");

    /// <summary>Makes stat(2) and close(2) block until <see cref="Answer"/> is called.</summary>
    public void Hold()
    {
        _process.StandardInput.WriteLine("hold");
        _process.StandardInput.Flush();
        Expect("holding");
    }

    /// <summary>Waits until a call is blocked.</summary>
    public void WaitUntilHeld() => Expect("held");

    /// <summary>Completes the blocked calls.</summary>
    public void Answer()
    {
        _process.StandardInput.WriteLine("answer");
        _process.StandardInput.Flush();
    }

    public void Dispose()
    {
        _process.StandardInput.Dispose();
        if (!_process.WaitForExit(Patience.Long))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _directory.Dispose();
    }

    private void Expect(string line)
    {
        Task<string?> reading = _process.StandardOutput.ReadLineAsync();
        Assert.True(reading.Wait(Patience.Long), $"The file system does not say '{line}'.");
        Assert.Equal(line, reading.Result);
    }
}
