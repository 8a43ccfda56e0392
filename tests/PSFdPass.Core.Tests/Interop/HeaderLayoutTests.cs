using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using PSFdPass.Ancillary;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// Compares the library's tables with the headers of glibc and musl on this machine, and of glibc on arm64, as
/// <c>tests/peers/layout.c</c> prints them.
/// </summary>
public sealed partial class HeaderLayoutTests
{
    // Constants that headers of 2022 lack, from the kernel's include/uapi (asm-generic/socket.h, linux/fcntl.h, linux/memfd.h,
    // asm-generic/unistd.h) and, for SCM_PIDFD, include/linux/socket.h. Newer headers define them, and are then compared.
    private static readonly Dictionary<string, long> Newer = new()
    {
        ["SCM_PIDFD"] = 4,
        ["SO_PASSPIDFD"] = 76,
        ["SO_PEERPIDFD"] = 77,
        ["SO_PASSRIGHTS"] = 83,
        ["F_SEAL_EXEC"] = 0x20,
        ["F_DUPFD_QUERY"] = 1027,
        ["F_CREATED_QUERY"] = 1028,
        ["MFD_NOEXEC_SEAL"] = 8,
        ["MFD_EXEC"] = 0x10,
        ["SYS_fchmodat2"] = 452,
    };

    // Constants that only macOS has; MacOSHeaderTests compares them.
    private static readonly string[] OnlyMacOS = ["F_GETPATH", "LOCAL_PEERCRED", "LOCAL_PEERPID", "POSIX_SPAWN_CLOEXEC_DEFAULT"];

