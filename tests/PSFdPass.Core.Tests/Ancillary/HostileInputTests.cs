using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;

namespace PSFdPass.Tests;

/// <summary>Control messages with wrong lengths are read only within the buffer.</summary>
public sealed class HostileInputTests
{
    [Theory]
    [InlineData("Linux", "")]
    [InlineData("Linux", "10000000 00000000 01000000 010000")]
    [InlineData("MacOS", "")]
    [InlineData("MacOS", "0c000000 ffff0000 010000")]
    public void Reading_stops_at_a_truncated_header(string system, string bytes) =>
        Assert.Empty(LayoutTests.Read(LayoutTests.Bytes(bytes), LayoutTests.Layout(system)));

    [Theory]
    [InlineData("Linux", "00000000 00000000 01000000 01000000 03000000 00000000")]
    [InlineData("Linux", "0f000000 00000000 01000000 01000000 03000000 00000000")]
    [InlineData("MacOS", "00000000 ffff0000 01000000 03000000")]
    [InlineData("MacOS", "0b000000 ffff0000 01000000 03000000")]
    public void Reading_stops_at_a_length_smaller_than_the_header(string system, string bytes) =>
        Assert.Empty(LayoutTests.Read(LayoutTests.Bytes(bytes), LayoutTests.Layout(system)));

    [Theory]
    [InlineData("Linux", "ffffffff ffffffff 01000000 01000000 03000000 04000000")]
    [InlineData("Linux", "ffffffff ffffff7f 01000000 01000000 03000000 04000000")]
    [InlineData("Linux", "19000000 00000000 01000000 01000000 03000000 04000000")]
    [InlineData("MacOS", "ffffffff ffff0000 01000000 03000000 04000000")]
    public void A_length_beyond_the_end_of_the_buffer_is_clamped(string system, string bytes)
    {
        (_, _, byte[] data) = Assert.Single(LayoutTests.Read(LayoutTests.Bytes(bytes), LayoutTests.Layout(system)));
        Assert.Equal([3, 0, 0, 0, 4, 0, 0, 0], data);
    }

    [Fact]
    public void The_full_length_that_macOS_leaves_in_a_truncated_message_is_clamped_to_msg_controllen()
    {
        // Five descriptors were sent, and the buffer had space for two. msg_controllen is 20, but cmsg_len is still 32.
        byte[] control = LayoutTests.Bytes("20000000 ffff0000 01000000 03000000 04000000");
        (_, _, byte[] data) = Assert.Single(LayoutTests.Read(control, ControlMessageLayout.MacOS));
        Assert.Equal([3, 4], MemoryMarshal.Cast<byte, int>(data).ToArray());
    }

    [Fact]
    public void An_incomplete_descriptor_is_ignored()
    {
        byte[] control = LayoutTests.Bytes("16000000 00000000 01000000 01000000 03000000 0400");
        (_, _, byte[] data) = Assert.Single(LayoutTests.Read(control, ControlMessageLayout.Linux));
        Assert.Equal([3], MemoryMarshal.Cast<byte, int>(data).ToArray());
    }

    [Theory]
    [InlineData("Linux")]
    [InlineData("MacOS")]
    public void Random_bytes_never_make_the_reader_throw_or_leave_the_buffer_or_loop_endlessly(string system)
    {
        // PSFDPASS_FUZZ_ROUNDS makes the campaign longer; the seed makes it the same each time.
        int rounds = int.Parse(Environment.GetEnvironmentVariable("PSFDPASS_FUZZ_ROUNDS") ?? "25000");
        ControlMessageLayout layout = LayoutTests.Layout(system);
        var random = new Random(932);
        byte[] memory = new byte[600];
        int read = 0;
        for (int round = 0; round < rounds; round++)
        {
            random.NextBytes(memory);
            Span<byte> control = memory.AsSpan(random.Next(64), random.Next(512));

            // Plausible lengths let the reader get beyond the first message.
            for (int at = 0; at + 16 <= control.Length; at += layout.Align(16 + random.Next(40)))
            {
                BinaryPrimitives.WriteInt64LittleEndian(control[at..], random.Next(8) == 0 ? random.NextInt64() : random.Next(80));
            }

            int count = 0;
            foreach (ControlMessage message in new ControlMessageReader(control, in layout))
            {
                Assert.True(++count <= control.Length / layout.DataOffset);
                Assert.True(message.Data.IsEmpty || control.Overlaps(message.Data));
                Assert.True(message.Data.Length <= control.Length - layout.DataOffset);
                if (!message.Data.IsEmpty)
                {
                    control.Overlaps(message.Data, out int offset);
                    Assert.True(offset >= layout.DataOffset && offset + message.Data.Length <= control.Length);
                }
            }

            read += count;
        }

        Assert.True(read > rounds / 4, $"Only {read} messages in {rounds} rounds: the campaign tests nothing.");
    }
}
