namespace PSFdPass.Benchmarks.Measuring;

/// <summary>A folder for the sockets of one measurement. Its path is short, because the length of a socket's path is limited.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fd-side-by-side-");

    /// <summary>Returns the path of a socket in the folder.</summary>
    public string Socket(string name) => Path.Combine(_folder.FullName, name + ".sock");

    /// <summary>Removes the folder.</summary>
    public void Dispose()
    {
        if (Directory.Exists(_folder.FullName))
        {
            _folder.Delete(recursive: true);
        }
    }
}
