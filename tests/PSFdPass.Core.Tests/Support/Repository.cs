namespace PSFdPass.Tests;

/// <summary>The directory of the sources, which is above the test assembly.</summary>
internal static class Repository
{
    public static readonly string Root = Find(AppContext.BaseDirectory);

    private static string Find(string? directory)
    {
        for (; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "PSFdPass.slnx")))
            {
                return directory;
            }
        }

        throw new DirectoryNotFoundException($"There is no PSFdPass.slnx above {AppContext.BaseDirectory}.");
    }
}
