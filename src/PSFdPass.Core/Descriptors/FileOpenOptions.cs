namespace PSFdPass;

/// <summary>Specifies how a file is opened: the flags of open(2).</summary>
public sealed record FileOpenOptions
{
    /// <summary>Gets the access mode: Read, Write or ReadWrite. The default is Read.</summary>
    public FileAccess Access { get; init; } = FileAccess.Read;

    /// <summary>Gets a value indicating whether the file is created if it does not exist: O_CREAT.</summary>
    public bool Create { get; init; }

    /// <summary>Gets a value indicating whether an existing file is emptied: O_TRUNC. Requires write access.</summary>
    public bool Truncate { get; init; }

    /// <summary>Gets a value indicating whether each write appends to the end of the file: O_APPEND. Requires write access.</summary>
    public bool Append { get; init; }

    /// <summary>
    /// Gets a value indicating whether the file is created, and opening fails if it already exists: O_CREAT and O_EXCL.
    /// </summary>
    public bool CreateNew { get; init; }

    /// <summary>Gets a value indicating whether the last component of the path must not be a symbolic link: O_NOFOLLOW.</summary>
    public bool NoFollow { get; init; }

    /// <summary>Gets a value indicating whether the path must be a directory: O_DIRECTORY.</summary>
    public bool DirectoryOnly { get; init; }

    /// <summary>
    /// Gets a value indicating whether the descriptor only represents the location in the file system and can't be read or written:
    /// O_PATH. No permission for the file itself is required, and <see cref="Access"/> is ignored. Linux only.
    /// </summary>
    public bool PathOnly { get; init; }

    /// <summary>
    /// Gets the directory at which the path starts and which it must not leave through <c>..</c>, a link or an absolute path
    /// (RESOLVE_BENEATH of openat2(2)). Links that lead to a place beneath the directory are followed. Linux only.
    /// </summary>
    public string? Beneath { get; init; }

    /// <summary>Gets the permissions of a new file, before the process's umask is applied. The default is 0666.</summary>
    public UnixFileMode Mode { get; init; } =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
}
