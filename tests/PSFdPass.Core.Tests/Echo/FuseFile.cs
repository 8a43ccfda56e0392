using System.Diagnostics;

namespace PSFdPass.Tests.Echo;

/// <summary>
/// A file of a FUSE file system (tests/peers/fuse_file.py), for which stat(2) and close(2) wait as long as the file system likes. At the
/// end whatever waits fails, and the file system is unmounted.
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

    /// <summary>Makes stat(2) and close(2) wait from now on.</summary>
    public void Hold()
    {
        _process.StandardInput.WriteLine("hold");
        _process.StandardInput.Flush();
        Expect("holding");
    }

    /// <summary>Waits until a call waits.</summary>
    public void WaitUntilHeld() => Expect("held");

    /// <summary>Answers what waits.</summary>
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
