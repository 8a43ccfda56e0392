using PSFdPass.Interop;

namespace PSFdPass.Tests.Processes;

/// <summary>Starts that fail, with a clear error and without leaks.</summary>
[Collection(ChildProgram.Collection)]
public sealed class StartErrorTests
{
    [LinuxFact]
    public void Programs_that_cannot_be_started_are_reported_with_the_reason()
    {
        using var folder = new TemporaryDirectory();
        string plain = folder.Write("plain", "text");
        string text = folder.Write("text", "no first line of a script\n");
        string script = folder.Write("script", "#!/no/such/interpreter\n");
        foreach (string executable in (string[])[text, script])
        {
            File.SetUnixFileMode(executable, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        OpenDescriptors.AreUnchangedBy(() =>
        {
            Fails("ENOENT", folder.File("missing"), "the interpreter named in its first line");
            Fails("ENOENT", "psfdpass-there-is-none", "No directory in PATH contains this program.");
            Fails("EACCES", plain, "The file is not executable");
            Fails("EACCES", folder.Path, "The file is not executable");
            Fails("ENOTDIR", plain + "/x", plain);
            Fails("ENOEXEC", text, "neither a program for this machine nor a script");
            Fails("ENOENT", script, "the interpreter named in its first line");
            Fails("EACCES", "plain", "The file is not executable", path: folder.Path);
        });
    }

    [LinuxFact]
    public void A_working_directory_that_does_not_exist_or_is_a_file_is_an_error()
    {
        FdProcessStartInfo start = ChildProgram.Start("exit", "0");
        start.WorkingDirectory = "/no/such/directory";
        SystemCallException exception = Assert.Throws<SystemCallException>(() => FdProcess.Start(start));
        Assert.Equal(("chdir", "ENOENT"), (exception.Call, exception.ErrnoName));
        start.WorkingDirectory = ChildProgram.Path;
        Assert.Equal("ENOTDIR", Assert.Throws<SystemCallException>(() => FdProcess.Start(start)).ErrnoName);
    }

    [LinuxFact]
    public void A_number_that_is_used_twice_is_refused()
    {
        using FileDescriptor a = Some.Null();
        OpenDescriptors.AreUnchangedBy(() =>
        {
            Refuses("Two descriptors can't both have the number 1 in the child.", start =>
            {
                start.Descriptors[1] = a.SafeHandle;
                start.StandardOutput = a.SafeHandle;
            });
            Refuses("Two descriptors can't both have the number 4 in the child. Listening descriptors are numbered from 3.", start =>
            {
                start.Descriptors[4] = a.SafeHandle;
                start.ListenDescriptors.Add(a.SafeHandle);
                start.ListenDescriptors.Add(a.SafeHandle);
            });
        });
    }

    [LinuxFact]
    public void A_number_out_of_range_is_refused()
    {
        using FileDescriptor a = Some.Null();
        int limit = SysResource.MaxOpenFiles;
        foreach (int number in (int[])[-1, limit, int.MaxValue])
        {
            FdProcessStartInfo start = ChildProgram.Start("exit", "0");
            start.Descriptors[number] = a.SafeHandle;
            string message = Assert.Throws<ArgumentOutOfRangeException>(() => FdProcess.Start(start)).Message;
            Assert.Equal($"The child can't have descriptor {number}. The limit of open files (ulimit -n) allows the numbers 0 to {limit - 1}.", message);
        }
    }

    [LinuxFact]
    public void A_closed_handle_is_an_error()
    {
        FileDescriptor a = Some.Null(), b = Some.Null();
        FdProcessStartInfo start = ChildProgram.Start("exit", "0");
        start.Descriptors[3] = a.SafeHandle;
        start.Descriptors[4] = b.SafeHandle;
        b.Dispose();
        OpenDescriptors.AreUnchangedBy(() => Assert.Throws<ObjectDisposedException>(() => FdProcess.Start(start)));
        a.Dispose();

        start.Descriptors.Clear();
        using var stale = new FileDescriptor(9999, ownsHandle: false);
        start.Descriptors[3] = stale.SafeHandle;
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => FdProcess.Start(start)).ErrnoName);
    }

