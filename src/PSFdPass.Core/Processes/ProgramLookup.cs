using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>Finds a program before it is started, so that the error message for a missing program names it.</summary>
internal static class ProgramLookup
{
    /// <summary>Returns the absolute path of a program.</summary>
    /// <param name="fileName">A path, or a name to search for.</param>
    /// <param name="searchPath">The child's PATH; null if it has none.</param>
    /// <param name="workingDirectory">The child's working directory. Relative directories in PATH are relative to it.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the program is not found (ENOENT), or when it is not executable or is not a regular file (EACCES).
    /// </exception>
    public static string Find(string fileName, string? searchPath, string workingDirectory)
    {
        if (fileName.Contains('/'))
        {
            string path = Path.GetFullPath(fileName);
            int errno = Check(path);
            return errno == 0 ? path : throw new SystemCallException("posix_spawn", errno, fileName.StartsWith('/') ? fileName : path);
        }

        int found = Errno.ENOENT;
        foreach (string directory in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").Split(':'))
        {
            string path = Path.GetFullPath(Path.Combine(workingDirectory, directory, fileName));
            switch (Check(path))
            {
                case 0:
                    return path;
                case Errno.EACCES:
                    found = Errno.EACCES;
                    break;
            }
        }

        throw new SystemCallException("posix_spawn", found, fileName);
    }

    // Returns 0 if the file can be executed; otherwise, an error number.
    private static int Check(string path)
    {
        if (!SysStat.TryGetStatusOfPath(path, out SysStat.FileStatus status))
        {
            return Errno.Last;
        }

        return status.Type != SysStat.S_IFREG ? Errno.EACCES : Unistd.CanExecute(path) ? 0 : Errno.Last;
    }
}
