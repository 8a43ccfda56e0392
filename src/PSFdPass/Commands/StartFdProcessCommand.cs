using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Starts a program with chosen descriptors.</summary>
[Cmdlet(VerbsLifecycle.Start, "FdProcess", SupportsShouldProcess = true)]
[OutputType(typeof(FdProcess))]
public sealed class StartFdProcessCommand : FdPassCommand
{
    private readonly List<IDisposable> _opened = [];

    /// <summary>The program: a path, or a name to search for in PATH.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ProgramCompleter))]
    public string FilePath { get; set; } = "";

    /// <summary>The arguments of the program; each element is one argument.</summary>
    [Parameter(Position = 1)]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateNotNull]
    public string[] ArgumentList { get; set; } = [];

    /// <summary>The descriptors by their numbers in the child.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Descriptor { get; set; }

    /// <summary>The standard input of the child.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? StandardInput { get; set; }

    /// <summary>The standard output of the child.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? StandardOutput { get; set; }

    /// <summary>The standard error of the child.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? StandardError { get; set; }

    /// <summary>Changes to the environment of the child.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Environment { get; set; }

    /// <summary>The current directory of the child.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? WorkingDirectory { get; set; }

    /// <summary>Listening sockets, which the child gets as from a service manager.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? ListenFds { get; set; }

    /// <summary>The names of the listening sockets.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? ListenFdNames { get; set; }

    /// <summary>Wait until the child has ended.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The maximum time to wait.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>Return an object that represents the process.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => Run(Start, FilePath);

    /// <inheritdoc/>
    protected override string? AdviceOn(Exception exception) =>
        exception is SystemCallException { ErrnoName: "E2BIG" }
            ? SR.ArgumentsTooLong
            : null;

    private void Start()
    {
        if (TimeoutSeconds is not null && !Wait)
        {
            throw new ArgumentException(SR.TimeoutWithoutWait);
        }

        if (!ShouldProcess(string.Join(' ', [FilePath, .. ArgumentList]), Describe()))
        {
            return;
        }

        FdProcess process;
        try
        {
            process = FdProcess.Start(CreateStartInfo());
        }
        finally
        {
            _opened.ForEach(static file => file.Dispose());
        }

        foreach (string name in process.LostEnvironmentVariables)
        {
            WriteWarning(SR.Format(SR.VariableLost, ShownText.Of(name)));
        }

        if (PassThru)
        {
            WriteObject(process);
        }

        try
        {
            if (Wait && process.WaitForExit(ToTimeout(TimeoutSeconds), Stopped))
            {
                WriteVerbose(() => process.ExitCode is { } code
                    ? SR.Format(SR.ProcessEnded, process.Id, code)
                    : SR.Format(SR.ProcessEndedUnknown, process.Id));
                SetLastExitCode(process.ExitCode);
            }
            else if (Wait)
            {
                // This error is non-terminating, so that an assignment still gets the process.
                WriteError(
                    new TimeoutException(
                        SR.Format(SR.ProcessStillRuns, process.Id, ShownText.Of(FilePath), Quantity.OfSeconds(TimeoutSeconds))),
                    process);
            }
        }
        finally
        {
            if (!PassThru)
            {
                process.Dispose();
            }
        }
    }

    // Sets the variable as after a native command. If the code is not known, the variable is null, because 0 would mean success.
    private void SetLastExitCode(int? code) => SessionState.PSVariable.Set("global:LASTEXITCODE", code);

    private FdProcessStartInfo CreateStartInfo()
    {
        var start = new FdProcessStartInfo(FilePath.Contains('/') || FilePath == "~" ? ResolvePath(FilePath) : FilePath, ArgumentList)
        {
            StandardInput = StandardInput is null ? null : HandleOf(StandardInput, FileAccess.Read),
            StandardOutput = StandardOutput is null ? null : HandleOf(StandardOutput, FileAccess.Write),
            WorkingDirectory = WorkingDirectory is null ? SessionState.Path.CurrentFileSystemLocation.ProviderPath : ResolvePath(WorkingDirectory),

            // The SIGINT of Ctrl-C ends the wait, and must not reach the child.
            CreateNewProcessGroup = true,
        };

        // If both have the same path, it is opened once, so that neither overwrites the other.
        bool isShared = StandardError is not null && StandardOutput is not null &&
            Unwrap(StandardError) is string error && Unwrap(StandardOutput) is string output && ResolvePath(error) == ResolvePath(output);
        start.StandardError = isShared ? start.StandardOutput
            : StandardError is null ? null
            : HandleOf(StandardError, FileAccess.Write);
        foreach (DictionaryEntry entry in Descriptor ?? new Hashtable())
        {
            int number = ToNumber(entry.Key);
            SafeHandle handle = HandleOf(entry.Value ?? throw new ArgumentException(SR.Format(SR.ChildDescriptorNull, number)), FileAccess.Read);
            if (!start.Descriptors.TryAdd(number, handle))
            {
                throw new ArgumentException(SR.Format(SR.ChildNumberTwice, number));
            }
        }

        foreach (DictionaryEntry entry in Environment ?? new Hashtable())
        {
            start.Environment[LanguagePrimitives.ConvertTo<string>(entry.Key)] =
                entry.Value is null ? null : LanguagePrimitives.ConvertTo<string>(entry.Value);
        }

        foreach (object listener in ListenFds ?? [])
        {
            start.ListenDescriptors.Add(HandleOf(listener ?? throw new ArgumentException(SR.ListenerNull), FileAccess.Read));
        }

        foreach (string name in ListenFdNames ?? [])
        {
            start.ListenDescriptorNames.Add(name);
        }

        return start;
    }

    private SafeHandle HandleOf(object value, FileAccess access)
    {
        object holder = ToHolder(value);
        switch (Unwrap(holder))
        {
            case string path:
                return Open(ResolvePath(path), access);
            case FileInfo file:
                return Open(file.FullName, access);
            default:
                return DescriptorSource.Find(holder)?.Handle ?? throw new ArgumentException(SR.Format(SR.HoldsNoDescriptor, Unwrap(holder).GetType()));
        }
    }

    // To write to a file, create it, or empty it if it exists, as a redirection does.
    private SafeHandle Open(string path, FileAccess access)
    {
        bool isForWriting = access == FileAccess.Write;
        var options = new FileOpenOptions { Access = access, Create = isForWriting, Truncate = isForWriting };
        FileDescriptor file = FileDescriptor.Open(path, options, Timeout.InfiniteTimeSpan, Stopped);
        _opened.Add(file);
        return file.SafeHandle;
    }

    private string Describe()
    {
        var numbers = new List<string>();
        (object? Value, string Name)[] streams = [(StandardInput, SR.StandardInput), (StandardOutput, SR.StandardOutput), (StandardError, SR.StandardError)];
        numbers.AddRange(streams.Where(static stream => stream.Value is not null).Select(static stream => stream.Name));
        numbers.AddRange((Descriptor?.Keys.Cast<object>() ?? []).Select(ToNumber).Order().Select(static number => SR.Format(SR.SubjectDescriptor, number)));
        numbers.AddRange((ListenFds ?? []).Select(static (_, index) => SR.Format(SR.ListeningDescriptor, 3 + index)));
        return numbers.Count == 0 ? SR.StartAction : SR.Format(SR.StartWithAction, string.Join(", ", numbers));
    }

    private static int ToNumber(object key) =>
        Unwrap(key) is not (double or float or decimal) && LanguagePrimitives.TryConvertTo(key, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new ArgumentException(SR.Format(SR.ChildNumberInvalid, key));
}
