using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PSFdPass.Tests.Services;

/// <summary>Descriptors that a service manager passed to this process: sd_listen_fds(3).</summary>
public sealed class ActivationTests
{
    // Like a service manager, opens the descriptors and sets the process ID, which stays the same when the shell executes the program.
    private const string Activate = "export LISTEN_PID=$$; exec \"$@\" 3<\"$FIRST\" 4<\"$SECOND\"";

    [LinuxFact]
    public void A_process_that_was_not_activated_gets_an_empty_list() => Assert.Empty(ServiceActivation.TakeDescriptors());

    [LinuxFact]
    public void Descriptors_have_their_names_and_close_on_exec_and_are_returned_once() =>
        Run(AssertNamed, Activate, ("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "web:"), ("LISTEN_PIDFDID", "7"));

    [LinuxFact]
    public void Without_LISTEN_FDNAMES_a_descriptor_is_named_after_its_number() => Run(AssertNumbered, Activate, ("LISTEN_FDS", "2"));

    [LinuxFact]
    public void Of_many_threads_exactly_one_gets_the_descriptors() => Run(AssertTakenOnce, Activate, ("LISTEN_FDS", "2"));

    [LinuxFact]
    public void Descriptors_for_another_process_are_an_error_and_are_left_unchanged() =>
        Run(AssertOtherProcess, "export LISTEN_PID=1; exec \"$@\" 3<\"$FIRST\" 4<\"$SECOND\"", ("LISTEN_FDS", "2"));

    [LinuxFact]
    public void A_descriptor_that_is_not_open_is_an_error_and_none_is_taken() => Run(AssertNotOpen, Activate, ("LISTEN_FDS", "500"));

    [LinuxFact]
    public void Malformed_variables_are_an_error_that_shows_no_control_characters()
    {
        Run(AssertMalformed, Activate, ("LISTEN_FDS", "two\u001b[2J"));
        Run(AssertMalformed, Activate, ("LISTEN_FDS", "-1"));
        Run(AssertMalformed, Activate, ("LISTEN_FDS", "999999999"));
        Run(AssertMalformed, Activate, ("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "one:two:three"));
        Run(AssertMalformed, "export LISTEN_PID=x; exec \"$@\" 3<\"$FIRST\" 4<\"$SECOND\"", ("LISTEN_FDS", "2"));
    }

    [ProgramFact("systemd-socket-activate")]
    public async Task systemd_socket_activate_passes_its_listeners()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("s");
        int port = FreePort();
        using Program server = Program.Start(Child.Command(
            ServeActivated, "", "/bin/sh", "-c", "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec \"$@\"", "sh", "systemd-socket-activate", "-l", $"127.0.0.1:{port}", "-l", path, "--fdname=tcp:unix"));
        using var client = new TcpClient();
        for (int attempt = 0; !client.Connected; attempt++)
        {
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
            }
            catch (SocketException) when (attempt < 600)
            {
                await Task.Delay(50);
            }
        }

        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("hello from tcp", await reader.ReadLineAsync());
        using Socket second = UnixSocket.Connect(UnixSocketAddress.FromPath(path), SocketType.Stream, Patience.Long);
        using var unix = new StreamReader(new NetworkStream(second));
        Assert.Equal("hello from unix", await unix.ReadLineAsync());
        server.Finish().Succeeded();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static void ServeActivated()
    {
        IReadOnlyList<NamedDescriptor> taken = ServiceActivation.TakeDescriptors();
        Assert.Equal(["tcp", "unix"], taken.Select(descriptor => descriptor.Name));
        Assert.Null(Environment.GetEnvironmentVariable("LISTEN_FDS"));
        foreach ((string name, FileDescriptor descriptor) in taken)
        {
            using Socket listener = descriptor.OpenSocket();
            using Socket connection = UnixSocket.Accept(listener, Patience.Long);
            connection.Send(Encoding.UTF8.GetBytes($"hello from {name}\n"));
        }
    }

    private static void Run(Action method, string script, params (string Name, string Value)[] variables)
    {
        using var directory = new TemporaryDirectory();
        var start = Child.Command(method, "", "/bin/sh", "-c", script, "sh");
        start.Environment["FIRST"] = directory.Write("first", "first");
        start.Environment["SECOND"] = directory.Write("second", "second");
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Program program = Program.Start(start);
        program.Finish().Succeeded();
    }

    private static void AssertNamed()
    {
        IReadOnlyList<NamedDescriptor> taken = ServiceActivation.TakeDescriptors();
        Assert.Equal(["web", "LISTEN_FD_4"], taken.Select(descriptor => descriptor.Name));
        Assert.Equal([3, 4], taken.Select(descriptor => descriptor.Descriptor.Fd));
        Assert.Equal("first", Some.Read(taken[0].Descriptor));
        Assert.Equal("second", Some.Read(taken[1].Descriptor));
        Assert.All(taken, descriptor => Assert.True(descriptor.Descriptor.Flags.HasFlag(DescriptorFlags.CloseOnExec)));
        foreach (string variable in (string[])["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID"])
        {
            Assert.Null(Environment.GetEnvironmentVariable(variable));
        }

        Assert.Empty(ServiceActivation.TakeDescriptors());
        taken[0].Descriptor.Dispose();
        Assert.False(Some.IsOpen(3));
    }

    private static void AssertNumbered() =>
        Assert.Equal(["LISTEN_FD_3", "LISTEN_FD_4"], ServiceActivation.TakeDescriptors().Select(descriptor => descriptor.Name));

    private static void AssertTakenOnce()
    {
        int total = 0;
        using var start = new Barrier(8);
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            Interlocked.Add(ref total, ServiceActivation.TakeDescriptors().Count);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(2, total);
    }

    private static void AssertOtherProcess()
    {
        for (int i = 0; i < 2; i++)
        {
            ServiceManagerException error = Assert.Throws<ServiceManagerException>(ServiceActivation.TakeDescriptors);
            Assert.Equal(ServiceManagerError.OtherProcess, error.Reason);
            Assert.Contains($"this is process {Environment.ProcessId}", error.Message);
        }

        Assert.Equal("first", Some.Read(3));
    }

    private static void AssertNotOpen()
    {
        SystemCallException error = Assert.Throws<SystemCallException>(() => ServiceActivation.TakeDescriptors());
        Assert.Equal("EBADF", error.ErrnoName);
        Assert.True(Some.IsOpen(3));
        Assert.Empty(ServiceActivation.TakeDescriptors());
    }

    private static void AssertMalformed()
    {
        ServiceManagerException error = Assert.Throws<ServiceManagerException>(ServiceActivation.TakeDescriptors);
        Assert.Equal(ServiceManagerError.Malformed, error.Reason);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }
}
