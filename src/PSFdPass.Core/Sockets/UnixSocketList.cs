using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>Reads the kernel's list of the Unix-domain sockets in this network namespace (unix_diag).</summary>
internal static class UnixSocketList
{
    private const int MaxDumps = 10;

    /// <summary>
    /// Returns all sockets, or null if the list is not available because the system does not have unix_diag or a sandbox forbids
    /// it.
    /// </summary>
    /// <remarks>
    /// If sockets are created or closed during a dump, the dump is repeated. On a busy system, this can happen each time. In that
    /// case, the last dump is returned, although rows may be missing.
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
