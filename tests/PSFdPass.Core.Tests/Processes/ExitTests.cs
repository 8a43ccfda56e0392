using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using PSFdPass.Interop;
using PSFdPass.Processes;

namespace PSFdPass.Tests.Processes;

/// <summary>Waiting for a child, ending it, and reaping it.</summary>
[Collection(ChildProgram.Collection)]
public sealed class ExitTests
{
    private const int SIGTERM = 15;
    private const int SIGCHLD = 17;

    /// <summary>With process descriptors, and as on a system without them.</summary>
    public static TheoryData<bool> HasDescriptors => [true, false];

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void Its_exit_code_is_reported(bool hasDescriptors)
    {
        foreach (int code in (int[])[0, 7, 255])
        {
            using FdProcess process = Start(hasDescriptors, "exit", $"{code}");
            Assert.True(process.WaitForExit(Patience.Long));
            Assert.True(process.HasExited);
            Assert.Equal((code, null), (process.ExitCode, process.ExitSignal));
            Assert.Equal($"{process.Id} {ChildProgram.Path} (exited with code {code})", process.ToString());
            process.WaitForExit();
            process.Kill();
        }
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void The_signal_that_ended_it_is_reported(bool hasDescriptors)
    {
        using FdProcess process = Start(hasDescriptors, "signal", $"{SIGTERM}");
        process.WaitForExit();
        Assert.Equal((128 + SIGTERM, SIGTERM), (process.ExitCode, process.ExitSignal));
        Assert.Equal($"{process.Id} {ChildProgram.Path} (ended by signal 15)", process.ToString());
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public async Task It_can_be_waited_for_and_killed(bool hasDescriptors)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        using (writer)
        using (var canceled = new CancellationTokenSource())
        using (FdProcess process = Hold(hasDescriptors, reader))
        {
            Assert.False(process.WaitForExit(Patience.None));
            Assert.False(process.WaitForExit(Patience.Short));
            Assert.False(process.HasExited);
            Assert.Null(process.ExitCode);
            Assert.EndsWith("(running)", process.ToString(), StringComparison.Ordinal);
            Assert.Throws<ArgumentOutOfRangeException>(() => process.WaitForExit(TimeSpan.FromSeconds(-2)));

            Task waiting = process.WaitForExitAsync(canceled.Token);
            var blocked = BlockedThread.Start(() => process.WaitForExit(Timeout.InfiniteTimeSpan, canceled.Token));
            canceled.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Long));
            Assert.IsAssignableFrom<OperationCanceledException>(blocked.Join());

            Assert.Equal("EINVAL", Assert.Throws<SystemCallException>(() => process.Kill(12345)).ErrnoName);
            waiting = process.WaitForExitAsync();
            process.Kill(SIGTERM);
            await waiting.WaitAsync(Patience.Long);
            Assert.Equal(SIGTERM, process.ExitSignal);
        }
    }

    [LinuxFact]
    public void Its_descriptor_is_readable_when_it_has_ended()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        using (FdProcess process = Hold(hasDescriptors: true, reader))
        {
            using var descriptor = new FileDescriptor((int)process.SafeHandle.DangerousGetHandle(), ownsHandle: false);
            Assert.False(IsReadable(descriptor.Fd));
            writer.Dispose();
            process.WaitForExit();
            Assert.True(IsReadable(descriptor.Fd));
            process.Dispose();
            Assert.Throws<ObjectDisposedException>(() => process.SafeHandle);
        }
    }

    [LinuxFact]
    public void Without_process_descriptors_its_SafeHandle_is_not_supported()
    {
        using FdProcess process = Start(hasDescriptors: false, "exit", "0");
        Assert.Throws<NotSupportedException>(() => process.SafeHandle);
        process.WaitForExit();
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void Disposal_ends_a_wait_and_not_the_child(bool hasDescriptors)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        {
            FdProcess process = Hold(hasDescriptors, reader);
            var blocked = BlockedThread.Start(process.WaitForExit);
            Task waiting = process.WaitForExitAsync();
            process.Dispose();
            Assert.IsType<ObjectDisposedException>(blocked.Join());
            Assert.Throws<ObjectDisposedException>(() => waiting.WaitAsync(Patience.Long).GetAwaiter().GetResult());
            Assert.Throws<ObjectDisposedException>(process.WaitForExit);
            Assert.Throws<ObjectDisposedException>(() => process.Kill());
            Assert.True(Directory.Exists($"/proc/{process.Id}"));
            Assert.False(process.HasExited);
            writer.Dispose();
            Patience.Until(() => process.HasExited && !Directory.Exists($"/proc/{process.Id}"), "the child is reaped");
            Assert.Equal(0, process.ExitCode);
        }
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void A_child_whose_object_is_collected_is_reaped_and_its_descriptor_closed(bool hasDescriptors)
    {
        const int Children = 20;
        OpenDescriptors.Settle();
        int before = Count();
        int[] ids = [.. Enumerable.Range(0, Children).Select(_ => StartAndDrop(hasDescriptors))];
        Patience.Until(() => !ids.Any(id => Directory.Exists($"/proc/{id}")), "all children are reaped");

        // The stacks of some threads may still refer to the last objects.
        Patience.Until(
            () =>
            {
                OpenDescriptors.Settle();
                return Count() < before + (Children / 4);
            },
            "the finalizers close the descriptors");

        static int Count() => OpenDescriptors.List().Values.Count(target => target.Contains("pidfd", StringComparison.Ordinal));
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void Threads_can_wait_for_it_kill_it_and_query_it_at_once(bool hasDescriptors)
    {
        for (int i = 0; i < 20; i++)
        {
            (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
            using (reader)
            using (writer)
            using (FdProcess process = Hold(hasDescriptors, reader))
            {
                var results = new System.Collections.Concurrent.ConcurrentBag<int?>();
                Parallel.Invoke(
                    () => { process.WaitForExit(); results.Add(process.ExitSignal); },
                    () => { process.WaitForExit(); results.Add(process.ExitSignal); },
                    () => process.Kill(),
                    () => process.Kill(),
                    () => SpinWait.SpinUntil(() => process.HasExited, Patience.Long));
                Assert.Equal([9, 9], results);
            }
        }
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void Two_hundred_starts_at_once_leave_no_process_or_descriptor(bool hasDescriptors)
    {
        OpenDescriptors.AreUnchangedBy(() =>
        {
            var ids = new System.Collections.Concurrent.ConcurrentBag<int>();
            Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 32 }, i =>
            {
                using FileDescriptor file = Some.Null();
                FdProcessStartInfo start = ChildProgram.Start("exit", $"{i}");
                start.Descriptors[3] = file.SafeHandle;
                using FdProcess process = FdProcess.StartWith(Features(hasDescriptors), start);
                ids.Add(process.Id);
                if (i % 2 == 0)
                {
                    process.WaitForExit();
                    Assert.Equal(i, process.ExitCode);
                }
            });
            Assert.Equal(200, ids.Count);
            Patience.Until(() => !ids.Any(id => Directory.Exists($"/proc/{id}")), "all children are reaped");
            OpenDescriptors.Settle();
        });
    }

    [LinuxFact]
    public void Dotnet_and_this_library_reap_only_their_own_children() => Child.Run(StartBothKinds);

    private static void StartBothKinds()
    {
        Parallel.For(0, 60, i =>
        {
            if (i % 2 == 0)
            {
                using FdProcess process = Start(hasDescriptors: i % 4 == 0, "exit", $"{i}");
                process.WaitForExit();
                Assert.Equal(i, process.ExitCode);
            }
            else
            {
                using Process process = Process.Start(ChildProgram.Path, ["exit", $"{i}"]);
                process.WaitForExit();
                Assert.Equal(i, process.ExitCode);
            }
        });
    }

    [LinuxTheory]
    [MemberData(nameof(HasDescriptors))]
    public void With_SIGCHLD_ignored_its_exit_code_is_not_available(bool hasDescriptors) =>
        Child.Run(StartWithoutReaping, hasDescriptors.ToString(), "env", "--ignore-signal=CHLD");

    private static void StartWithoutReaping()
    {
        bool hasDescriptors = bool.Parse(Child.Argument);
        string ignored = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        Assert.NotEqual(0UL, ulong.Parse(ignored.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber) & 1 << (SIGCHLD - 1));
        for (int i = 0; i < 20; i++)
        {
            using FdProcess process = Start(hasDescriptors, "exit", "7");
            process.WaitForExit();
            Assert.True(process.HasExited);
            Assert.Null(process.ExitCode);
            Assert.Null(process.ExitSignal);
            Assert.EndsWith("(ended)", process.ToString(), StringComparison.Ordinal);
            process.Kill();
        }

        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        using (writer)
        using (FdProcess process = Hold(hasDescriptors, reader))
        {
            Assert.False(process.WaitForExit(Patience.Short));
            process.Kill();
            process.WaitForExit();
            Assert.Null(process.ExitSignal);
        }
    }

    [PrivilegedFact]
    public void The_exit_code_of_a_child_of_process_1_is_correct_or_not_available() =>
        Child.Run(StartAsFirstProcess, "", "unshare", "--pid", "--fork", "--mount-proc");

    private static void StartAsFirstProcess()
    {
        Assert.Equal(1, Environment.ProcessId);

        // .NET begins to reap when it starts a child of its own.
        using (Process process = Process.Start(ChildProgram.Path, ["exit", "3"]))
        {
            process.WaitForExit();
        }

        for (int i = 0; i < 50; i++)
        {
            using FdProcess process = Start(hasDescriptors: true, "exit", "7");
            process.WaitForExit();
            Assert.Contains(process.ExitCode, (int?[])[7, null]);
        }
    }

    private static SpawnFeatures Features(bool hasDescriptors) => SpawnFeatures.Current with { HasProcessDescriptors = hasDescriptors };

    private static FdProcess Start(bool hasDescriptors, params string[] arguments) =>
        FdProcess.StartWith(Features(hasDescriptors), ChildProgram.Start(arguments));

    // A method of its own, so that nothing on the stack refers to the object.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int StartAndDrop(bool hasDescriptors) => Start(hasDescriptors, "exit", "0").Id;

    private static FdProcess Hold(bool hasDescriptors, FileDescriptor input)
    {
        FdProcessStartInfo start = ChildProgram.Start("hold");
        start.StandardInput = input.SafeHandle;
        return FdProcess.StartWith(Features(hasDescriptors), start);
    }

    private static unsafe bool IsReadable(int fd)
    {
        var polled = new Poll.PollFd { fd = fd, events = Poll.POLLIN };
        return Poll.Wait(&polled, 1, 0) == 1;
    }
}
