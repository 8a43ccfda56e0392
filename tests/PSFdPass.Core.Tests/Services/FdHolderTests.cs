using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests.Services;

/// <summary>The client of s6-fdholderd, with the real daemon and with hostile ones.</summary>
public sealed class FdHolderTests
{
    [ProgramFact("s6-fdholderd", "s6-fdholder-daemon")]
    public void A_stored_descriptor_can_be_retrieved_until_it_is_deleted()
    {
        using var daemon = new S6Holder();
        FdHolder holder = daemon.Client;
        using FileDescriptor file = Some.File("kept");
        Assert.Empty(holder.List(Patience.Long));
        OpenDescriptors.AreUnchangedBy(() =>
        {
            holder.Store("a", file.SafeHandle, Patience.Long);
            holder.Store("ä b/c:d", file.SafeHandle, Patience.Long);
            Assert.Equal(["a", "ä b/c:d"], holder.List(Patience.Long).Order(StringComparer.Ordinal));
            using (FileDescriptor kept = holder.Retrieve("a", remove: false, Patience.Long))
            {
                Assert.True(Some.AreSame(file.Fd, kept.Fd));
                Assert.True(kept.Flags.HasFlag(DescriptorFlags.CloseOnExec));
            }

            holder.Retrieve("a", remove: true, Patience.Long).Dispose();
            Assert.Equal("ENOENT", Assert.Throws<FdHolderException>(() => holder.Retrieve("a", false, Patience.Long)).ErrnoName);
            holder.Delete("ä b/c:d", Patience.Long);
            Assert.Equal("ENOENT", Assert.Throws<FdHolderException>(() => holder.Delete("ä b/c:d", Patience.Long)).ErrnoName);
            Assert.Empty(holder.List(Patience.Long));
        });
    }

    [ProgramFact("s6-fdholderd", "s6-fdholder-daemon")]
    public void Descriptors_are_exchanged_with_the_programs_of_s6()
    {
        using var daemon = new S6Holder();
        using var directory = new TemporaryDirectory();
        using FileDescriptor file = FileDescriptor.Open(directory.Write("file", "ours"));
        daemon.Client.Store("ours", file.SafeHandle, Patience.Long);
        Assert.Equal("ours", Program.Run("s6-fdholder-retrieve", daemon.Path, "ours", "cat").Succeeded().Output);

        string theirs = directory.Write("theirs", "theirs");
        Program.Run("sh", "-c", "exec s6-fdholder-store \"$1\" theirs <\"$2\"", "sh", daemon.Path, theirs).Succeeded();
        using FileDescriptor received = daemon.Client.Retrieve("theirs", remove: true, Patience.Long);
        Assert.Equal("theirs", Some.Read(received));
        Assert.Equal("ours", Program.Run("s6-fdholder-list", daemon.Path).Succeeded().Output.Trim());
    }

    [ProgramFact("s6-fdholderd", "s6-fdholder-daemon")]
    public void A_name_that_is_taken_is_refused_and_names_have_at_most_255_bytes()
    {
        using var daemon = new S6Holder();
        using FileDescriptor file = Some.File();
        string longest = new('x', 255);
        daemon.Client.Store(longest, file.SafeHandle, Patience.Long);
        FdHolderException error = Assert.Throws<FdHolderException>(() => daemon.Client.Store(longest, file.SafeHandle, Patience.Long));
        Assert.Equal("EBUSY", error.ErrnoName);
        foreach (string name in (string[])["", new string('x', 256), new string('ä', 128), "a\0b", "\ud800"])
        {
            Assert.Throws<ArgumentException>(() => daemon.Client.Store(name, file.SafeHandle, Patience.Long));
            Assert.Throws<ArgumentException>(() => daemon.Client.Retrieve(name, false, Patience.Long));
            Assert.Throws<ArgumentException>(() => daemon.Client.Delete(name, Patience.Long));
        }

        Assert.Single(daemon.Client.List(Patience.Long));
    }

    [ProgramFact("s6-fdholderd", "s6-fdholder-daemon")]
    public void Many_names_arrive_in_one_list_and_many_threads_can_store_at_once()
    {
        using var daemon = new S6Holder();
        using FileDescriptor file = Some.File();
        string[] names = [.. Enumerable.Range(0, 400).Select(number => $"{number:000}{new string('n', 250)}")];
        Parallel.ForEach(names, new ParallelOptions { MaxDegreeOfParallelism = 8 }, name => daemon.Client.Store(name, file.SafeHandle, Patience.Long));
        Assert.Equal(names, daemon.Client.List(Patience.Long).Order(StringComparer.Ordinal));
    }

