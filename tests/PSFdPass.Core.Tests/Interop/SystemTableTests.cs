using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The tables of numbers and structures of each system, which can be checked on any system.</summary>
public sealed class SystemTableTests
{
    [Theory]
    [InlineData("EAGAIN", 11, 35)]
    [InlineData("EBADF", 9, 9)]
    [InlineData("EPIPE", 32, 32)]
    [InlineData("ENOTSOCK", 88, 38)]
    [InlineData("EADDRINUSE", 98, 48)]
    [InlineData("ECONNRESET", 104, 54)]
    [InlineData("ENOBUFS", 105, 55)]
    [InlineData("ENOTCONN", 107, 57)]
    [InlineData("ETOOMANYREFS", 109, 59)]
    [InlineData("ECONNREFUSED", 111, 61)]
    [InlineData("ENAMETOOLONG", 36, 63)]
    [InlineData("EMSGSIZE", 90, 40)]
    [InlineData("ENOSYS", 38, 78)]
    [InlineData("EOWNERDEAD", 130, 105)]
    public void Errors_have_the_numbers_of_each_system(string name, int linux, int macOS)
    {
        Assert.Equal(linux, ErrnoNames.NumberOf(name, PlatformId.LinuxX64));
        Assert.Equal(linux, ErrnoNames.NumberOf(name, PlatformId.LinuxArm64));
        Assert.Equal(macOS, ErrnoNames.NumberOf(name, PlatformId.MacOS));
    }

