using System.Diagnostics;
using System.Net.Sockets;

namespace PSFdPass.Tests.Services;

/// <summary>Notifications to a service manager and its descriptor store: sd_notify(3).</summary>
public sealed class NotifierTests
{
    [LinuxFact]
    public void All_fields_of_a_notification_are_in_one_datagram()
    {
        using var directory = new TemporaryDirectory();
        using var manager = new Manager(UnixSocketAddress.FromPath(directory.File("notify")));
        long before = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
        ServiceNotifier.Send(
            new ServiceNotification { Ready = true, Reloading = true, Stopping = true, Watchdog = true, MainProcessId = 42, Status = "ä = 1" },
            Patience.Long);
        long after = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);

        (string[] lines, FileDescriptor[] descriptors) = manager.Receive();
        Assert.Equal(
            ["READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "MAINPID=42", "STATUS=ä = 1"],
            lines.Where(line => !line.StartsWith("MONOTONIC_USEC=", StringComparison.Ordinal)));
        Assert.InRange(long.Parse(lines.Single(line => line.StartsWith("MONOTONIC_USEC=", StringComparison.Ordinal))[15..]), before, after);
        Assert.Empty(descriptors);
    }

    [LinuxFact]
    public void An_abstract_address_works_as_well()
    {
        using Manager manager = Manager.Abstract();
        ServiceNotifier.Send(new ServiceNotification { Status = "" }, Patience.Long);
        Assert.Equal(["STATUS="], manager.Receive().Lines);
        Assert.True(ServiceNotifier.IsManaged);
    }

    [LinuxFact]
    public void A_status_cannot_smuggle_in_another_variable()
    {
        using Manager manager = Manager.Abstract();
        Assert.Throws<ArgumentException>(() => ServiceNotifier.Send(new ServiceNotification { Status = "a\nMAINPID=1" }, Patience.Long));
        Assert.Throws<ArgumentException>(() => ServiceNotifier.Send(new ServiceNotification(), Patience.Long));
        Assert.Throws<ArgumentException>(() => ServiceDescriptorStore.Remove("a\nMAINPID=1", Patience.Long));
        Assert.Equal(0, manager.Socket.Available);
    }

    [LinuxTheory]
    [InlineData(null, ServiceManagerError.NotManaged)]
    [InlineData("", ServiceManagerError.NotManaged)]
    [InlineData("vsock:2:1234", ServiceManagerError.NotSupported)]
    [InlineData("vsock-stream:2:1234", ServiceManagerError.NotSupported)]
    [InlineData("relative/path", ServiceManagerError.Malformed)]
    [InlineData("@", ServiceManagerError.Malformed)]
    public void An_address_that_cannot_be_used_is_an_error(string? address, ServiceManagerError reason)
    {
        string? before = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", address);
        try
        {
            ServiceManagerException error = Assert.Throws<ServiceManagerException>(
                () => ServiceNotifier.Send(new ServiceNotification { Ready = true }, Patience.Long));
            Assert.Equal(reason, error.Reason);
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", before);
        }
    }

