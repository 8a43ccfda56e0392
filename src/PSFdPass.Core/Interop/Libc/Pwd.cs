using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>
/// <c>&lt;pwd.h&gt;</c>: looks up users by name and number, in the databases that this system uses (nsswitch.conf(5)).
/// </summary>
internal static unsafe partial class Pwd
{
    // struct passwd begins with the same fields on every system: pw_name, pw_passwd, and pw_uid at offset 16.
    private const int UidOffset = 16;

    /// <summary>getpwuid_r(3): returns the name of a user, or null if the user does not exist.</summary>
    public static string? NameOf(uint user) => NameLookup.Find(
        (entry, buffer, size, result) => GetPwUid(user, entry, buffer, size, result),
        static entry => Marshal.PtrToStringUTF8(*(nint*)entry));

    /// <summary>getpwnam_r(3): returns the number of a user, or null if the user does not exist.</summary>
    public static uint? NumberOf(string name) => NameLookup.Find<uint?>(
        (entry, buffer, size, result) => GetPwNam(name, entry, buffer, size, result),
        static entry => *(uint*)(entry + UidOffset));

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetPwUid(uint user, byte* entry, byte* buffer, nuint size, byte** result);

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetPwNam(string name, byte* entry, byte* buffer, nuint size, byte** result);
}
