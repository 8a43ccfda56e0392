using PSFdPass.Ancillary;

namespace PSFdPass.Tests;

/// <summary>Control messages are written and read as the bytes of each system, which are spelled out here.</summary>
public sealed class LayoutTests
{
    public static TheoryData<string, int[], string> Rights => new()
    {
        // cmsg_len (8), cmsg_level, cmsg_type, data, padding to 8
        { "Linux", [3], "14000000 00000000 01000000 01000000 03000000 00000000" },
        { "Linux", [3, 0x01020304], "18000000 00000000 01000000 01000000 03000000 04030201" },
        { "Linux", [], "10000000 00000000 01000000 01000000" },

        // cmsg_len (4), cmsg_level (0xffff), cmsg_type, data, without padding
        { "MacOS", [3], "10000000 ffff0000 01000000 03000000" },
        { "MacOS", [3, 0x01020304], "14000000 ffff0000 01000000 03000000 04030201" },
    };

    [Theory]
    [MemberData(nameof(Rights))]
    public void Descriptors_are_written_in_the_layout_of_each_system(string system, int[] descriptors, string expected)
    {
        byte[] buffer = new byte[256];
        buffer.AsSpan().Fill(0xee);
        ControlMessageLayout layout = Layout(system);
        var writer = new ControlMessageWriter(buffer, in layout);
        writer.WriteRights(descriptors);
        Assert.Equal(Bytes(expected), buffer[..writer.Written]);
        Assert.All(buffer[writer.Written..], left => Assert.Equal(0xee, left));
    }

    [Theory]
    [MemberData(nameof(Rights))]
    public void Descriptors_are_read_in_the_layout_of_each_system(string system, int[] descriptors, string bytes)
    {
        List<(int Level, int Type, byte[] Data)> messages = Read(Bytes(bytes), Layout(system));
        (int level, int type, byte[] data) = Assert.Single(messages);
        Assert.Equal(system is "MacOS" ? 0xffff : 1, level);
        Assert.Equal(1, type);
        Assert.Equal(descriptors.SelectMany(BitConverter.GetBytes), data);
    }

    [Fact]
    public void The_second_message_is_aligned_as_each_system_requires()
    {
        AssertTwo("Linux", "11000000 00000000 01000000 07000000 aa000000 00000000 14000000 00000000 01000000 01000000 05000000 00000000");
        AssertTwo("MacOS", "0d000000 01000000 07000000 aa000000 10000000 ffff0000 01000000 05000000");

        static void AssertTwo(string system, string expected)
        {
            ControlMessageLayout layout = Layout(system);
            byte[] buffer = new byte[256];
            var writer = new ControlMessageWriter(buffer, in layout);
            writer.Write(1, 7, [0xaa]);
            writer.WriteRights([5]);
            Assert.Equal(Bytes(expected), buffer[..writer.Written]);

            List<(int Level, int Type, byte[] Data)> messages = Read(buffer.AsSpan(0, writer.Written), layout);
            Assert.Equal(2, messages.Count);
            Assert.Equal((1, 7), (messages[0].Level, messages[0].Type));
            Assert.Equal([0xaa], messages[0].Data);
            Assert.Equal([5, 0, 0, 0], messages[1].Data);
        }
    }

    [Theory]
    [InlineData("Linux", 1, 20, 24)]
    [InlineData("Linux", 253, 1028, 1032)]
    [InlineData("MacOS", 1, 16, 16)]
    [InlineData("MacOS", 253, 1024, 1024)]
    public void CMSG_LEN_and_CMSG_SPACE_are_those_of_the_headers(string system, int descriptors, int length, int space)
    {
        ControlMessageLayout layout = Layout(system);
        Assert.Equal(length, layout.Length(descriptors * sizeof(int)));
        Assert.Equal(space, layout.Space(descriptors * sizeof(int)));
        Assert.InRange(space, 0, ControlMessageLayout.MaxRightsSpace);
    }

    [Fact]
    public void Credentials_and_process_descriptors_are_distinguished_by_their_type()
    {
        byte[] buffer = new byte[256];
        var writer = new ControlMessageWriter(buffer, in ControlMessageLayout.Linux);
        writer.Write(1, 2, new byte[12]);
        writer.Write(1, 4, [9, 0, 0, 0]);
        writer.Write(1, 2, new byte[11]);
        writer.Write(2, 1, [9, 0, 0, 0]);
        var kinds = new List<string>();
        foreach (ControlMessage message in new ControlMessageReader(buffer.AsSpan(0, writer.Written), in ControlMessageLayout.Linux))
        {
            kinds.Add($"{message.IsCredentials} {message.IsProcessDescriptor} {message.IsRights}");
        }

        Assert.Equal(["True False False", "False True False", "False False False", "False False False"], kinds);
    }

    [Fact]
    public void A_buffer_that_is_too_small_is_refused()
    {
        byte[] buffer = new byte[24 + 23];
        Assert.Throws<ArgumentException>(() =>
        {
            var writer = new ControlMessageWriter(buffer, in ControlMessageLayout.Linux);
            writer.WriteRights([1]);
            Assert.Equal(24, writer.Written);
            writer.WriteRights([2]);
        });
    }

    internal static ControlMessageLayout Layout(string system) => system switch
    {
        "Linux" => ControlMessageLayout.Linux,
        "MacOS" => ControlMessageLayout.MacOS,
        _ => throw new ArgumentOutOfRangeException(nameof(system)),
    };

    internal static byte[] Bytes(string hexadecimal) => Convert.FromHexString(hexadecimal.Replace(" ", ""));

    internal static List<(int Level, int Type, byte[] Data)> Read(ReadOnlySpan<byte> control, ControlMessageLayout layout)
    {
        var messages = new List<(int, int, byte[])>();
        foreach (ControlMessage message in new ControlMessageReader(control, in layout))
        {
            messages.Add((message.Level, message.Type, message.Data.ToArray()));
        }

        return messages;
    }
}
