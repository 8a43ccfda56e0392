using System.Globalization;

namespace PSFdPass.Tests;

/// <summary>A fact about root, skipped where this process lacks CAP_SYS_RESOURCE and CAP_SYS_ADMIN.</summary>
internal sealed class PrivilegedFactAttribute : FactAttribute
{
    private const ulong SysAdminOrResource = 1 << 21 | 1 << 24;

    public PrivilegedFactAttribute() =>
        Skip = IsPrivileged() ? null : "Needs CAP_SYS_RESOURCE or CAP_SYS_ADMIN, and this process has neither.";

    private static bool IsPrivileged()
    {
        const string Field = "CapEff:";
        string? line = OperatingSystem.IsLinux()
            ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))
            : null;
        return line is not null &&
            (ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & SysAdminOrResource) != 0;
    }
}