    [LinuxFact]
    public void Texts_with_null_characters_and_invalid_names_are_refused()
    {
        Refuses("'a·b' contains a null character.", start => start.ArgumentList.Add("a\0b"));
        Refuses("'·' contains a null character.", start => start.FileName = "\0");
        Refuses("The name of the program must not be empty.", start => start.FileName = "");
        Refuses("'' can't be an environment variable.", start => start.Environment[""] = "");
        Refuses("'a=b' can't be an environment variable.", start => start.Environment["a=b"] = "");
        Refuses("'a' can't be an environment variable.", start => start.Environment["a"] = "\0");
        Refuses("The number of names (1) differs from the number of descriptors (0).", start => start.ListenDescriptorNames.Add("web"));

        FdProcessStartInfo start = ChildProgram.Start("exit", new string('x', 4 << 20));
        Assert.Equal("E2BIG", Assert.Throws<SystemCallException>(() => FdProcess.Start(start)).ErrnoName);
    }

    [LinuxFact]
    public void A_start_with_a_nearly_full_table_succeeds_or_fails_without_leaks() => Child.Run(StartWithFullTable);

    private static void StartWithFullTable()
    {
        FullTable.WarmUp();
        using FileDescriptor a = Some.Null(), b = Some.Null();
        // The first success, with a wait that needs the thread pool, and the first failure make the runtime open descriptors that it keeps.
        ThreadPool.SetMinThreads(8, 8);
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        FdProcessStartInfo hold = ChildProgram.Start("hold");
        hold.StandardInput = reader.SafeHandle;
        using (FdProcess process = FdProcess.Start(hold))
        {
            Task[] waits = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() => process.WaitForExit())), process.WaitForExitAsync()];
            Task.Delay(Patience.Short).Wait();
            writer.Dispose();
            Task.WaitAll(waits);
        }

        reader.Dispose();

        using (new FullTable(free: 1))
        {
            Assert.Null(Start(a, b));
        }

        int failed = 0;
        int started = 0;
        int before = FullTable.OpenCount();
        for (int free = 0; free < 12; free++)
        {
            using (new FullTable(free))
            {
                using FdProcess? process = Start(a, b);
                process?.WaitForExit();
                Assert.Equal(process is null ? null : 5, process?.ExitCode);
                _ = process is null ? failed++ : started++;
            }

            Patience.Until(() => FullTable.OpenCount() == before, $"as many descriptors are open as before, with {free} left: {Targets()}");
        }

        Assert.True(failed > 0 && started > 0, $"{failed} failed, {started} started");
        Assert.Equal("", string.Concat(Directory.GetDirectories("/proc/self/task").Select(task => File.ReadAllText(task + "/children"))));
    }

    private static string Targets() => string.Join(", ", OpenDescriptors.List());

    private static FdProcess? Start(FileDescriptor a, FileDescriptor b)
    {
        FdProcessStartInfo start = ChildProgram.Start("exit", "5");
        start.Descriptors[3] = a.SafeHandle;
        start.Descriptors[4] = b.SafeHandle;
        try
        {
            return FdProcess.Start(start);
        }
        catch (SystemCallException exception)
        {
            Assert.Equal(Errno.EMFILE, exception.Errno);
            return null;
        }
    }

    private static void Fails(string errno, string program, string message, string? path = null)
    {
        var start = new FdProcessStartInfo(program);
        if (path is not null)
        {
            start.Environment["PATH"] = path;
        }

        SystemCallException exception = Assert.Throws<SystemCallException>(() => FdProcess.Start(start));
        Assert.Equal(errno, exception.ErrnoName);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains(program, exception.Message, StringComparison.Ordinal);
    }

    private static void Refuses(string message, Action<FdProcessStartInfo> change)
    {
        FdProcessStartInfo start = ChildProgram.Start("exit", "0");
        change(start);
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => FdProcess.Start(start)).Message, StringComparison.Ordinal);
    }
}
