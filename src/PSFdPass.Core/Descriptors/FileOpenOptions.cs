namespace PSFdPass;

/// <summary>How to open a file: the flags of open(2).</summary>
public sealed record FileOpenOptions
{
    /// <summary>Read, Write or ReadWrite.</summary>
    public FileAccess Access { get; init; } = FileAccess.Read;

    /// <summary>O_CREAT: make the file if it is not there.</summary>
    public bool Create { get; init; }

    /// <summary>O_TRUNC: empty the file. Needs to write.</summary>
    public bool Truncate { get; init; }

    /// <summary>O_APPEND: each write goes to the end of the file. Needs to write.</summary>
    public bool Append { get; init; }

    /// <summary>O_NOFOLLOW: the last part of the path may not be a symbolic link.</summary>
    public bool NoFollow { get; init; }

    /// <summary>O_DIRECTORY: it has to be a directory.</summary>
    public bool DirectoryOnly { get; init; }

    /// <summary>
    /// A directory that the path starts from and may not leave: not by <c>..</c>, not by a link, not by being absolute
    /// (RESOLVE_BENEATH of openat2(2)). Links that stay beneath it are followed. On Linux only.
    /// </summary>
    public string? Beneath { get; init; }

    /// <summary>The permissions of a new file, from which the process's umask is taken away.</summary>
    public UnixFileMode Mode { get; init; } =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
}
