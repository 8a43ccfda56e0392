using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>When two threads hand over or dispose one descriptor, exactly one of them gets it.</summary>
public sealed class HandOverRaceTests
{
    private const int Rounds = 3000;

    public static TheoryData<string, string> Pairs
    {
        get
        {
            string[] names = ["Detach", "OpenSocket", "OpenStream", "OpenHandle", "Dispose"];
            var pairs = new TheoryData<string, string>();
            for (int i = 0; i < names.Length; i++)
            {
                for (int j = i; j < names.Length; j++)
                {
                    pairs.Add(names[i], names[j]);
                }
            }

            return pairs;
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Pairs))]
    public void Exactly_one_of_two_threads_gets_the_descriptor(string one, string other)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using var barrier = new Barrier(2);
        FileDescriptor[] descriptors = new FileDescriptor[Rounds];
        bool[] firstWon = new bool[Rounds];
        bool[] secondWon = new bool[Rounds];
        int number = -1;
        Exception? failure = null;

        // Both threads are done with a descriptor before the next one is created, so that its number can't be confused with a new one.
        var thread = new Thread(() => failure = Record.Exception(() => Play(other, secondWon, isFirst: false)));
        thread.Start();
        Play(one, firstWon, isFirst: true);
        Assert.True(thread.Join(Patience.Long));
        Assert.Null(failure);

        void Play(string action, bool[] won, bool isFirst)
        {
            for (int i = 0; i < Rounds; i++)
            {
                if (isFirst)
                {
                    descriptors[i] = FileDescriptor.Duplicate((int)left.Handle);
                    number = descriptors[i].Fd;
                }

                barrier.SignalAndWait();
                object? taken = TryTake(descriptors[i], action);
                won[i] = taken is not null;
                barrier.SignalAndWait();
                bool bothDispose = (one, other) == ("Dispose", "Dispose");
                if (isFirst)
                {
                    // A Dispose that comes second does nothing, and does not throw.
                    int takers = (firstWon[i] && one != "Dispose" ? 1 : 0) + (secondWon[i] && other != "Dispose" ? 1 : 0);
                    Assert.True(one == "Dispose" || other == "Dispose" ? takers <= 1 : takers == 1, $"round {i}: {takers} takers");
                    Assert.Equal(takers == 1, IsOurs());
                    Assert.False(descriptors[i].IsOpen);
                    Assert.True(!bothDispose || takers == 0);
                }

                barrier.SignalAndWait();
                switch (taken)
                {
                    case int fd:
                        FileDescriptor.CloseAll([fd]);
                        break;
                    case Socket socket:
                        FileDescriptor.CloseHandle(socket.SafeHandle);
                        GC.SuppressFinalize(socket);
                        break;
                    case NetworkStream stream:
                        FileDescriptor.CloseHandle(stream.Socket.SafeHandle);
                        GC.SuppressFinalize(stream.Socket);
                        break;
                    case System.Runtime.InteropServices.SafeHandle handle:
                        FileDescriptor.CloseHandle(handle);
                        break;
                }

                barrier.SignalAndWait();
                if (isFirst)
                {
                    Assert.False(IsOurs());
                }
            }
        }

        // Another thread of the runtime can open something that gets the number when it is free.
        bool IsOurs() => Interop.SysStat.TryGetStatus(number, out Interop.SysStat.FileStatus status) &&
            Interop.SysStat.TryGetStatus((int)left.Handle, out Interop.SysStat.FileStatus expected) && status.Inode == expected.Inode;
    }

    [LinuxFact]
    public void Properties_and_ToString_never_throw_while_another_thread_disposes()
    {
        FileDescriptor? current = FileDescriptor.Open("/dev/null");
        bool isOver = false;
        Exception? failure = null;
        var reading = new Thread(() => failure = Record.Exception(() =>
        {
            for (int i = 0; i < 20000; i++)
            {
                FileDescriptor descriptor = Volatile.Read(ref current)!;
                _ = (descriptor.Kind, descriptor.Access, descriptor.Flags, descriptor.Seals, descriptor.Target, descriptor.ToString(), descriptor.Fd);
            }

            Volatile.Write(ref isOver, true);
        }));
        reading.Start();
        while (!Volatile.Read(ref isOver) && reading.IsAlive)
        {
            FileDescriptor old = current;
            Volatile.Write(ref current, FileDescriptor.Open("/dev/null"));
            old.Dispose();
        }

        Assert.True(reading.Join(Patience.Long));
        current.Dispose();
        Assert.Null(failure);
    }

    private static object? TryTake(FileDescriptor descriptor, string action)
    {
        try
        {
            switch (action)
            {
                case "Detach":
                    return descriptor.Detach();
                case "OpenSocket":
                    return descriptor.OpenSocket();
                case "OpenStream":
                    return descriptor.OpenStream();
                case "OpenHandle":
                    return descriptor.OpenHandle();
                default:
                    descriptor.Dispose();
                    return descriptor;
            }
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }
}
