using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>The Unix-domain sockets of this network namespace, as the kernel lists them (unix_diag).</summary>
internal static class UnixSocketList
{
    private const int MaxDumps = 10;

    /// <summary>
    /// Returns all sockets; null where that is not possible, because the system has no unix_diag, or a sandbox forbids it.
    /// </summary>
    /// <remarks>
    /// A dump during which sockets were created or closed is repeated. On a busy system this can happen each time. The last dump is then
    /// returned, although rows may be missing.
    /// </remarks>
    public static List<LinuxUnixDiag.Row>? Read()
    {
        int fd = LinuxUnixDiag.CreateSocket();
        if (fd < 0)
        {
            return null;
        }

        using var socket = new SafeDescriptorHandle(fd, ownsHandle: true);
        List<LinuxUnixDiag.Row> rows = [];
        for (int dump = 0; dump < MaxDumps; dump++)
        {
            rows.Clear();
            switch (LinuxUnixDiag.Dump(fd, rows))
            {
                case LinuxUnixDiag.Progress.Done:
                    return rows;
                case LinuxUnixDiag.Progress.Failed:
                    return null;
            }
        }

        return rows;
    }
}
