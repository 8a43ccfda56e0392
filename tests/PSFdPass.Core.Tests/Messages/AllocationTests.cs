using PSFdPass.Handles;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>The exact number of bytes that sending and receiving allocates.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Rounds = 1000;
    private readonly Socket _left;
    private readonly Socket _right;
    private readonly FileDescriptor _file = Some.File();

    public AllocationTests() => (_left, _right) = UnixSocket.CreatePair();

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        _file.Dispose();
    }

    [LinuxFact]
    public void Sending_and_receiving_numbers_through_spans_allocates_nothing()
    {
        SafeHandle left = _left.SafeHandle;
        SafeHandle right = _right.SafeHandle;
        int[] send = [_file.Fd, _file.Fd];
        int[] numbers = new int[253];
        byte[] buffer = new byte[100];
        Assert.Equal(0, BytesPerRound(() =>
        {
            DescriptorSender.SendNumbers(left, "data"u8, send, Patience.Long);
            Closing.CloseAll(numbers.AsSpan(0, DescriptorReceiver.ReceiveNumbers(right, buffer, numbers, Patience.Long).Descriptors));
            DescriptorSender.SendNumbers(left, send, Patience.Long);
            Closing.CloseAll(numbers.AsSpan(0, DescriptorReceiver.ReceiveNumbers(right, buffer, numbers, Patience.Long).Descriptors));
        }));
    }

    [LinuxFact]
    public void Sending_handles_allocates_nothing()
    {
        SafeHandle left = _left.SafeHandle;
        SafeHandle right = _right.SafeHandle;
        SafeHandle[] send = [_file.SafeHandle, _file.SafeHandle, _file.SafeHandle];
        int[] numbers = new int[253];
        byte[] buffer = new byte[100];
        Assert.Equal(0, BytesPerRound(() =>
        {
            DescriptorSender.Send(left, send, Patience.Long);
            Closing.CloseAll(numbers.AsSpan(0, DescriptorReceiver.ReceiveNumbers(right, buffer, numbers, Patience.Long).Descriptors));
        }));
    }

    [LinuxFact]
    public void Receiving_a_message_allocates_only_the_message_its_data_and_its_descriptors()
    {
        SafeHandle left = _left.SafeHandle;
        SafeHandle right = _right.SafeHandle;
        int[] send = [_file.Fd, _file.Fd, _file.Fd];
        object[] keep = new object[6];

        // The size of the same objects, without receiving them.
        long objects = BytesPerRound(() =>
        {
            for (int i = 0; i < 3; i++)
            {
                keep[i] = new FileDescriptor(123456, ownsHandle: false);
            }

            keep[3] = new FileDescriptor[3];
            keep[4] = new byte[4];
            keep[5] = RuntimeHelpers.GetUninitializedObject(typeof(ReceivedMessage));
        });

        Assert.Equal(objects, BytesPerRound(() =>
        {
            DescriptorSender.SendNumbers(left, "data"u8, send, Patience.Long);
            IReadOnlyList<FileDescriptor> descriptors = DescriptorReceiver.ReceiveMessage(right, Patience.Long)!.Descriptors;
            for (int i = 0; i < 3; i++)
            {
                descriptors[i].Dispose();
            }
        }));
    }

    private static long BytesPerRound(Action action)
    {
        for (int i = 0; i < Rounds; i++)
        {
            action();
        }

        // Tiered compilation may still be running. It does not allocate on this thread, but the code that it replaces may box.
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Rounds; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least / Rounds;
    }
}
