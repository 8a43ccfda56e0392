using System.Net.Sockets;
using System.Text;
using PSFdPass.Facts;
using PSFdPass.Inspection;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Tests;

/// <summary>Descriptors and sockets, read from texts of /proc and bytes of netlink that kernels have written.</summary>
public class ProcTests
{
    [Fact]
    public void FdInfo_has_the_position_and_octal_flags()
    {
        var information = ProcFdInfo.Parse("pos:\t4096\nflags:\t02100002\nmnt_id:\t27\nino:\t11682097\n");
        Assert.Equal(4096, information.Position);
        Assert.Equal(Convert.ToInt32("2100002", 8), information.Flags);
    }

    [Fact]
    public void FdInfo_with_additional_lines_is_read()
    {
        var information = ProcFdInfo.Parse("pos:\t0\nflags:\t02\nmnt_id:\t15\neventfd-count:                7\neventfd-id: 1\n");
        Assert.Equal(new ProcFdInfo(0, 2), information);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("pos:\nflags:\n")]
    [InlineData("pos:\tmany\nflags:\tx9\n")]
    public void Malformed_fdinfo_is_read_as_zero(string text) => Assert.Equal(new ProcFdInfo(0, 0), ProcFdInfo.Parse(text));

    [Theory]
    [InlineData("0100007F:1F90", "127.0.0.1:8080")]
    [InlineData("00000000:0000", "0.0.0.0:0")]
    [InlineData("FE01A8C0:FFFF", "192.168.1.254:65535")]
    [InlineData("00000000000000000000000001000000:0016", "[::1]:22")]
    [InlineData("0000000000000000FFFF00000100007F:0050", "[::ffff:127.0.0.1]:80")]
    [InlineData("B80D01200000000067452301EFCDAB89:01BB", "[2001:db8::123:4567:89ab:cdef]:443")]
    public void End_points_are_words_in_the_byte_order_of_the_machine(string text, string address) =>
        Assert.Equal(address, SocketTable.EndPointOf(ProcNet.ParseAddress(Encoding.ASCII.GetBytes(text))!.Value).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("0100007F")]
    [InlineData("0100007F:")]
    [InlineData("0100007G:0001")]
    [InlineData("0100007F:10000")]
    [InlineData("01:0001")]
    public void Malformed_end_points_are_null(string text) => Assert.Null(ProcNet.ParseAddress(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void TCP_sockets_have_states_and_end_points()
    {
        const string Text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1067 1 00000000e3e984ac 100 0 0 10 0
               1: 0100007F:1F90 0100007F:EB9C 01 00000000:00000000 00:00000000 00000000  1000        0 1068 1 00000000e3e984ad 20 4 30 10 -1
               2: 0100007F:EB9C 0100007F:1F90 08 00000000:00000000 00:00000000 00000000  1000        0 1069 1 00000000e3e984ae 20 4 30 10 -1
               3: 0100007F:EB9D 0100007F:1F90 06 00000000:00000000 03:00000F9C 00000000     0        0 0 3 00000000e3e984af
              torn
            """;
        Dictionary<ulong, ProcNet.InternetRow> rows = ParseInternet(Text);

        // The socket in TIME-WAIT belongs to no process and has no inode.
        Assert.Equal(new ulong[] { 1067, 1068, 1069 }, rows.Keys.Order());
        Assert.Equal([10, 1, 8], rows.Values.OrderBy(row => row.Inode).Select(row => row.State));
        Assert.Equal(("127.0.0.1:8080", "0.0.0.0:0"), (EndPoint(rows[1067].Local), EndPoint(rows[1067].Remote)));
        Assert.Equal(("127.0.0.1:8080", "127.0.0.1:60316"), (EndPoint(rows[1068].Local), EndPoint(rows[1068].Remote)));
    }

    [Fact]
    public void UDP_sockets_have_states_and_end_points()
    {
        const string Text = """
               sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
              302: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 18000 2 00000000c3 0
              303: 0100007F:D431 0100007F:0035 01 00000000:00000000 00:00000000 00000000   101        0 18001 2 00000000c4 0
            """;
        Dictionary<ulong, ProcNet.InternetRow> rows = ParseInternet(Text);
        Assert.Equal((7, 1), (rows[18000].State, rows[18001].State));
        Assert.Equal(("127.0.0.1:54321", "127.0.0.1:53"), (EndPoint(rows[18001].Local), EndPoint(rows[18001].Remote)));
    }

    [Fact]
    public void Unix_sockets_have_types_states_and_names()
    {
        const string Text = """
            Num       RefCount Protocol Flags    Type St Inode Path
            00000000a3e0adf7: 00000002 00000000 00010000 0001 01 100 /run/with space.sock
            00000000a75e059c: 00000003 00000000 00000000 0005 03 101
            00000000cc98453f: 00000002 00000000 00000000 0002 01 102 @abstract
            00000000cc98453e: 00000002 00000000 00000000 0001 02 103
            torn
            """;
        var rows = new List<ProcNet.UnixRow>();
        ProcNet.ParseUnix(Encoding.UTF8.GetBytes(Text), rows);
        Assert.Equal(
            [
                (100, 0x10000, 1, 1, "/run/with space.sock"), (101, 0, 5, 3, ""), (102, 0, 2, 1, "@abstract"), (103, 0, 1, 2, ""),
            ],
            rows.Select(row => ((int)row.Inode, row.Flags, row.Type, row.State, Encoding.UTF8.GetString(row.Name))));
    }

    [Fact]
    public void The_request_for_sockets_has_the_bytes_of_unix_diag_req()
    {
        byte[] request = new byte[40];
        LinuxUnixDiag.WriteRequest(request);
        Assert.Equal(
            "2800000014000103" + "0000000000000000" + "01000000FFFFFFFF" + "0000000007000000" + "0000000000000000",
            Convert.ToHexString(request));
    }

    [Fact]
    public void The_answer_is_read_with_names_files_and_peers_until_its_end()
    {
        // A socket with a name, a file and a peer, one with nothing, and the end.
        byte[] packet = Convert.FromHexString(
            "40000000140002000100000000000000" + "01010A00A08601000000000000000000" + "0A0000002F612E736F630000" + "0C000100D20400000100E00F" +
            "08000200A1860100" + "20000000140002000100000000000000" + "01010700B08601000000000000000000" + End);
        var rows = new List<LinuxUnixDiag.Row>();
        bool isInterrupted = false;
        Assert.Equal(LinuxUnixDiag.Progress.Done, LinuxUnixDiag.ReadAnswer(packet, rows, ref isInterrupted));
        Assert.Equal(2, rows.Count);
        Assert.Equal((100000u, (byte)1, (byte)10, 100001u), (rows[0].Inode, rows[0].Type, rows[0].State, rows[0].Peer));
        Assert.Equal("/a.soc", Encoding.ASCII.GetString(rows[0].Name!));
        Assert.Equal(new LinuxUnixDiag.BoundFile(1234, 254, 1), rows[0].File);
        Assert.Equal(new LinuxUnixDiag.Row(100016, 1, 7, 0, null, null), rows[1]);

        // Without the end, more messages follow.
        rows.Clear();
        Assert.Equal(LinuxUnixDiag.Progress.More, LinuxUnixDiag.ReadAnswer(packet.AsSpan(0, 0x40), rows, ref isInterrupted));
        Assert.Single(rows);
    }

    [Fact]
    public void A_dump_that_was_interrupted_is_not_complete()
    {
        // NLM_F_DUMP_INTR in a message before the end.
        byte[] packet = Convert.FromHexString("20000000140012000100000000000000" + "01010700B08601000000000000000000" + End);
        bool isInterrupted = false;
        Assert.Equal(LinuxUnixDiag.Progress.Interrupted, LinuxUnixDiag.ReadAnswer(packet, [], ref isInterrupted));
    }

    [Fact]
    public void An_error_is_not_the_end()
    {
        byte[] packet = Convert.FromHexString("14000000020000000100000000000000" + "FEFFFFFF");
        bool isInterrupted = false;
        Assert.Equal(LinuxUnixDiag.Progress.Failed, LinuxUnixDiag.ReadAnswer(packet, [], ref isInterrupted));
    }

    [Fact]
    public void Truncated_answers_and_wrong_lengths_are_ignored()
    {
        byte[] packet = Convert.FromHexString(
            "28000000140002000100000000000000" + "01010300A0860100" + "0000000000000000" + "08000200A1860100");
        var rows = new List<LinuxUnixDiag.Row>();
        bool isInterrupted = false;
        for (int length = 0; length < packet.Length; length++)
        {
            _ = LinuxUnixDiag.ReadAnswer(packet.AsSpan(0, length), rows, ref isInterrupted);
            Assert.Empty(rows);
        }

        // Wrong lengths: of the message, and of the attribute.
        foreach ((int offset, byte value) in new[] { (0, (byte)0), (0, (byte)15), (0, (byte)255), (32, (byte)0), (32, (byte)3), (32, (byte)200) })
        {
            byte[] wrong = [.. packet];
            wrong[offset] = value;
            rows.Clear();
            _ = LinuxUnixDiag.ReadAnswer(wrong, rows, ref isInterrupted);
            Assert.All(rows, row => Assert.Equal(0u, row.Peer));
        }
    }

    [UnixDiagFact]
    public void The_kernel_lists_the_peers_of_a_pair()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using (left)
        using (right)
        {
            Assert.True(SysStat.TryGetStatus((int)left.Handle, out SysStat.FileStatus one));
            Assert.True(SysStat.TryGetStatus((int)right.Handle, out SysStat.FileStatus other));
            Dictionary<uint, uint> peers = UnixSocketList.Read()!.ToDictionary(row => row.Inode, row => row.Peer);
            Assert.Equal(other.Inode, peers[(uint)one.Inode]);
            Assert.Equal(one.Inode, peers[(uint)other.Inode]);
        }
    }

    [Theory]
    [InlineData("0001 03", SocketState.Connected)]
    [InlineData("0005 03", SocketState.Connected)]
    [InlineData("0002 03", null)]
    [InlineData("0002 01", SocketState.Unconnected)]
    [InlineData("0001 02", SocketState.Connecting)]
    public void The_text_has_the_state_but_does_not_show_whether_a_datagram_socket_has_a_peer(string typeAndState, SocketState? expected)
    {
        var rows = new List<ProcNet.UnixRow>();
        ProcNet.ParseUnix(Encoding.ASCII.GetBytes($"ffff8881: 00000002 00000000 00000000 {typeAndState} 4711 /tmp/s\n"), rows);
        Assert.Equal(expected, SocketTable.Describe(Assert.Single(rows)).State);
    }

    [Theory]
    [InlineData("socket:[4711]", 4711ul)]
    [InlineData("socket:[18446744073709551615]", ulong.MaxValue)]
    [InlineData("pipe:[4711]", null)]
    [InlineData("socket:[]", null)]
    [InlineData("socket:[x]", null)]
    [InlineData("/tmp/socket:[4711]", null)]
    public void The_link_of_a_socket_contains_its_inode(string link, ulong? inode) => Assert.Equal(inode, ProcFs.InodeOfSocket(link));

    [Fact]
    public void Only_numeric_entries_of_a_directory_are_read()
    {
        // "." ".." "0" "12" "self" "4294967296" "7x"
        byte[] entries = Convert.FromHexString(
            "0100000000000000020000000000000018000A2E000000000100000000000000020000000000000018000A2E2E0000000100000000000000020000000000000018000A3000000000" +
            "0100000000000000020000000000000018000A31320000000100000000000000020000000000000018000A73656C66000100000000000000020000000000000020000A3432393439" +
            "36373239360000000100000000000000020000000000000018000A3778000000");
        var numbers = new List<int>();
        LinuxDirent.Read(entries, numbers);
        Assert.Equal([0, 12], numbers);

        // Truncated anywhere, and with wrong lengths.
        for (int length = 0; length < entries.Length; length++)
        {
            numbers.Clear();
            LinuxDirent.Read(entries.AsSpan(0, length), numbers);
            Assert.Subset(new HashSet<int> { 0, 12 }, numbers.ToHashSet());
        }

        foreach (byte wrongLength in new byte[] { 0, 19, 255 })
        {
            byte[] changed = [.. entries];
            changed[16] = wrongLength;
            numbers.Clear();
            LinuxDirent.Read(changed, numbers);
            Assert.Empty(numbers);
        }
    }

    [Fact]
    public void Links_and_devices_are_read_from_statx_and_stat()
    {
        byte[] linux = new byte[256];
        linux[16] = 2;
        linux[136] = 8;
        linux[140] = 1;
        Assert.Equal((2ul, 8ul << 32 | 1), LinksAndDevice(linux, PlatformId.LinuxX64));
        Assert.Equal((2ul, 8ul << 32 | 1), LinksAndDevice(linux, PlatformId.LinuxArm64));

        byte[] macOS = new byte[256];
        macOS[0] = 5;
        macOS[6] = 3;
        Assert.Equal((3ul, 5ul), LinksAndDevice(macOS, PlatformId.MacOS));
    }

    private const string End = "1400000003000200010000000000000000000000";

    private static string EndPoint(ProcNet.InternetAddress address) => SocketTable.EndPointOf(address).ToString();

    private static Dictionary<ulong, ProcNet.InternetRow> ParseInternet(string text)
    {
        var rows = new List<ProcNet.InternetRow>();
        ProcNet.ParseInternet(Encoding.UTF8.GetBytes(text), rows);
        return rows.ToDictionary(row => row.Inode);
    }

    private static (ulong Links, ulong Device) LinksAndDevice(byte[] bytes, PlatformId platform)
    {
        SysStat.FileStatus status = SysStat.Read(bytes, platform);
        return (status.Links, status.Device);
    }
}
