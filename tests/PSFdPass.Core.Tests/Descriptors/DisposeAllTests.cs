using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Disposing several descriptors at once.</summary>
public class DisposeAllTests
{
    [LinuxFact]
    public void All_are_closed_whatever_their_numbers()
    {
        FileDescriptor[] files = [.. Some.Files(20), .. Some.Files(20).Reverse()];
        int[] numbers = [.. files.Select(static file => file.Fd)];
        FileDescriptor.DisposeAll(files);
        Assert.All(files, static file => Assert.False(file.IsOpen));
        Assert.All(numbers, static number => Assert.False(Some.IsOpen(number)));
    }

    [LinuxFact]
    public void Closed_and_missing_descriptors_are_skipped()
    {
        FileDescriptor[] files = Some.Files(3);
        files[1].Dispose();
        using FileDescriptor next = FileDescriptor.Open("/dev/null");
        FileDescriptor.DisposeAll([files[0], files[1], null!, files[2], files[0]]);
        Assert.True(Some.IsOpen(next.Fd));
        Assert.All(files, static file => Assert.False(file.IsOpen));
    }

    [LinuxFact]
    public void Borrowed_and_handed_over_descriptors_stay_open()
    {
        using FileDescriptor owner = Some.File();
        var borrowed = new FileDescriptor(owner.Fd, ownsHandle: false);
        FileDescriptor detached = Some.File();
        int number = detached.Detach();
        FileDescriptor.DisposeAll([borrowed, detached]);
        Assert.True(Some.IsOpen(owner.Fd));
        Assert.True(Some.IsOpen(number));
        FileDescriptor.CloseAll([number]);
    }

    [LinuxFact]
    public void A_descriptor_that_a_call_still_uses_is_closed_when_the_call_ends()
    {
        FileDescriptor[] files = Some.Files(3);
        int[] numbers = [.. files.Select(static file => file.Fd)];
        SafeHandle used = files[1].SafeHandle;
        bool held = false;
        used.DangerousAddRef(ref held);
        FileDescriptor.DisposeAll(files);
        Assert.Equal([false, true, false], numbers.Select(Some.IsOpen));
        used.DangerousRelease();
        Assert.False(Some.IsOpen(numbers[1]));
    }

    [LinuxFact]
    public void Descriptors_that_are_closed_on_two_threads_are_closed_once()
    {
        const int Rounds = 300;
        using var barrier = new Barrier(2);
        FileDescriptor[] files = [];
        Exception? failure = null;
        int lost = 0;
        var other = new Thread(() => failure = Record.Exception(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                barrier.SignalAndWait();
                FileDescriptor.DisposeAll(files);

                // These take the numbers that are free now. A second close of the old ones would close them.
                FileDescriptor[] next = [.. Enumerable.Range(0, 16).Select(static _ => Some.Null())];
                barrier.SignalAndWait();
                lost += next.Count(static one => !Some.IsOpen(one.Fd));
                FileDescriptor.DisposeAll(next);
                barrier.SignalAndWait();
            }
        }));
        other.Start();
        for (int i = 0; i < Rounds; i++)
        {
            files = [.. Enumerable.Range(0, 16).Select(static _ => Some.Null())];
            barrier.SignalAndWait();
            FileDescriptor.DisposeAll(files);
            barrier.SignalAndWait();
            barrier.SignalAndWait();
            Assert.All(files, static file => Assert.False(file.IsOpen));
        }

        Assert.True(other.Join(Patience.Long));
        Assert.Null(failure);
        Assert.Equal(0, lost);
    }

    [LinuxFact]
    public void Disposing_a_message_closes_its_descriptors()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        FileDescriptor[] files = Some.Files(5);
        left.SendDescriptors("x"u8, [.. files.Select(static file => file.SafeHandle)]);
        ReceivedMessage message = right.ReceiveDescriptors()!;
        int[] numbers = [.. message.Descriptors.Select(static one => one.Fd)];
        using FileDescriptor kept = message.Descriptors[2].Duplicate();
        int taken = message.Descriptors[3].Detach();
        message.Dispose();
        Assert.Equal([false, false, false, true, false], numbers.Select(Some.IsOpen));
        Assert.True(Some.IsOpen(kept.Fd));
        FileDescriptor.CloseAll([taken]);
        FileDescriptor.DisposeAll(files);
    }
}
