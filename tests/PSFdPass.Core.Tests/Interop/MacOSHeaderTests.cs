using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Compares the library's tables of macOS with its published headers. Nothing runs on macOS.</summary>
public sealed class MacOSHeaderTests
{
    [Fact]
    public void Constants_have_the_values_of_the_headers()
    {
        var wrong = new List<string>();
        int compared = 0;
        foreach (CNames.Constant constant in CNames.ConstantsOf(PlatformId.MacOS))
        {
            if (MacOSHeaders.Constants.TryGetValue(constant.Name, out long expected))
            {
                compared++;
                if (constant.Value != expected)
                {
                    wrong.Add($"{constant.Place}.{constant.Name}: {constant.Value} here, {expected} in the headers");
                }
            }
            else if (constant.Place == nameof(Constants) && !IsAbsent(constant))
            {
                wrong.Add($"{constant.Place}.{constant.Name}: {constant.Value} here, and not in MacOSHeaders");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.InRange(compared, 50, int.MaxValue);
    }

    [Fact]
    public void Socket_addresses_and_the_offset_of_msg_flags_agree_with_the_headers()
    {
        Constants table = Constants.MacOS;
        Assert.Equal(MacOSHeaders.Layouts["msghdr.msg_flags"], table.MsgFlagsOffset);
        Assert.Equal(MacOSHeaders.Layouts["sockaddr_un"] - MacOSHeaders.Layouts["sockaddr_un.sun_path"], table.SunPathSize);
        Assert.True(table.SockaddrHasLength);

        byte[] expected = new byte[SysUn.MaxSize];
        int length = (int)MacOSHeaders.Layouts["sockaddr_un.sun_path"] + 3;
        expected[MacOSHeaders.Layouts["sockaddr_un.sun_len"]] = (byte)length;
        expected[MacOSHeaders.Layouts["sockaddr_un.sun_family"]] = (byte)MacOSHeaders.Constants["AF_UNIX"];
        "ab"u8.CopyTo(expected.AsSpan((int)MacOSHeaders.Layouts["sockaddr_un.sun_path"]));
        byte[] bytes = new byte[SysUn.MaxSize];
        Assert.Equal(length, SysUn.Write(bytes, "ab", isAbstract: false, table));
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void Errors_have_the_names_and_numbers_of_the_headers()
    {
        Assert.Equal(106, MacOSHeaders.Errors.Length);
        for (int index = 0; index < MacOSHeaders.Errors.Length; index++)
        {
            // EQFULL means that the queue of a network interface is full, which no call of the library reports.
            string name = MacOSHeaders.Errors[index];
            if (name != "EQFULL")
            {
                Assert.Equal((name, index + 1), (name, ErrnoNames.NumberOf(name, PlatformId.MacOS)));
            }
        }
    }

    // The numbers that the code compares without looking them up are literals, the same on every system.
    [Fact]
    public void Errors_that_are_literals_have_the_numbers_of_the_headers()
    {
        int compared = 0;
        foreach (CNames.Constant constant in CNames.ConstantsOf(PlatformId.MacOS))
        {
            if (constant.Place == nameof(Errno))
            {
                Assert.Equal((constant.Name, Array.IndexOf(MacOSHeaders.Errors, constant.Name) + 1L), (constant.Name, constant.Value));
                compared++;
            }
        }

        Assert.InRange(compared, 15, int.MaxValue);
    }

    [Fact]
    public void Control_messages_have_the_layout_of_the_headers()
    {
        ControlMessageLayout layout = ControlMessageLayout.MacOS;
        Assert.Equal(MacOSHeaders.Layouts["cmsghdr.cmsg_level"] - MacOSHeaders.Layouts["cmsghdr.cmsg_len"], layout.LengthSize);
        Assert.Equal(MacOSHeaders.Layouts["cmsghdr.cmsg_level"], layout.LevelOffset);
        Assert.Equal(MacOSHeaders.Layouts["cmsghdr.cmsg_type"], layout.LevelOffset + sizeof(int));
        Assert.Equal(MacOSHeaders.Layouts["cmsghdr"], layout.DataOffset);
        Assert.Equal(MacOSHeaders.Constants["SOL_SOCKET"], layout.SolSocket);
        Assert.Equal(ControlMessageLayout.ScmRights, MacOSHeaders.Constants["SCM_RIGHTS"]);
        foreach (int length in (int[])[0, 1, 4, 1012])
        {
            Assert.Equal((length, MacOSHeaders.Layouts[$"CMSG_LEN({length})"]), (length, layout.Length(length)));
            Assert.Equal((length, MacOSHeaders.Layouts[$"CMSG_SPACE({length})"]), (length, layout.Space(length)));
        }
    }

    [Fact]
    public void Structures_have_the_offsets_of_the_headers()
    {
        int compared = 0;
        foreach ((Type type, string[] tags, string[] fields) in CNames.Structures())
        {
            foreach (string field in fields)
            {
                foreach (string tag in tags.Distinct())
                {
                    if (MacOSHeaders.Layouts.TryGetValue($"{tag}.{field}", out long expected))
                    {
                        Assert.Equal(($"{tag}.{field}", expected), ($"{tag}.{field}", Marshal.OffsetOf(type, field)));
                        compared++;
                    }
                }
            }
        }

        Assert.Equal(11, compared);
        Assert.Equal(MacOSHeaders.Layouts["pollfd"], Marshal.SizeOf<Poll.PollFd>());

        // The structure that is passed to the system is as long as the longest of all systems.
        Assert.InRange(Marshal.SizeOf<SysSocket.MsgHdr>(), MacOSHeaders.Layouts["msghdr"], int.MaxValue);
    }

    [Fact]
    public void The_status_of_a_file_is_read_from_the_offsets_of_stat()
    {
        byte[] bytes = new byte[MacOSHeaders.Layouts["stat"]];
        BinaryPrimitives.WriteUInt32LittleEndian(At("stat.st_dev"), 0x01000007);
        BinaryPrimitives.WriteUInt16LittleEndian(At("stat.st_mode"), 0xC1A4);
        BinaryPrimitives.WriteUInt16LittleEndian(At("stat.st_nlink"), 3);
        BinaryPrimitives.WriteUInt64LittleEndian(At("stat.st_ino"), 0x1122334455667788);
        BinaryPrimitives.WriteInt64LittleEndian(At("stat.st_size"), 0x1020304050607080);
        Assert.Equal(
            new SysStat.FileStatus(0xC1A4, 0x1122334455667788, 0x1020304050607080, 3, 0x01000007),
            SysStat.Read(bytes, PlatformId.MacOS));

        Span<byte> At(string field) => bytes.AsSpan((int)MacOSHeaders.Layouts[field]);
    }

    // A flag that macOS lacks is 0, so that or-ing it in changes nothing, and an option that it lacks is -1.
    private static bool IsAbsent(CNames.Constant constant) =>
        MacOSHeaders.Absent.Contains(constant.Name) &&
        constant.Value == (constant.Name.StartsWith("SO_", StringComparison.Ordinal) || constant.Name.StartsWith("F_", StringComparison.Ordinal) ? -1 : 0);
}