    [ProgramFact("s6-fdholderd", "s6-fdholder-daemon")]
    public void A_request_that_the_daemons_rules_forbid_is_EPERM()
    {
        using var daemon = new S6Holder(rights: "retrieve");
        using FileDescriptor file = Some.File();
        Assert.Equal("EPERM", Assert.Throws<FdHolderException>(() => daemon.Client.Store("a", file.SafeHandle, Patience.Long)).ErrnoName);
        Assert.Equal("EPERM", Assert.Throws<FdHolderException>(() => daemon.Client.List(Patience.Long)).ErrnoName);
    }

    [ProgramFact("s6-fdholderd", "s6-fdholder-daemon")]
    public void Requests_succeed_again_after_a_restart_of_the_daemon()
    {
        using FileDescriptor file = Some.File();
        var daemon = new S6Holder();
        try
        {
            daemon.Client.Store("a", file.SafeHandle, Patience.Long);
            daemon.Stop();
            SystemCallException error = Assert.Throws<SystemCallException>(() => daemon.Client.List(Patience.Long));
            Assert.Contains(error.ErrnoName, (string[])["ECONNREFUSED", "ENOENT"]);
            daemon.Start();
            Assert.Empty(daemon.Client.List(Patience.Long));
        }
        finally
        {
            daemon.Dispose();
        }
    }

    [LinuxFact]
    public void Answers_that_violate_the_protocol_are_errors_and_leak_nothing()
    {
        byte[][] answers =
        [
            [], [0], [0, 0, 0, 1, 0], [0xff, 0xff, 0xff, 0xff, 0, 0], [0, 0, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 2, 0, 0, 0, 0],
            [0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 9], [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1, 65], "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(),
        ];
        using FileDescriptor file = Some.File();
        foreach (byte[] answer in answers)
        {
            foreach (bool withDescriptor in (bool[])[false, true])
            {
                using var fake = new FakeHolder(answer, withDescriptor && answer.Length > 0 ? file.SafeHandle : null);
                OpenDescriptors.AreUnchangedBy(() =>
                {
                    Assert.Throws<FdHolderException>(() => fake.Client.List(Patience.Long));
                    Assert.Throws<FdHolderException>(() => fake.Client.Delete("a", Patience.Long));
                    Assert.Throws<FdHolderException>(() => fake.Client.Store("a", file.SafeHandle, Patience.Long));
                    if (!(withDescriptor && answer is [0, 0, 0, 1, 0, 1, 0]))
                    {
                        Assert.Throws<FdHolderException>(() => fake.Client.Retrieve("a", false, Patience.Long));
                    }
                });
            }
        }
    }

    [LinuxFact]
    public void A_request_without_an_answer_times_out_and_can_be_canceled()
    {
        using var directory = new TemporaryDirectory();
        UnixSocketAddress address = UnixSocketAddress.FromPath(directory.File("s"));
        using Socket silent = UnixSocketListener.Create(address);
        var client = new FdHolder(address);
        Assert.Throws<TimeoutException>(() => client.List(Patience.Short));
        using var canceled = new CancellationTokenSource(Patience.Short);
        Assert.ThrowsAny<OperationCanceledException>(() => client.List(Patience.Long, canceled.Token));
    }

    [LinuxFact]
    public void A_holder_of_another_user_is_refused()
    {
        using var fake = new FakeHolder([0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0], null);
        Assert.Empty(fake.Client.List(Patience.Long));
        FdHolderException error = Assert.Throws<FdHolderException>(
            () => new FdHolder(fake.Client.Address, new HashSet<uint> { 4_000_000 }).List(Patience.Long));
        Assert.Equal("EACCES", error.ErrnoName);
    }

    /// <summary>Answers every connection with the same bytes.</summary>
    private sealed class FakeHolder : IDisposable
    {
        private readonly TemporaryDirectory _directory = new();
        private readonly Socket _listener;
        private readonly Thread _thread;

        public FakeHolder(byte[] answer, SafeHandle? descriptor)
        {
            Client = new FdHolder(UnixSocketAddress.FromPath(_directory.File("s")));
            _listener = UnixSocketListener.Create(Client.Address);
            _thread = new Thread(() =>
            {
                try
                {
                    while (true)
                    {
                        using Socket connection = UnixSocket.Accept(_listener, Patience.Long);
                        using ReceivedMessage? request = DescriptorReceiver.ReceiveMessage(connection.SafeHandle, Patience.Long);
                        if (request is not null && answer.Length > 0)
                        {
                            DescriptorSender.Send(connection.SafeHandle, answer, descriptor is null ? [] : [descriptor], Patience.Long);
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                }
                catch (SystemCallException)
                {
                }
            });
            _thread.Start();
        }

        public FdHolder Client { get; }

        public void Dispose()
        {
            _listener.Dispose();
            _thread.Join();
            _directory.Dispose();
        }
    }
}
