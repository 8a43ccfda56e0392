using System.Collections;
using System.Globalization;
using PSFdPass.Interop;
using PSFdPass.Processes;

namespace PSFdPass.Tests.Processes;

/// <summary>The state in which a child starts, as a program in C reports it.</summary>
[Collection(ChildProgram.Collection)]
public sealed class ChildTests
{
    public static TheoryData<bool, bool> Features => new() { { true, true }, { true, false }, { false, true }, { false, false } };

    [LinuxTheory]
    [MemberData(nameof(Features))]
    public void It_has_exactly_the_descriptors_that_were_passed(bool hasProcessDescriptors, bool hasCloseFrom)
    {
        using FileDescriptor a = File("a"), b = File("b"), input = Some.Null();

        // Descriptors that an exec would not close, below, between and above those of the child.
        int[] inheritable = [Libc.Dup(input.Fd), Libc.Checked(Fcntl.Control(input.Fd, 0, 150)), Libc.Checked(Fcntl.Control(input.Fd, 0, 900))];
        try
        {
            FdProcessStartInfo start = ChildProgram.Start("report");
            start.StandardInput = input.SafeHandle;
            start.StandardError = b.SafeHandle;
            start.Descriptors[3] = a.SafeHandle;
            start.Descriptors[5] = b.SafeHandle;
            start.Descriptors[6] = a.SafeHandle;
            start.Descriptors[200] = input.SafeHandle;
            Report report = ChildProgram.Report(
                start, new SpawnFeatures(hasProcessDescriptors, hasCloseFrom && SpawnFeatures.Current.HasCloseFrom), out _);

            Assert.Equal([0, 1, 2, 3, 5, 6, 200], report.Descriptors.Keys.Order());
            Assert.Equal("/dev/null", report.Descriptors[0]);
            Assert.StartsWith("pipe:", report.Descriptors[1], StringComparison.Ordinal);
            Assert.Equal("/memfd:b (deleted)", report.Descriptors[2]);
            Assert.Equal("/memfd:a (deleted)", report.Descriptors[3]);
            Assert.Equal("/memfd:b (deleted)", report.Descriptors[5]);
            Assert.Equal("/memfd:a (deleted)", report.Descriptors[6]);
            Assert.Equal("/dev/null", report.Descriptors[200]);
        }
        finally
        {
            PSFdPass.Handles.Closing.CloseAll(inheritable);
        }
    }

    [LinuxFact]
    public void Two_descriptors_can_exchange_their_numbers()
    {
        using FileDescriptor a = File("a"), b = File("b"), c = File("c");
        FdProcessStartInfo start = ChildProgram.Start("report");
        start.Descriptors[a.Fd] = b.SafeHandle;
        start.Descriptors[b.Fd] = a.SafeHandle;
        start.Descriptors[c.Fd] = c.SafeHandle;
        Report report = ChildProgram.Report(start);
        Assert.Equal("/memfd:b (deleted)", report.Descriptors[a.Fd]);
        Assert.Equal("/memfd:a (deleted)", report.Descriptors[b.Fd]);
        Assert.Equal("/memfd:c (deleted)", report.Descriptors[c.Fd]);
        Assert.Equal(new[] { 0, 1, 2, a.Fd, b.Fd, c.Fd }.Order(), report.Descriptors.Keys.Order());
    }

    [LinuxFact]
    public void The_highest_number_below_the_limit_can_be_used() => Child.Run(UseTheHighestNumber);

    private static void UseTheHighestNumber()
    {
        Libc.LimitOpenFiles(300);
        using FileDescriptor a = File("a");
        FdProcessStartInfo start = ChildProgram.Start("report");
        start.Descriptors[299] = a.SafeHandle;
        Assert.Equal("/memfd:a (deleted)", ChildProgram.Report(start).Descriptors[299]);
    }

    [LinuxFact]
    public void Numbers_above_1024_can_be_used() => Child.Run(UseHighNumbers);

    private static void UseHighNumbers()
    {
        Libc.LimitOpenFiles(3000);
        using FileDescriptor a = File("a");
        int inheritable = Libc.Checked(Fcntl.Control(a.Fd, 0, 1500));
        Assert.Equal(1500, inheritable);
        foreach (bool hasCloseFrom in new[] { SpawnFeatures.Current.HasCloseFrom, false })
        {
            FdProcessStartInfo start = ChildProgram.Start("report");
            start.Descriptors[2000] = a.SafeHandle;
            Report report = ChildProgram.Report(start, new SpawnFeatures(true, hasCloseFrom), out _);
            Assert.Equal([0, 1, 2, 2000], report.Descriptors.Keys.Order());
        }
    }

    [LinuxFact]
    public void Standard_streams_that_are_not_specified_are_inherited()
    {
        Report report = ChildProgram.Report(ChildProgram.Start("report"));
        Assert.Equal([0, 1, 2], report.Descriptors.Keys.Order());
        Dictionary<int, string> ours = OpenDescriptors.List();

        // A test runner may have been started without a standard input.
        Assert.Equal(ours.GetValueOrDefault(0, "/dev/null"), report.Descriptors[0]);
        Assert.Equal(ours.GetValueOrDefault(2, "/dev/null"), report.Descriptors[2]);
    }

    [LinuxFact]
    public void Standard_streams_that_this_process_lacks_are_dev_null() =>
        Child.Run(ReportWithoutInput, "", "sh", "-c", "exec \"$@\" <&-", "sh");

