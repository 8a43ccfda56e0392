using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;grp.h&gt;</c>: looks up groups by number, in the databases that this system uses (nsswitch.conf(5)).</summary>
internal static unsafe partial class Grp
{
    /// <summary>getgrgid_r(3): returns the name of a group, or null if the group does not exist.</summary>
    public static string? NameOf(uint group) => NameLookup.Find(
        (entry, buffer, size, result) => GetGrGid(group, entry, buffer, size, result),
        static entry => Marshal.PtrToStringUTF8(*(nint*)entry));

    [LibraryImport("libc", EntryPoint = "getgrgid_r")]
    private static partial int GetGrGid(uint group, byte* entry, byte* buffer, nuint size, byte** result);
}
