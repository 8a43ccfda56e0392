using System.Runtime.InteropServices;

namespace PSFdPass;

/// <summary>Describes a child process for <see cref="FdProcess.Start"/>: its program, environment and descriptors.</summary>
/// <remarks>
/// The caller remains the owner of the handles. <see cref="FdProcess.Start"/> duplicates them, so they can be closed as soon as
/// that method has returned. Not thread-safe.
/// </remarks>
public sealed class FdProcessStartInfo
{
    /// <summary>Creates a description of a child process.</summary>
    /// <param name="fileName">The name or path of the program. See <see cref="FileName"/>.</param>
    /// <param name="arguments">The arguments, without the name of the program.</param>
    public FdProcessStartInfo(string fileName, params IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        ArgumentNullException.ThrowIfNull(arguments);
        FileName = fileName;
        ArgumentList = [.. arguments];
    }

    /// <summary>
    /// Gets or sets the name or path of the program. A name without a slash is searched for in the directories of the child's PATH.
    /// A relative path is relative to the current directory of this process.
    /// </summary>
    public string FileName { get; set; }

    /// <summary>Gets the arguments, without the name of the program. Each element is one argument.</summary>
    public IList<string> ArgumentList { get; }

    /// <summary>
    /// Gets the descriptors that the child receives, keyed by their numbers in the child. A number must be lower than the limit of
    /// open files (RLIMIT_NOFILE).
    /// </summary>
    public IDictionary<int, SafeHandle> Descriptors { get; } = new SortedDictionary<int, SafeHandle>();

    /// <summary>
    /// Gets or sets the standard input, descriptor 0. By default, the child inherits the standard input of this process, or gets /dev/null
    /// if this process has none.
    /// </summary>
    public SafeHandle? StandardInput { get; set; }

    /// <summary>
    /// Gets or sets the standard output, descriptor 1. The default is the same as for <see cref="StandardInput"/>.
    /// </summary>
    public SafeHandle? StandardOutput { get; set; }

    /// <summary>
    /// Gets or sets the standard error, descriptor 2. The default is the same as for <see cref="StandardInput"/>.
    /// </summary>
    public SafeHandle? StandardError { get; set; }

    /// <summary>
    /// Gets the changes to the environment: a value sets a variable, and null removes it. The child gets the variables of this process,
    /// as <see cref="System.Environment.GetEnvironmentVariables()"/> returns them, with these changes.
    /// </summary>
    public IDictionary<string, string?> Environment { get; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Gets or sets the working directory of the child; null for the current directory of this process.</summary>
    public string? WorkingDirectory { get; set; }

    /// <summary>
    /// Gets the descriptors that the child receives as if from a service manager (sd_listen_fds(3)), numbered from 3. LISTEN_FDS is
    /// set to the number of descriptors, and LISTEN_PID to the child's process ID.
    /// </summary>
    /// <remarks>
    /// The process ID is known only in the child. Therefore, if this list is not empty, /bin/sh sets LISTEN_PID and then executes
    /// the program in the same process. The shell discards some variables: see <see cref="FdProcess.LostEnvironmentVariables"/>.
    /// </remarks>
    public IList<SafeHandle> ListenDescriptors { get; } = [];

    /// <summary>
    /// Gets the names of <see cref="ListenDescriptors"/>, in the same order, for LISTEN_FDNAMES. If the list is empty,
    /// LISTEN_FDNAMES is not set. A name must have 1 to 255 ASCII characters, and must not contain control characters or colons.
    /// </summary>
    public IList<string> ListenDescriptorNames { get; } = [];

    /// <summary>
    /// Gets or sets a value indicating whether the child gets a process group of its own. If so, signals that the terminal sends,
    /// such as SIGINT after Ctrl-C, don't reach the child, and the child can't read from the terminal (SIGTTIN stops it).
    /// </summary>
    public bool CreateNewProcessGroup { get; set; }
}
