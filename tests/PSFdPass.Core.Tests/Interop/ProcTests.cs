using System.Net.Sockets;
using System.Net;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>What /proc and netlink say of descriptors and sockets, read from texts and bytes as kernels have written them.</summary>
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
    public void FdInfo_of_a_file_with_more_to_tell_is_read_all_the_same()
    {
        var information = ProcFdInfo.Parse("pos:\t0\nflags:\t02\nmnt_id:\t15\neventfd-count:                7\neventfd-id: 1\n");
        Assert.Equal(new ProcFdInfo(0, 2), information);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("pos:\nflags:\n")]
    [InlineData("pos:\tmany\nflags:\tx9\n")]
    public void FdInfo_that_makes_no_sense_is_zero(string text) => Assert.Equal(new ProcFdInfo(0, 0), ProcFdInfo.Parse(text));

    [Theory]
    [InlineData("0100007F:1F90", "127.0.0.1:8080")]
    [InlineData("00000000:0000", "0.0.0.0:0")]
    [InlineData("FE01A8C0:FFFF", "192.168.1.254:65535")]
    [InlineData("00000000000000000000000001000000:0016", "[::1]:22")]
    [InlineData("0000000000000000FFFF00000100007F:0050", "[::ffff:127.0.0.1]:80")]
    [InlineData("B80D01200000000067452301EFCDAB89:01BB", "[2001:db8::123:4567:89ab:cdef]:443")]
    public void EndPoints_are_words_as_the_machine_reads_them(string text, string address) =>
        Assert.Equal(address, ProcNet.ParseEndPoint(text)!.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("0100007F")]
    [InlineData("0100007F:")]
    [InlineData("0100007G:0001")]
    [InlineData("0100007F:10000")]
    [InlineData("01:0001")]
    public void EndPoints_that_make_no_sense_are_none(string text) => Assert.Null(ProcNet.ParseEndPoint(text));

    [Fact]
    public void Tcp_has_states_and_ends()
    {
        const string Text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1067 1 00000000e3e984ac 100 0 0 10 0
               1: 0100007F:1F90 0100007F:EB9C 01 00000000:00000000 00:00000000 00000000  1000        0 1068 1 00000000e3e984ad 20 4 30 10 -1
               2: 0100007F:EB9C 0100007F:1F90 08 00000000:00000000 00:00000000 00000000  1000        0 1069 1 00000000e3e984ae 20 4 30 10 -1
               3: 0100007F:EB9D 0100007F:1F90 06 00000000:00000000 03:00000F9C 00000000     0        0 0 3 00000000e3e984af
              torn
            """;
        var sockets = new Dictionary<ulong, SocketDescription>();
        ProcNet.ParseInternet(Text, SocketFamily.Inet, SocketType.Stream, sockets);

        // The one in TIME-WAIT belongs to no process, and has no inode.
        Assert.Equal(new ulong[] { 1067, 1068, 1069 }, sockets.Keys.Order());
        Assert.Equal(SocketState.Listening, sockets[1067].State);
        Assert.Null(sockets[1067].Remote);
        Assert.Equal("tcp 127.0.0.1:8080 (listening)", sockets[1067].ToString());
        Assert.Equal(SocketState.Established, sockets[1068].State);
        Assert.Equal("tcp 127.0.0.1:8080 → 127.0.0.1:60316", sockets[1068].ToString());
        Assert.Equal(SocketState.CloseWait, sockets[1069].State);
    }

    [Fact]
    public void Udp_is_connected_or_not()
    {
        const string Text = """
               sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
              302: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 18000 2 00000000c3 0
              303: 0100007F:D431 0100007F:0035 01 00000000:00000000 00:00000000 00000000   101        0 18001 2 00000000c4 0
            """;
        var sockets = new Dictionary<ulong, SocketDescription>();
        ProcNet.ParseInternet(Text, SocketFamily.Inet, SocketType.Dgram, sockets);
        Assert.Equal(SocketState.Unconnected, sockets[18000].State);
        Assert.Equal(SocketState.Connected, sockets[18001].State);
        Assert.Equal("udp 127.0.0.1:54321 → 127.0.0.1:53", sockets[18001].ToString());
    }

    [LinuxFact]
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
        var sockets = new Dictionary<ulong, SocketDescription>();
        ProcNet.ParseUnix(Text, sockets);
        Assert.Equal(new ulong[] { 100, 101, 102, 103 }, sockets.Keys.Order());
        Assert.Equal("unix /run/with space.sock (listening)", sockets[100].ToString());
        Assert.Equal((SocketType.Seqpacket, SocketState.Connected), (sockets[101].Type, sockets[101].State));
        Assert.Null(sockets[101].Local);
        Assert.Equal("unix-datagram @abstract", sockets[102].ToString());
        Assert.IsType<UnixDomainSocketEndPoint>(sockets[102].Local);
        Assert.Equal(SocketState.Unconnected, sockets[102].State);
        Assert.Equal(SocketState.Connecting, sockets[103].State);
    }

    [Fact]
    public void The_request_for_peers_is_what_the_header_says()
    {
        byte[] request = new byte[40];
        LinuxUnixDiag.WriteRequest(request);
        Assert.Equal(
            "2800000014000103" + "0000000000000000" + "01000000FFFFFFFF" + "0000000004000000" + "0000000000000000",
            Convert.ToHexString(request));
    }

    [Fact]
    public void The_answer_has_peers_until_it_is_done()
    {
        // A message with a name attribute before the peer, one without a peer, and the end.
        byte[] packet = Convert.FromHexString(
            "34000000140002000100000000000000" + "01010300A08601000000000000000000" + "0A0000002F612E736F630000" + "08000200A1860100" +
            "20000000140002000100000000000000" + "01010300B08601000000000000000000" +
            "1400000003000200010000000000000000000000");
        var peers = new Dictionary<ulong, ulong>();
        Assert.False(LinuxUnixDiag.ReadAnswer(packet, peers));
        Assert.Equal(new Dictionary<ulong, ulong> { [100000] = 100001 }, peers);

        // Without the end there is more to come.
        peers.Clear();
        Assert.True(LinuxUnixDiag.ReadAnswer(packet.AsSpan(0, 0x34), peers));
        Assert.Single(peers);
    }

    [Fact]
    public void The_answer_may_be_torn_anywhere()
    {
        byte[] packet = Convert.FromHexString(
            "28000000140002000100000000000000" + "01010300A0860100" + "0000000000000000" + "08000200A1860100");
        for (int length = 0; length < packet.Length; length++)
        {
            var peers = new Dictionary<ulong, ulong>();
            _ = LinuxUnixDiag.ReadAnswer(packet.AsSpan(0, length), peers);
            Assert.Empty(peers);
        }

        // Lengths that lie: of the message, and of the attribute.
        foreach ((int offset, byte value) in new[] { (0, (byte)0), (0, (byte)15), (0, (byte)255), (32, (byte)0), (32, (byte)3), (32, (byte)200) })
        {
            byte[] lying = [.. packet];
            lying[offset] = value;
            var peers = new Dictionary<ulong, ulong>();
            _ = LinuxUnixDiag.ReadAnswer(lying, peers);
            Assert.Empty(peers);
        }
    }

    [UnixDiagFact]
    public void The_kernel_tells_the_peers_of_a_pair()
    {
        (Socket left, Socket right) = UnixSocketPair.Create();
        using (left)
        using (right)
        {
            Assert.True(SysStat.TryGetStatus((int)left.Handle, out SysStat.FileStatus one));
            Assert.True(SysStat.TryGetStatus((int)right.Handle, out SysStat.FileStatus other));
            Dictionary<ulong, ulong> peers = LinuxUnixDiag.ReadPeers();
            Assert.Equal(other.Inode, peers[one.Inode]);
            Assert.Equal(one.Inode, peers[other.Inode]);
        }
    }

    [Theory]
    [InlineData("socket:[4711]", 4711ul)]
    [InlineData("socket:[18446744073709551615]", ulong.MaxValue)]
    [InlineData("pipe:[4711]", null)]
    [InlineData("socket:[]", null)]
    [InlineData("socket:[x]", null)]
    [InlineData("/tmp/socket:[4711]", null)]
    public void The_link_of_a_socket_has_its_inode(string link, ulong? inode) => Assert.Equal(inode, ProcFs.InodeOfSocket(link));

    [Fact]
    public void The_entries_of_a_directory_are_numbers_or_passed_over()
    {
        // "." ".." "0" "12" "self" "4294967296" "7x"
        byte[] entries = Convert.FromHexString(
            "0100000000000000020000000000000018000A2E000000000100000000000000020000000000000018000A2E2E0000000100000000000000020000000000000018000A3000000000" +
            "0100000000000000020000000000000018000A31320000000100000000000000020000000000000018000A73656C66000100000000000000020000000000000020000A3432393439" +
            "36373239360000000100000000000000020000000000000018000A3778000000");
        var numbers = new List<int>();
        LinuxDirent.Read(entries, numbers);
        Assert.Equal([0, 12], numbers);

        // Torn anywhere, and with lengths that lie.
        for (int length = 0; length < entries.Length; length++)
        {
            numbers.Clear();
            LinuxDirent.Read(entries.AsSpan(0, length), numbers);
            Assert.Subset(new HashSet<int> { 0, 12 }, numbers.ToHashSet());
        }

        foreach (byte lie in new byte[] { 0, 19, 255 })
        {
            byte[] lying = [.. entries];
            lying[16] = lie;
            numbers.Clear();
            LinuxDirent.Read(lying, numbers);
            Assert.Empty(numbers);
        }
    }

    [Fact]
    public void Statx_and_stat_have_links_and_devices()
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

    private static (ulong Links, ulong Device) LinksAndDevice(byte[] bytes, PlatformId platform)
    {
        SysStat.FileStatus status = SysStat.Read(bytes, platform);
        return (status.Links, status.Device);
    }
}
