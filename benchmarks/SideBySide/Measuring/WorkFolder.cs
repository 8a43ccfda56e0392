namespace PSFdPass.Benchmarks.Measuring;

/// <summary>A folder for the sockets of one measurement; a short path, as sockets need it.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fd-side-by-side-");

    /// <summary>The path of a socket in it.</summary>
    public string Socket(string name) => Path.Combine(_folder.FullName, name + ".sock");

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        if (Directory.Exists(_folder.FullName))
        {
            _folder.Delete(recursive: true);
        }
    }
}