    private static void ReportWithoutInput()
    {
        FdProcessStartInfo start = ChildProgram.Start("report");
        Report report = ChildProgram.Report(start);
        Assert.Equal([0, 1, 2], report.Descriptors.Keys.Order());
        Assert.Equal("/dev/null", report.Descriptors[0]);
    }

    [LinuxFact]
    public void No_signal_is_blocked_ignored_or_caught() => Child.Run(ReportSignals, "", "sh", "-c", "trap '' USR1 HUP; exec \"$@\"", "sh");

    private static void ReportSignals()
    {
        Assert.DoesNotContain("SigIgn:\t0000000000000000", System.IO.File.ReadAllText("/proc/self/status"));
        Report report = ChildProgram.Report(ChildProgram.Start("report"));
        Assert.Equal(new string('0', 16), report["SigBlk"]);
        Assert.Equal(new string('0', 16), report["SigIgn"]);
        Assert.Equal(new string('0', 16), report["SigCgt"]);
    }

    [LinuxFact]
    public void Each_element_of_the_list_is_one_argument()
    {
        string[] arguments = ["report", "", "two words", "-x", "grüße 🏈", "a'b\"c$d`e\\", "*"];
        Report report = ChildProgram.Report(ChildProgram.Start(arguments));
        Assert.Equal([ChildProgram.Path, .. arguments], report.Arguments);
    }

    [LinuxFact]
    public void Its_environment_is_that_of_dotnet_with_the_changes()
    {
        Environment.SetEnvironmentVariable("PSFDPASS_SET", "by .NET");
        Environment.SetEnvironmentVariable("PSFDPASS_REMOVED", "by .NET");
        try
        {
            FdProcessStartInfo start = ChildProgram.Start("report");
            start.Environment["PSFDPASS_REMOVED"] = null;
            start.Environment["PSFDPASS_NEVER"] = null;
            start.Environment["PSFDPASS_NEW"] = "with = and ü";
            start.Environment["psfdpass.not-an-identifier"] = "";
            Dictionary<string, string> expected = OurEnvironment();
            expected.Remove("PSFDPASS_REMOVED");
            expected["PSFDPASS_NEW"] = "with = and ü";
            expected["psfdpass.not-an-identifier"] = "";

            Report report = ChildProgram.Report(start);
            Assert.Equal("by .NET", report.Environment["PSFDPASS_SET"]);
            Assert.Equal(Lines(expected), Lines(report.Environment));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PSFDPASS_SET", null);
            Environment.SetEnvironmentVariable("PSFDPASS_REMOVED", null);
        }
    }

    [LinuxFact]
    public void It_starts_in_its_working_directory()
    {
        using var folder = new TemporaryDirectory();
        FdProcessStartInfo start = ChildProgram.Start("report");
        start.WorkingDirectory = folder.Path;
        Assert.Equal(folder.Path, ChildProgram.Report(start)["cwd"]);
        Assert.Equal(Environment.CurrentDirectory, ChildProgram.Report(ChildProgram.Start("report"))["cwd"]);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_has_a_process_group_of_its_own_only_on_request(bool isRequested)
    {
        FdProcessStartInfo start = ChildProgram.Start("report");
        start.CreateNewProcessGroup = isRequested;
        Report report = ChildProgram.Report(start);
        Assert.Equal(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), report["parent"]);
        Assert.Equal(isRequested, report["pid"] == report["group"]);
    }

    [LinuxFact]
    public void The_program_is_searched_for_in_the_path_of_the_child()
    {
        using var folder = new TemporaryDirectory();
        System.IO.File.CreateSymbolicLink(folder.File("psfdpass-child"), ChildProgram.Path);
        System.IO.Directory.CreateDirectory(folder.File("not-it/psfdpass-child"));
        var start = new FdProcessStartInfo("psfdpass-child", "report") { Environment = { ["PATH"] = $"{folder.File("not-it")}:/nowhere:{folder.Path}" } };
        Assert.Equal(["psfdpass-child", "report"], ChildProgram.Report(start).Arguments);

        // As execvp(3) does, a relative directory is relative to the child's.
        start = new FdProcessStartInfo("psfdpass-child", "report") { Environment = { ["PATH"] = "." }, WorkingDirectory = folder.Path };
        Assert.Equal(["psfdpass-child", "report"], ChildProgram.Report(start).Arguments);
    }

    [LinuxFact]
    public void A_descriptor_that_is_closed_during_the_start_is_passed_or_reported()
    {
        int passed = 0;
        for (int i = 0; i < 60; i++)
        {
            FileDescriptor a = File("a");
            int number = a.Fd;
            FdProcessStartInfo start = ChildProgram.Start("report");
            start.Descriptors[9] = a.SafeHandle;
            using var go = new Barrier(2);
            var closer = new Thread(() =>
            {
                go.SignalAndWait();
                Thread.SpinWait(i * 40);
                a.Dispose();
                File("b").Dispose();
            });
            closer.Start();
            go.SignalAndWait();
            try
            {
                Assert.Equal("/memfd:a (deleted)", ChildProgram.Report(start).Descriptors[9]);
                passed++;
            }
            catch (ObjectDisposedException)
            {
            }

            closer.Join();
        }

        Assert.InRange(passed, 1, 60);
    }

    internal static Dictionary<string, string> OurEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string)entry.Value!);

    // The report cannot show values with line breaks.
    internal static string Lines(Dictionary<string, string> variables) => string.Join(
        '\n', variables.Where(pair => !pair.Value.Contains('\n')).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));

    private static FileDescriptor File(string name) => new(Libc.Checked(Libc.MemFdCreate(name, 1)), ownsHandle: true);
}
