using PSFdPass.Processes;

namespace PSFdPass.Tests.Processes;

/// <summary>A child that gets listening descriptors, as from a service manager.</summary>
[Collection(ChildProgram.Collection)]
public sealed class ListenTests
{
    [LinuxFact]
    public void Its_listening_descriptors_start_at_3_and_LISTEN_PID_is_its_own()
    {
        using FileDescriptor a = Some.File(), b = Some.Null();
        FdProcessStartInfo start = ChildProgram.Start("report", "two words", "");
        start.ListenDescriptors.Add(a.SafeHandle);
        start.ListenDescriptors.Add(b.SafeHandle);
        start.ListenDescriptorNames.Add("web");
        start.ListenDescriptorNames.Add("admin");
        start.Descriptors[9] = b.SafeHandle;
        Report report = ChildProgram.Report(start);
        Assert.Equal(report["pid"], report.Environment["LISTEN_PID"]);
        Assert.Equal("2", report.Environment["LISTEN_FDS"]);
        Assert.Equal("web:admin", report.Environment["LISTEN_FDNAMES"]);
        Assert.Equal([0, 1, 2, 3, 4, 9], report.Descriptors.Keys.Order());
        Assert.Equal("/memfd:letters (deleted)", report.Descriptors[3]);
        Assert.Equal("/dev/null", report.Descriptors[4]);
        Assert.Equal([ChildProgram.Path, "report", "two words", ""], report.Arguments);
        Assert.Equal(new string('0', 16), report["SigBlk"]);
        Assert.Equal(new string('0', 16), report["SigIgn"]);
    }

    [PeerTheory("dash")]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_environment_is_not_changed_by_dash(bool hasShellVariables) => CompareEnvironment("dash", hasShellVariables);

    [PeerTheory("bash")]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_environment_is_not_changed_by_bash(bool hasShellVariables) => CompareEnvironment("bash", hasShellVariables);

    [PeerTheory("busybox")]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_environment_is_not_changed_by_busybox(bool hasShellVariables) => CompareEnvironment("busybox", hasShellVariables);

    // The lost names are the only difference.
    private static void CompareEnvironment(string shell, bool hasShellVariables)
    {
        using var folder = new TemporaryDirectory();
        File.CreateSymbolicLink(folder.File("sh"), Find(shell));
        var variables = new Dictionary<string, string> { ["PLAIN"] = "a b'\"$", ["a.b"] = "1", ["OPTIND"] = "no number", ["PPID"] = "7", ["LISTEN_PID"] = "1", ["LISTEN_FDNAMES"] = "old" };
        if (hasShellVariables)
        {
            foreach (string name in (string[])["PWD", "OLDPWD", "PS1", "PS2"])
            {
                variables[name] = "/the " + name;
            }

            variables["IFS"] = "x";
            variables["PATH"] = "/bin:/usr/bin";
        }

        var expected = new Dictionary<string, string>(variables) { ["LISTEN_FDS"] = "1" };
        string[] arguments = ListenShell.Prepare(ChildProgram.Path, ["report"], [], 1, variables, out string[] lost);
        Assert.Equal(["OPTIND", "PPID", "a.b"], lost);
        foreach (string name in (string[])[.. lost, "LISTEN_FDNAMES", "LISTEN_PID"])
        {
            expected.Remove(name);
        }

        var start = new FdProcessStartInfo(folder.File("sh"), arguments[1..]);
        foreach (string name in ChildTests.OurEnvironment().Keys)
        {
            start.Environment[name] = null;
        }

        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        Report report = ChildProgram.Report(start);
        Assert.Equal(report["pid"], report.Environment["LISTEN_PID"]);
        report.Environment.Remove("LISTEN_PID");
        if (shell == "bash")
        {
            // bash sets SHLVL and _ again when it executes the program.
            report.Environment.Remove("SHLVL");
            report.Environment.Remove("_");
        }

        // Every shell passes PPID on, with a value of its own.
        report.Environment.Remove("PPID");
        Assert.Equal(ChildTests.Lines(expected), ChildTests.Lines(report.Environment));
    }

    [LinuxFact]
    public void Environment_variables_that_are_lost_are_reported()
    {
        using FileDescriptor a = Some.File();
        FdProcessStartInfo start = ChildProgram.Start("report");
        start.ListenDescriptors.Add(a.SafeHandle);
        start.Environment["a.b"] = "1";
        start.Environment["0"] = "1";
        Report report = ChildProgram.Report(start, SpawnFeatures.Current, out IReadOnlyList<string> lost);
        Assert.Contains("a.b", lost);
        Assert.Contains("0", lost);
        Assert.DoesNotContain("a.b", report.Environment.Keys);
        Assert.False(report.Environment.ContainsKey("LISTEN_FDNAMES"));
    }

    [LinuxTheory]
    [InlineData("web,admin", "The number of names (2) differs from the number of descriptors (1).")]
    [InlineData("a:b", "'a:b' is not a valid name for a descriptor.")]
    [InlineData("", "'' is not a valid name for a descriptor.")]
    [InlineData("grün", "'grün' is not a valid name for a descriptor.")]
    public void Invalid_descriptor_names_are_refused(string names, string message)
    {
        using FileDescriptor a = Some.File();
        FdProcessStartInfo start = ChildProgram.Start("report");
        start.ListenDescriptors.Add(a.SafeHandle);
        foreach (string name in names.Split(','))
        {
            start.ListenDescriptorNames.Add(name);
        }

        ArgumentException exception = Assert.Throws<ArgumentException>(() => FdProcess.Start(start));
        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void A_missing_program_is_an_error_of_the_start_and_not_of_the_shell()
    {
        using FileDescriptor a = Some.File();
        var start = new FdProcessStartInfo("psfdpass-there-is-none");
        start.ListenDescriptors.Add(a.SafeHandle);
        Assert.Equal("ENOENT", Assert.Throws<SystemCallException>(() => FdProcess.Start(start)).ErrnoName);
    }

    private static string Find(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, program)).First(File.Exists);
}