    // Second names of numbers that have one already.
    private static readonly string[] Aliases = ["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"];

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Constants_have_the_values_of_the_headers(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        var wrong = new List<string>();
        int compared = 0;
        foreach (CNames.Constant constant in CNames.ConstantsOf(headers.Platform))
        {
            if (OnlyMacOS.Contains(constant.Name))
            {
                continue;
            }

            if (!headers.TryGet(constant.Name, out long? expected))
            {
                wrong.Add($"{constant.Place}.{constant.Name}: layout.c does not print it");
            }
            else if ((expected ?? Newer[constant.Name]) is var value && Kernel(constant.Name, value, headers) != constant.Value)
            {
                wrong.Add($"{constant.Place}.{constant.Name}: {constant.Value} here, {value} in the headers");
            }

            compared++;
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.InRange(compared, 60, int.MaxValue);
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Newer_constants_have_the_values_that_newer_headers_define(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        foreach ((string name, long value) in Newer)
        {
            Assert.True(headers.TryGet(name, out long? defined), $"layout.c does not print {name}.");
            Assert.Equal((name, value), (name, defined ?? value));
        }
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Numbers_without_a_C_name_agree_with_the_headers(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        Constants table = Constants.For(headers.Platform);
        var expressions = new Dictionary<string, string>
        {
            [nameof(Constants.MsgFlagsOffset)] = "offsetof(struct msghdr, msg_flags)",
            [nameof(Constants.SunPathSize)] = "sizeof(((struct sockaddr_un *)0)->sun_path)",
        };
        foreach (string name in CNames.OtherTableNumbers())
        {
            Assert.True(expressions.TryGetValue(name, out string? expression), $"This test has no C expression for {name}.");
            Assert.Equal((name, headers[expression]), (name, Convert.ToInt64(typeof(Constants).GetProperty(name)!.GetValue(table))));
        }

        Assert.Equal(headers["offsetof(struct passwd, pw_uid)"], Literal(typeof(Pwd), "UidOffset"));
        Assert.Equal(0, headers["offsetof(struct passwd, pw_name)"]);
        Assert.Equal(0, headers["offsetof(struct group, gr_name)"]);
        Assert.InRange(Literal(typeof(NameLookup), "EntrySize"), headers["sizeof(struct passwd)"], int.MaxValue);
        Assert.InRange(Literal(typeof(NameLookup), "EntrySize"), headers["sizeof(struct group)"], int.MaxValue);
        Assert.InRange(Literal(typeof(SysStat), "BufferSize"), headers["sizeof(struct statx)"], int.MaxValue);
        Assert.InRange(SysUn.MaxSize, headers["sizeof(struct sockaddr_un)"], int.MaxValue);
        Assert.InRange(Spawn.ObjectSize, headers["sizeof(posix_spawnattr_t)"], int.MaxValue);
        Assert.InRange(Spawn.ObjectSize, headers["sizeof(posix_spawn_file_actions_t)"], int.MaxValue);
        Assert.Equal(Signal.SetSize, headers["sizeof(sigset_t)"]);
        Assert.Equal(headers["RLIMIT_NOFILE"] == 7 ? 2 * sizeof(ulong) : -1, headers["sizeof(struct rlimit)"]);
        Assert.Equal(sizeof(ulong), headers["sizeof(struct linger)"]);
        Assert.Equal(0, headers["offsetof(struct tcp_info, tcpi_state)"]);
    }

    // The numbers of the other architecture are in the source only, as the first of two in a conditional expression.
    [Theory]
    [CompilerData("gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void System_calls_have_the_numbers_of_each_architecture(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        string folder = Path.Combine(Repository.Root, "src", "PSFdPass.Core", "Interop");
        Match[] choices = [.. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Choice().Matches(File.ReadAllText(file)))];
        foreach ((string name, Type type) in CNames.Computed())
        {
            if (name.StartsWith("SYS_", StringComparison.Ordinal))
            {
                Match match = choices.SingleOrDefault(choice => choice.Groups["name"].Value == name, Match.Empty);
                Assert.True(match.Success, $"{type.Name}.{name} is not chosen by the architecture alone.");
                string side = headers.Platform == PlatformId.LinuxArm64 ? "arm64" : "x64";
                Assert.Equal((name, headers[name]), (name, long.Parse(match.Groups[side].Value)));
            }
        }
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Errors_have_the_names_and_numbers_of_the_headers(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        string[] names = [.. headers.Names.Where(name => ErrorName().IsMatch(name)).Except(Aliases)];
        Assert.InRange(names.Length, 131, 200);
        foreach (string name in names)
        {
            // EHWPOISON means that the memory is faulty, which no call of the library reports.
            if (name != "EHWPOISON")
            {
                Assert.Equal((name, headers[name]), (name, ErrnoNames.NumberOf(name, headers.Platform)));
            }
        }

        for (int number = 1; number < 200 && headers.Platform == Platform.Current; number++)
        {
            string name = ErrnoNames.NameOf(number);
            Assert.True(name == $"E{number}" || headers[name] == number, $"{number} is not {name}.");
        }
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Control_messages_have_the_layout_of_the_headers(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        ControlMessageLayout layout = ControlMessageLayout.For(headers.Platform);

        // musl's cmsg_len has 4 bytes and 4 of padding, which the kernel writes as the upper half.
        Assert.Equal(headers["sizeof(((struct cmsghdr *)0)->cmsg_len)"], headers.IsMusl ? layout.LengthSize - sizeof(int) : layout.LengthSize);
        Assert.Equal(headers["offsetof(struct cmsghdr, cmsg_level)"], layout.LengthSize);
        Assert.Equal(headers["offsetof(struct cmsghdr, cmsg_level)"], layout.LevelOffset);
        Assert.Equal(headers["offsetof(struct cmsghdr, cmsg_type)"], layout.LevelOffset + sizeof(int));
        Assert.Equal(headers["CMSG_LEN(0)"], layout.DataOffset);
        Assert.Equal(headers["ALIGNED(1)"], layout.Alignment);
        Assert.Equal(headers["SOL_SOCKET"], layout.SolSocket);
        Assert.Equal(ControlMessageLayout.ScmRights, headers["SCM_RIGHTS"]);
        Assert.Equal(headers["SCM_CREDENTIALS"], layout.ScmCredentials);
        Assert.Equal(Newer["SCM_PIDFD"], layout.ScmPidFd);
        Assert.InRange(ControlMessageLayout.MaxRightsSpace, headers["CMSG_SPACE(1012)"], int.MaxValue);
        int compared = 0;
        foreach (string name in headers.Names)
        {
            if (Macro().Match(name) is { Success: true } match)
            {
                int length = int.Parse(match.Groups["length"].Value);
                int ours = match.Groups["macro"].Value switch
                {
                    "CMSG_LEN" => layout.Length(length),
                    "CMSG_SPACE" => layout.Space(length),
                    _ => layout.Align(length),
                };
                Assert.Equal((name, headers[name]), (name, ours));
                compared++;
            }
        }

        Assert.Equal(18, compared);
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Structures_have_the_size_and_offsets_of_the_headers(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        int compared = 0;
        foreach ((Type type, string[] tags, string[] fields) in CNames.Structures())
        {
            string? name = tags.Select(tag => $"struct {tag}").Concat(tags.Select(tag => $"{tag}_t"))
                .FirstOrDefault(name => headers.TryGet($"sizeof({name})", out _));
            Assert.True(name is not null, $"layout.c does not print struct {string.Join(" or struct ", tags)}.");
            Assert.Equal((name, headers[$"sizeof({name})"]), (name, Marshal.SizeOf(type)));
            foreach (string field in fields)
            {
                string offset = $"offsetof({name}, {field})";
                Assert.Equal((offset, headers[offset]), (offset, Marshal.OffsetOf(type, field)));
                compared++;
            }
        }

        Assert.InRange(compared, 16, int.MaxValue);
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void The_status_of_a_file_is_read_from_the_offsets_of_statx(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        var bytes = new Fields(headers, "statx");
        bytes.Write("stx_mode", (ushort)0xC1A4);
        bytes.Write("stx_ino", 0x1122334455667788ul);
        bytes.Write("stx_size", 0x1020304050607080ul);
        bytes.Write("stx_nlink", 3u);
        bytes.Write("stx_dev_major", 259u);
        bytes.Write("stx_dev_minor", 7u);
        Assert.Equal(
            new SysStat.FileStatus(0xC1A4, 0x1122334455667788, 0x1020304050607080, 3, 259ul << 32 | 7),
            SysStat.Read(bytes.Bytes, headers.Platform));
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Events_have_the_layout_of_epoll_event(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        Assert.Equal(headers["sizeof(struct epoll_event)"], SysEpoll.EventSizeOn(headers.Platform));
        var expected = new Fields(headers, "epoll_event");
        expected.Write("events", (uint)headers["EPOLLIN"] | (uint)headers["EPOLLHUP"]);
        expected.Write("data", 0x12345678ul);
        byte[] bytes = new byte[expected.Bytes.Length];
        SysEpoll.Write(bytes, 0x12345678, Poll.POLLIN | Poll.POLLHUP);
        Assert.Equal(expected.Bytes, bytes);
        Assert.Equal((0x12345678ul, (short)(Poll.POLLIN | Poll.POLLHUP)), SysEpoll.Read(expected.Bytes));
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Directory_entries_are_read_from_the_offsets_of_dirent(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        int name = (int)headers["offsetof(struct linux_dirent64, d_name)"];
        byte[] entry = new byte[(name + "4711".Length + 1 + 7) & ~7];
        BitConverter.TryWriteBytes(entry.AsSpan((int)headers["offsetof(struct linux_dirent64, d_reclen)"]), (ushort)entry.Length);
        Encoding.UTF8.GetBytes("4711", entry.AsSpan(name));
        var numbers = new List<int>();
        LinuxDirent.Read([.. entry, .. entry], numbers);
        Assert.Equal([4711, 4711], numbers);
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Socket_addresses_have_the_layout_of_sockaddr_un(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        var expected = new Fields(headers, "sockaddr_un");
        expected.Write("sun_family", (ushort)headers["AF_UNIX"]);
        expected.Write("sun_path", (ushort)('b' << 8 | 'a'));
        byte[] bytes = new byte[SysUn.MaxSize];
        int length = SysUn.Write(bytes, "ab", isAbstract: false, Constants.For(headers.Platform));
        Assert.Equal(headers["offsetof(struct sockaddr_un, sun_path)"] + 3, length);
        Assert.Equal(expected.Bytes, bytes);
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void Credentials_have_the_layout_of_ucred(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        var bytes = new Fields(headers, "ucred");
        bytes.Write("pid", 4711u);
        bytes.Write("uid", 1000u);
        bytes.Write("gid", 100u);
        Assert.Equal(new MessageCredentials(4711, 1000, 100), MemoryMarshal.Read<MessageCredentials>(bytes.Bytes));
        Assert.Equal(bytes.Bytes.Length, Marshal.SizeOf<MessageCredentials>());
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void The_request_for_sockets_has_the_layout_of_unix_diag(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        var header = new Fields(headers, "nlmsghdr");
        var request = new Fields(headers, "unix_diag_req");
        header.Write("nlmsg_len", (uint)(header.Bytes.Length + request.Bytes.Length));
        header.Write("nlmsg_type", (ushort)headers["SOCK_DIAG_BY_FAMILY"]);
        header.Write("nlmsg_flags", (ushort)(headers["NLM_F_REQUEST"] | headers["NLM_F_DUMP"]));
        request.Write("sdiag_family", (byte)headers["AF_UNIX"]);
        request.Write("udiag_states", uint.MaxValue);
        request.Write("udiag_show", (uint)(headers["UDIAG_SHOW_NAME"] | headers["UDIAG_SHOW_VFS"] | headers["UDIAG_SHOW_PEER"]));
        byte[] expected = [.. header.Bytes, .. request.Bytes];
        byte[] bytes = new byte[expected.Length];
        LinuxUnixDiag.WriteRequest(bytes);
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [CompilerData("gcc")]
    [CompilerData("musl-gcc")]
    [CompilerData("aarch64-linux-gnu-gcc")]
    public void The_answer_about_sockets_is_read_from_the_offsets_of_unix_diag(string compiler)
    {
        LayoutProbe headers = LayoutProbe.Of(compiler);
        var header = new Fields(headers, "nlmsghdr");
        var message = new Fields(headers, "unix_diag_msg");
        var name = new Fields(headers, "nlattr");
        var file = new Fields(headers, "nlattr");
        var place = new Fields(headers, "unix_diag_vfs");
        var peer = new Fields(headers, "nlattr");
        message.Write("udiag_type", (byte)headers["SOCK_STREAM"]);
        message.Write("udiag_state", (byte)headers["TCP_LISTEN"]);
        message.Write("udiag_ino", 4711u);

        // An attribute of five bytes is followed by three of padding.
        name.Write("nla_len", (ushort)(name.Bytes.Length + 1));
        name.Write("nla_type", (ushort)headers["UNIX_DIAG_NAME"]);
        byte[] padded = new byte[headers["NLA_ALIGN(5)"] - headers["NLA_ALIGN(4)"] - 1];
        file.Write("nla_len", (ushort)(file.Bytes.Length + place.Bytes.Length));
        file.Write("nla_type", (ushort)headers["UNIX_DIAG_VFS"]);
        place.Write("udiag_vfs_ino", 4713u);
        place.Write("udiag_vfs_dev", 8u << 20 | 1);
        peer.Write("nla_len", (ushort)(peer.Bytes.Length + sizeof(uint)));
        peer.Write("nla_type", (ushort)headers["UNIX_DIAG_PEER"]);
        byte[] body =
        [
            .. message.Bytes, .. name.Bytes, (byte)'s', .. padded, .. file.Bytes, .. place.Bytes, .. peer.Bytes, .. BitConverter.GetBytes(4712),
        ];
        header.Write("nlmsg_len", (uint)(header.Bytes.Length + body.Length));
        header.Write("nlmsg_type", (ushort)headers["SOCK_DIAG_BY_FAMILY"]);

        var rows = new List<LinuxUnixDiag.Row>();
        bool isInterrupted = false;
        Assert.Equal(LinuxUnixDiag.Progress.More, LinuxUnixDiag.ReadAnswer([.. header.Bytes, .. body], rows, ref isInterrupted));
        LinuxUnixDiag.Row row = Assert.Single(rows);
        Assert.Equal(
            (4711u, (byte)headers["SOCK_STREAM"], (byte)headers["TCP_LISTEN"], 4712u, new LinuxUnixDiag.BoundFile(4713, 8, 1)),
            (row.Inode, row.Type, row.State, row.Peer, row.File!.Value));
        Assert.Equal([(byte)'s'], row.Name!);

        Assert.Equal(LinuxUnixDiag.Progress.Done, Ending("NLMSG_DONE", 0));
        Assert.Equal(LinuxUnixDiag.Progress.Interrupted, Ending("NLMSG_DONE", (ushort)headers["NLM_F_DUMP_INTR"]));
        Assert.Equal(LinuxUnixDiag.Progress.Failed, Ending("NLMSG_ERROR", 0));

        LinuxUnixDiag.Progress Ending(string type, ushort flags)
        {
            var end = new Fields(headers, "nlmsghdr");
            end.Write("nlmsg_len", (uint)end.Bytes.Length);
            end.Write("nlmsg_type", (ushort)headers[type]);
            end.Write("nlmsg_flags", flags);
            bool isIncomplete = false;
            return LinuxUnixDiag.ReadAnswer(end.Bytes, [], ref isIncomplete);
        }
    }

    // musl's O_ACCMODE contains O_PATH, which is its O_SEARCH and O_EXEC; the kernel's does not.
    private static long Kernel(string name, long value, LayoutProbe headers) =>
        name == "O_ACCMODE" && headers.IsMusl ? value & ~headers["O_PATH"] : value;

    private static long Literal(Type type, string field) =>
        Convert.ToInt64(type.GetField(field, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!.GetRawConstantValue());

    [GeneratedRegex(@"(?<name>SYS_\w+) = Platform\.Current == PlatformId\.LinuxArm64 \? (?<arm64>\d+) : (?<x64>\d+);")]
    private static partial Regex Choice();

    [GeneratedRegex("^E(?!POLL)[A-Z0-9]+$")]
    private static partial Regex ErrorName();

    [GeneratedRegex(@"^(?<macro>CMSG_LEN|CMSG_SPACE|ALIGNED)\((?<length>\d+)\)$")]
    private static partial Regex Macro();

    /// <summary>The bytes of a C structure, written by the names of its fields.</summary>
    private sealed class Fields(LayoutProbe headers, string tag)
    {
        public byte[] Bytes { get; } = new byte[headers[$"sizeof(struct {tag})"]];

        public void Write<T>(string field, T value)
            where T : unmanaged =>
            MemoryMarshal.Write(Bytes.AsSpan((int)headers[$"offsetof(struct {tag}, {field})"]), in value);
    }
}
