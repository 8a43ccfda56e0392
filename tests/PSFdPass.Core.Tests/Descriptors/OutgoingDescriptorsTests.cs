using System.Net.Sockets;
using PSFdPass.Descriptors;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Tests;

/// <summary>The descriptors of one message, collected from objects and paths.</summary>
public sealed class OutgoingDescriptorsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _left;
    private readonly Socket _right;

    public OutgoingDescriptorsTests() => (_left, _right) = UnixSocketPair.Create();

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
}