    [LinuxFact]
    public void Error_names_agree_with_Python()
    {
        string output = Program.Run("python3", "-c", "import errno\nfor n, name in sorted(errno.errorcode.items()): print(n, name)")
            .Succeeded().Output;
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ');

            // Python uses the other names of 35 and 95.
            if (words[1] is not ("EDEADLOCK" or "ENOTSUP"))
            {
                Assert.Equal(words[1], ErrnoNames.NameOf(int.Parse(words[0])));
            }
        }
    }

    [LinuxFact]
    public void Constants_agree_with_Python()
    {
        string[] names =
        [
            "SOL_SOCKET", "SO_TYPE", "SO_ACCEPTCONN", "SO_SNDBUF", "SO_RCVBUF", "SO_LINGER", "SO_PROTOCOL", "SO_PASSCRED", "SO_PEERCRED",
            "SOCK_CLOEXEC", "AF_INET6", "MSG_CTRUNC", "MSG_TRUNC", "MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_ERRQUEUE", "MSG_CMSG_CLOEXEC",
            "O_CLOEXEC", "O_CREAT", "O_TRUNC", "O_APPEND", "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY", "O_NOCTTY", "O_PATH", "F_DUPFD_CLOEXEC",
        ];
        string output = Program.Run("python3", ["-c",
            "import os, socket, fcntl, sys\n" +
            "for n in sys.argv[1:]:\n" +
            "    v = [int(getattr(m, n)) for m in (socket, os, fcntl) if hasattr(m, n)]\n" +
            "    print(n, v[0] if v else 'unknown')", .. names]).Succeeded().Output;
        string ours = string.Concat(names.Select(name => $"{name} {typeof(Constants).GetProperty(name)!.GetValue(Constants.Current)}\n"));

        // Not every version of Python defines all of them. Those that it defines must agree.
        foreach ((string theirs, string mine) in output.Split('\n').Zip(ours.Split('\n')))
        {
            Assert.True(theirs == mine || theirs.EndsWith(" unknown"), $"Python: {theirs}, here: {mine}");
        }

        Assert.DoesNotContain("SOL_SOCKET unknown", output);
    }

    [Fact]
    public void MacOS_has_the_numbers_of_its_headers()
    {
        Constants macOS = Constants.For(PlatformId.MacOS);
        Assert.Equal(
            (0xffff, 0x20, 0x80, 0x80000, 0, false, 104),
            (macOS.SOL_SOCKET, macOS.MSG_CTRUNC, macOS.MSG_DONTWAIT, macOS.MSG_NOSIGNAL, macOS.MSG_CMSG_CLOEXEC, macOS.HasSeqPacket, macOS.SunPathSize));
    }

    [LinuxFact]
    public unsafe void The_message_header_has_the_offsets_of_every_system()
    {
        var header = new SysSocket.MsgHdr
        {
            msg_name = (void*)0x0807060504030201,
            msg_namelen = 0x14131211,
            msg_iov = (SysSocket.IoVec*)0x2827262524232221,
            msg_iovlen = 1,
            msg_control = (void*)0x3837363534333231,
            msg_controllen = 0x44434241,
        };
        byte[] bytes = new ReadOnlySpan<byte>(&header, sizeof(SysSocket.MsgHdr)).ToArray();
        Assert.Equal(
            LayoutTests.Bytes(
                "01020304 05060708 11121314 00000000 21222324 25262728 01000000 00000000 31323334 35363738 41424344 00000000 00000000 00000000"),
            bytes);

        // msg_flags follow an 8-byte msg_controllen (Linux) or a 4-byte one (macOS).
        byte* raw = (byte*)&header;
        raw[44] = 0x20;
        raw[48] = 0x08;
        Assert.Equal(0x08, header.FlagsOn(Constants.LinuxX64));
        Assert.Equal(0x08, header.FlagsOn(Constants.LinuxArm64));
        Assert.Equal(0x20, header.FlagsOn(Constants.MacOS));
    }

    [Theory]
    [InlineData("LinuxX64", "a/b", false, "0100 612f6200")]
    [InlineData("LinuxX64", "ab", true, "0100 006162")]
    [InlineData("MacOS", "a/b", false, "0601 612f6200")]
    public void Socket_addresses_have_the_bytes_of_each_system(string system, string name, bool isAbstract, string expected)
    {
        Span<byte> buffer = stackalloc byte[SysUn.MaxSize];
        int length = SysUn.Write(buffer, name, isAbstract, Constants.For(Enum.Parse<PlatformId>(system)));
        Assert.Equal(LayoutTests.Bytes(expected), buffer[..length].ToArray());
    }

    [Theory]
    [InlineData("LinuxX64", 28, 32, 40)]
    [InlineData("LinuxArm64", 28, 32, 40)]
    [InlineData("MacOS", 4, 8, 96)]
    public void The_status_of_a_file_is_read_from_the_offsets_of_each_system(string system, int mode, int inode, int size)
    {
        byte[] bytes = new byte[256];
        BitConverter.TryWriteBytes(bytes.AsSpan(mode), (ushort)0xC1A4);
        BitConverter.TryWriteBytes(bytes.AsSpan(inode), 0x1122334455667788);
        BitConverter.TryWriteBytes(bytes.AsSpan(size), 42L);
        SysStat.FileStatus status = SysStat.Read(bytes, Enum.Parse<PlatformId>(system));
        Assert.Equal((SysStat.S_IFSOCK, 0x1122334455667788UL, 42L), (status.Type, status.Inode, status.Size));
    }

    [Fact]
    public void An_unknown_error_is_named_by_its_number()
    {
        Assert.Equal("E4095", ErrnoNames.NameOf(4095));
        Assert.Equal("E0", ErrnoNames.NameOf(0));
        Assert.Equal("E-1", ErrnoNames.NameOf(-1));
    }

    [LinuxFact]
    public void An_error_names_the_call_the_subject_the_error_and_what_to_do()
    {
        var exception = new SystemCallException("connect", Errno.ECONNREFUSED, "/run/a.sock");
        Assert.Equal(("connect", Errno.ECONNREFUSED, "ECONNREFUSED"), (exception.Call, exception.Errno, exception.ErrnoName));
        Assert.StartsWith("connect (/run/a.sock): ", exception.Message);
        Assert.Contains("(ECONNREFUSED).", exception.Message);
        Assert.Contains("no process listens", exception.Message);
        Assert.Contains("ulimit -n", new SystemCallException("sendmsg", Errno.ETOOMANYREFS).Message);
        Assert.Contains("ulimit -n", new SystemCallException("socketpair", Errno.EMFILE).Message);
    }

    [LinuxFact]
    public void MessageCredentials_has_the_size_of_the_kernels_structure()
    {
        unsafe
        {
            Assert.Equal(12, sizeof(MessageCredentials));
        }
    }
}
