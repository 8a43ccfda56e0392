using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>The descriptors of one message, collected from objects and paths.</summary>
public sealed class OutgoingDescriptorsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _left;
    private readonly Socket _right;

    public OutgoingDescriptorsTests() => (_left, _right) = UnixSocket.CreatePair();

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        _directory.Dispose();
    }

    [LinuxFact]
    public void Objects_and_paths_go_in_one_message_in_order()
    {
        string path = _directory.Write("one", "1");
        _directory.Write("two", "2");
        using FileDescriptor file = Some.File("3");
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read);
        outgoing.Add(new FileInfo(path));
        outgoing.Add("two");
        outgoing.Add(file);
        outgoing.Add(file.Fd);
        Assert.Equal("4 descriptors", outgoing.ToString());
        outgoing.Send(_left.SafeHandle, data: null, Patience.Long);
        using ReceivedMessage message = Some.Receive(_right);
        Assert.Equal([4], message.Data);
        Assert.Equal(["1", "2", "3", ""], message.Descriptors.Select(d => Some.Read(d)));

        outgoing.Send(_left.SafeHandle, "again"u8.ToArray(), Patience.Long);
        using ReceivedMessage again = Some.Receive(_right);
        Assert.Equal(("again", 4), (again.Text, again.Descriptors.Count));
    }

    [LinuxFact]
    public void Files_named_by_path_are_closed_with_it_and_the_rest_is_not() => OpenDescriptors.AreLeftAsTheyWere(() =>
    {
        using FileDescriptor file = Some.File();
        using (var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.ReadWrite))
        {
            outgoing.Add(_directory.Write("file", "text"));
            outgoing.Add(file);
            Assert.Throws<SystemCallException>(() => outgoing.Add("nothing"));
            Assert.Throws<ArgumentException>(() => outgoing.Add(new object()));
        }

        Assert.True(file.IsOpen);
    });

    [LinuxFact]
    public void CloseHolders_closes_everything_that_was_collected()
    {
        FileDescriptor file = Some.File();
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read);
        outgoing.Add(file);
        outgoing.Send(_left.SafeHandle, null, Patience.Long);
        outgoing.CloseHolders();
        Assert.False(file.IsOpen);
        using ReceivedMessage message = Some.Receive(_right);
        Assert.Equal("abcdefghij", Some.Read(message.Descriptors[0]));
    }

    [LinuxFact]
    public void An_object_that_holds_none_is_an_error_that_names_its_type()
    {
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read);
        Assert.Contains("System.Version", Assert.Throws<ArgumentException>(() => outgoing.Add(new Version(1, 0))).Message);
        Assert.Equal("ENOENT", Assert.Throws<SystemCallException>(() => outgoing.Add("nothing")).ErrnoName);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => outgoing.Add(123456)).ErrnoName);
        Assert.Throws<ArgumentOutOfRangeException>(() => outgoing.Add(-1));
        Assert.Throws<ArgumentException>(() => outgoing.Send(_left.SafeHandle, null, Patience.Long));
    }

    [LinuxFact]
    public void CloseHolders_closes_the_rest_when_one_fails_and_throws_the_first_failure()
    {
        FileDescriptor file = Some.File();
        int number = Some.File().Detach();
        string path = _directory.Write("stubborn", "text");
        using var first = new StubbornStream(path, "first");
        using var second = new StubbornStream(path, "second");
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read, closeAfterSend: true);
        outgoing.Add(number);
        outgoing.Add(first);
        outgoing.Add(second);
        outgoing.Add(file);
        outgoing.Send(_left.SafeHandle, null, Patience.Long);
        Assert.Equal("first", Assert.Throws<IOException>(outgoing.CloseHolders).Message);
        Assert.False(file.IsOpen);
        Assert.False(Some.IsOpen(number));
        Some.Receive(_right).Dispose();
    }

    [LinuxFact]
    public void CloseHolders_closes_an_object_and_its_number_once()
    {
        using Socket copy = FileDescriptor.Duplicate((int)_right.Handle).OpenSocket();
        int number = (int)copy.Handle;
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read, closeAfterSend: true);
        outgoing.Add(number);
        outgoing.Add(copy);
        outgoing.Add(copy.SafeHandle);
        outgoing.Add(number);
        outgoing.CloseHolders();
        Assert.True(copy.SafeHandle.IsClosed);
        Assert.False(Some.IsOpen(number));
    }

    [LinuxTheory]
    [InlineData(1)]
    [InlineData(2L)]
    public void What_will_be_closed_is_no_standard_stream(object number)
    {
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read, closeAfterSend: true);
        DescriptorInUseException refused = Assert.Throws<DescriptorInUseException>(() => outgoing.Add(number));
        Assert.Equal(Convert.ToInt32(number), refused.Fd);
        Assert.Contains("send it without -CloseAfterSend", refused.Message);
        Assert.Equal(0, outgoing.Count);
    }

    [LinuxFact]
    public void A_description_is_one_of_this_process_and_still_true()
    {
        using FileDescriptor file = Some.File();
        var inspector = new DescriptorInspector();
        DescriptorInfo info = inspector.Describe(Environment.ProcessId, file.Fd);
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read);
        outgoing.Add(info);
        Assert.Equal($"MemoryFile {file.Target}", outgoing.Describe());
        file.Dispose();
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => outgoing.Add(info)).ErrnoName);
        var other = new DescriptorInfo
        {
            Fd = 0,
            ProcessId = Environment.ProcessId + 1,
            Kind = DescriptorKind.File,
            Access = DescriptorAccess.Read,
            Target = "/etc/hosts",
            Flags = DescriptorFlags.None,
        };
        Assert.Contains($"process {other.ProcessId}", Assert.Throws<DescriptorElsewhereException>(() => outgoing.Add(other)).Message);
    }

    [LinuxFact]
    public void What_is_sent_is_described_by_its_first_few()
    {
        string path = _directory.Write("a\u001bb", "text");
        using var outgoing = new OutgoingDescriptors(_directory.File, FileAccess.Read);
        for (int i = 0; i < 10; i++)
        {
            outgoing.Add(path);
        }

        Assert.StartsWith($"File {_directory.File("a·b")}, File ", outgoing.Describe());
        Assert.EndsWith("a·b and 2 more", outgoing.Describe());
    }

    private sealed class StubbornStream(string path, string message) : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
    {
        private bool _threw;

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_threw)
            {
                _threw = true;
                throw new IOException(message);
            }

            base.Dispose(disposing);
        }
    }
}
