using FsCheck;
using FsCheck.Fluent;
using PSFdPass.Ancillary;

namespace PSFdPass.Tests;

/// <summary>The reader of control messages against generated buffers, in the layout of each system.</summary>
[Trait("Category", "Campaign")]
public sealed class ControlMessageCampaign
{
    private const int Generated = 20_000;

    [Theory]
    [InlineData("Linux")]
    [InlineData("MacOS")]
    public void Every_buffer_is_read_within_its_bounds(string system)
    {
        using var campaign = new Campaign($"hostile control messages, {system}");
        ControlMessageLayout layout = LayoutTests.Layout(system);
        int tests = Generated * Campaign.Scale;
        Prop.ForAll(Arb.From(Buffers(layout)), control =>
        {
            int data = 0;
            int messages = 0;
            foreach (ControlMessage message in new ControlMessageReader(control, in layout))
            {
                data += message.Data.Length;
                messages++;
            }

            return data + (messages * layout.DataOffset) <= control.Length + (messages * layout.Alignment);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(tests).WithQuietOnSuccess(true));
        campaign.Count("buffers", tests);
    }

    [Theory]
    [InlineData("Linux")]
    [InlineData("MacOS")]
    public void Messages_that_were_written_are_read_back(string system)
    {
        using var campaign = new Campaign($"written control messages, {system}");
        ControlMessageLayout layout = LayoutTests.Layout(system);
        int tests = Generated / 4 * Campaign.Scale;
        Prop.ForAll(Arb.From(Written()), messages =>
        {
            byte[] control = new byte[messages.Sum(message => layout.Space(message.Data.Length))];
            var writer = new ControlMessageWriter(control, in layout);
            foreach ((int level, int type, byte[] data) in messages)
            {
                writer.Write(level, type, data);
            }

            List<(int Level, int Type, byte[] Data)> read = LayoutTests.Read(control.AsSpan(0, writer.Written), layout);
            return read.Count == messages.Length &&
                read.Zip(messages).All(pair => pair.First.Level == pair.Second.Level && pair.First.Type == pair.Second.Type &&
                    pair.First.Data.AsSpan().SequenceEqual(pair.Second.Data));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(tests).WithQuietOnSuccess(true));
        campaign.Count("buffers", tests);
    }

    // Random bytes, and well-formed messages of which some bytes were changed, about half of them in the first length.
    private static Gen<byte[]> Buffers(ControlMessageLayout layout) => Gen.OneOf(
        ArbMap.Default.GeneratorFor<byte[]>(),
        from messages in Written()
        from changes in Gen.Choose(0, 4)
        from seed in Gen.Choose(0, int.MaxValue - 1)
        from cut in Gen.Choose(0, 40)
        select Change(Write(messages, layout), changes, seed, cut));

    private static Gen<(int Level, int Type, byte[] Data)[]> Written() =>
        (from level in Gen.Elements(1, 0xffff, 0, -1)
         from type in Gen.Elements(1, 2, 4, 77)
         from length in Gen.Choose(0, 60)
         from data in Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), length)
         select (level, type, data)).ArrayOf();

    private static byte[] Write((int Level, int Type, byte[] Data)[] messages, ControlMessageLayout layout)
    {
        byte[] control = new byte[messages.Sum(message => layout.Space(message.Data.Length))];
        var writer = new ControlMessageWriter(control, in layout);
        foreach ((int level, int type, byte[] data) in messages)
        {
            writer.Write(level, type, data);
        }

        return control;
    }

    private static byte[] Change(byte[] control, int changes, int seed, int cut)
    {
        var random = new Random(seed);
        for (int i = 0; i < changes && control.Length > 0; i++)
        {
            int at = random.Next(2) == 0 ? random.Next(Math.Min(8, control.Length)) : random.Next(control.Length);
            control[at] = (byte)(random.Next(2) == 0 ? 0xff : random.Next(256));
        }

        return control[..Math.Max(0, control.Length - cut)];
    }
}
