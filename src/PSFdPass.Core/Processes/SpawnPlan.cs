using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>
/// The validated start information of a child: everything that posix_spawn(3) needs, except the copies of the descriptors.
/// </summary>
internal sealed class SpawnPlan
{
    private readonly SortedDictionary<int, SafeHandle> _descriptors = [];
    private readonly string[] _arguments;
    private readonly string[] _environment;
    private readonly string? _workingDirectory;
    private readonly bool _createNewProcessGroup;
    private readonly string _executable;

    /// <summary>Validates the start information of a child.</summary>
    /// <inheritdoc cref="FdProcess.Start"/>
    public SpawnPlan(FdProcessStartInfo startInfo)
    {
        CheckText(startInfo.FileName);
        if (startInfo.FileName.Length == 0)
        {
            throw new ArgumentException(SR.ProgramEmpty);
        }

        foreach (string argument in startInfo.ArgumentList)
        {
            CheckText(argument);
        }

        Collect(startInfo);
        _createNewProcessGroup = startInfo.CreateNewProcessGroup;
        _workingDirectory = startInfo.WorkingDirectory is { } directory ? CheckDirectory(directory) : null;
        Dictionary<string, string> variables = ChildEnvironment.Create(startInfo.Environment);
        Program = ProgramLookup.Find(startInfo.FileName, variables.GetValueOrDefault("PATH"), _workingDirectory ?? Environment.CurrentDirectory);
        LostVariables = [];
        if (startInfo.ListenDescriptors.Count > 0)
        {
            _executable = ListenShell.Path;
            _arguments = ListenShell.Prepare(
                Program, startInfo.ArgumentList, startInfo.ListenDescriptorNames, startInfo.ListenDescriptors.Count, variables, out string[] lost);
            LostVariables = lost;
        }
        else if (startInfo.ListenDescriptorNames.Count > 0)
        {
            throw new ArgumentException(SR.Format(SR.ListenNamesCount, startInfo.ListenDescriptorNames.Count, 0));
        }
        else
        {
            _executable = Program;
            _arguments = [startInfo.FileName, .. startInfo.ArgumentList];
        }

        _environment = [.. variables.Select(static variable => $"{variable.Key}={variable.Value}")];
    }

    /// <summary>Gets the absolute path of the program.</summary>
    public string Program { get; }

    /// <summary>Gets the names of the variables that the child will not have.</summary>
    public IReadOnlyList<string> LostVariables { get; }

    /// <summary>Starts the child, and returns its process ID.</summary>
    /// <param name="features">The features of this system that may be used.</param>
    /// <exception cref="ObjectDisposedException">Thrown when a descriptor is closed.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when this process can't open any further descriptors (EMFILE), or posix_spawn(3) fails.
    /// </exception>
    public unsafe int Spawn(SpawnFeatures features)
    {
        using var copies = new DescriptorCopies(_descriptors);
        using var actions = new FileActions();
        actions.UseOnly(copies.Numbers, features.HasCloseFrom);
        if (_workingDirectory is not null)
        {
            actions.ChangeDirectory(_workingDirectory);
        }

        using var attributes = new SpawnAttributes(_createNewProcessGroup);
        using var path = new StringVector([_executable]);
        using var arguments = new StringVector(_arguments);
        using var environment = new StringVector(_environment);
        int process;
        int errno = Interop.Spawn.Start(&process, *path.Pointer, actions.Pointer, attributes.Pointer, arguments.Pointer, environment.Pointer);
        return errno == 0 ? process : throw new SystemCallException("posix_spawn", errno, Program);
    }

    private static void CheckText(string text)
    {
        if (text is null || text.Contains('\0'))
        {
            throw new ArgumentException(text is null ? SR.ChildTextNull : SR.Format(SR.ChildTextInvalid, ShownText.Of(text)));
        }
    }

    private static string CheckDirectory(string directory)
    {
        CheckText(directory);
        string path = Path.GetFullPath(directory);
        if (!SysStat.TryGetStatusOfPath(path, out SysStat.FileStatus status))
        {
            throw SystemCallException.FromLast("chdir", path);
        }

        if (status.Type != SysStat.S_IFDIR)
        {
            throw new SystemCallException("chdir", Errno.ENOTDIR, path);
        }

        return Unistd.CanExecute(path) ? path : throw SystemCallException.FromLast("chdir", path);
    }

    private void Collect(FdProcessStartInfo startInfo)
    {
        foreach ((int number, SafeHandle handle) in startInfo.Descriptors)
        {
            Add(number, handle);
        }

        SafeHandle?[] standard = [startInfo.StandardInput, startInfo.StandardOutput, startInfo.StandardError];
        for (int number = 0; number < standard.Length; number++)
        {
            if (standard[number] is { } handle)
            {
                Add(number, handle);
            }
        }

        for (int i = 0; i < startInfo.ListenDescriptors.Count; i++)
        {
            Add(3 + i, startInfo.ListenDescriptors[i]);
        }
    }

    private void Add(int number, SafeHandle handle)
    {
        int limit = SysResource.MaxOpenFiles;
        if (number < 0 || (limit > 0 && number >= limit))
        {
            throw new ArgumentOutOfRangeException(null, SR.Format(SR.ChildNumberInvalid, number, limit - 1));
        }

        if (!_descriptors.TryAdd(number, handle ?? throw new ArgumentException(SR.Format(SR.ChildDescriptorNull, number))))
        {
            throw new ArgumentException(SR.Format(number >= 3 ? SR.ChildListenNumberTwice : SR.ChildNumberTwice, number));
        }
    }
}