    [LinuxFact]
    public void A_manager_that_is_gone_is_an_error()
    {
        Manager manager = Manager.Abstract();
        string address = Environment.GetEnvironmentVariable("NOTIFY_SOCKET")!;
        manager.Dispose();
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", address);
        try
        {
            SystemCallException error = Assert.Throws<SystemCallException>(
                () => ServiceNotifier.Send(new ServiceNotification { Ready = true }, Patience.Long));
            Assert.Equal("ECONNREFUSED", error.ErrnoName);
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    [LinuxFact]
    public void The_barrier_ends_when_the_manager_closes_the_descriptor()
    {
        using Manager manager = Manager.Abstract();
        BlockedThread waiting = BlockedThread.Start(() => ServiceNotifier.SendBarrier(Patience.Long));
        (string[] lines, FileDescriptor[] descriptors) = manager.Receive();
        Assert.Equal(["BARRIER=1"], lines);
        Assert.Single(descriptors).Dispose();
        Assert.Null(waiting.Join());
    }

    [LinuxFact]
    public void The_barrier_has_a_timeout_and_can_be_canceled_and_leaks_nothing()
    {
        using Manager manager = Manager.Abstract();
        using var canceled = new CancellationTokenSource();
        canceled.CancelAfter(Patience.Short);
        OpenDescriptors.AreUnchangedBy(() =>
        {
            Assert.Throws<TimeoutException>(() => ServiceNotifier.SendBarrier(Patience.Short));
            manager.Receive().Descriptors[0].Dispose();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => ServiceNotifier.SendBarrier(Patience.Long, canceled.Token));
    }

    [LinuxFact]
    public void A_manager_that_does_not_read_is_a_timeout()
    {
        using Manager manager = Manager.Abstract();
        TimeoutException error = Assert.Throws<TimeoutException>(void () =>
        {
            while (true)
            {
                ServiceNotifier.Send(new ServiceNotification { Watchdog = true }, Patience.Short);
            }
        });
        Assert.Contains("service manager", error.Message);
    }

    [LinuxFact]
    public void Descriptors_are_stored_under_a_name_and_removed_by_it()
    {
        using Manager manager = Manager.Abstract();
        using FileDescriptor file = Some.File("stored");
        using FileDescriptor other = Some.File("other");
        ServiceDescriptorStore.Save("state", [file.SafeHandle, other.SafeHandle], Patience.Long);
        (string[] lines, FileDescriptor[] descriptors) = manager.Receive();
        Assert.Equal(["FDSTORE=1", "FDNAME=state"], lines);
        Assert.Equal(["stored", "other"], descriptors.Select(descriptor => Some.Read(descriptor)));
        Array.ForEach(descriptors, descriptor => descriptor.Dispose());

        ServiceDescriptorStore.Remove("state", Patience.Long);
        Assert.Equal(["FDSTOREREMOVE=1", "FDNAME=state"], manager.Receive().Lines);
    }

    [LinuxFact]
    public void Names_that_the_manager_would_discard_are_refused()
    {
        using Manager manager = Manager.Abstract();
        using FileDescriptor file = Some.File();
        foreach (string name in (string[])["", "a:b", "ä", "a\tb", new string('x', 256)])
        {
            Assert.Throws<ArgumentException>(() => ServiceDescriptorStore.Save(name, [file.SafeHandle], Patience.Long));
        }

        ServiceDescriptorStore.Save(new string('x', 255), [file.SafeHandle], Patience.Long);
        Assert.Throws<ArgumentException>(() => ServiceDescriptorStore.Save("none", [], Patience.Long));
        Assert.Throws<ObjectDisposedException>(() =>
        {
            FileDescriptor closed = Some.File();
            System.Runtime.InteropServices.SafeHandle handle = closed.SafeHandle;
            closed.Dispose();
            ServiceDescriptorStore.Save("closed", [handle], Patience.Long);
        });
    }

    [LinuxFact]
    public void The_capacity_is_the_value_of_FDSTORE()
    {
        Assert.Null(ServiceDescriptorStore.Capacity);
        Environment.SetEnvironmentVariable("FDSTORE", "16");
        try
        {
            Assert.Equal(16, ServiceDescriptorStore.Capacity);
        }
        finally
        {
            Environment.SetEnvironmentVariable("FDSTORE", null);
        }
    }

    [ProgramFact("systemd-notify")]
    public void The_datagrams_are_those_of_systemd_notify()
    {
        using var directory = new TemporaryDirectory();
        using var manager = new Manager(UnixSocketAddress.FromPath(directory.File("notify")));
        using Program theirs = Program.Start("systemd-notify", "--no-block", "--ready", "--status=up", $"--pid={Environment.ProcessId}");
        string[] expected = manager.Receive().Lines;
        theirs.Finish().Succeeded();

        ServiceNotifier.Send(
            new ServiceNotification { Ready = true, Status = "up", MainProcessId = Environment.ProcessId }, Patience.Long);
        Assert.Equal(expected.Order(), manager.Receive().Lines.Order());
    }

    [ProgramFact("systemd-notify")]
    public void The_barrier_of_systemd_notify_is_one_line_and_one_descriptor()
    {
        using var directory = new TemporaryDirectory();
        using var manager = new Manager(UnixSocketAddress.FromPath(directory.File("notify")));
        using Program theirs = Program.Start("systemd-notify", "--ready");
        Assert.Contains("READY=1", manager.Receive().Lines);
        (string[] lines, FileDescriptor[] descriptors) = manager.Receive();
        Assert.Equal(["BARRIER=1"], lines);
        Assert.Single(descriptors).Dispose();
        theirs.Finish().Succeeded();
    }
}
