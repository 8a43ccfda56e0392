using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Finds out whether the kernel has unix_diag, built in or as a module that is or can be loaded.</summary>
internal static unsafe class UnixDiag
{
    private const int AF_NETLINK = 16;
    private const int NETLINK_SOCK_DIAG = 4;
    private const ushort NLMSG_ERROR = 2;

    /// <summary>The reason why unix_diag is not available, or null if it is.</summary>
    public static readonly string? WhyNot = OperatingSystem.IsLinux() ? FindMissing() : "Requires Linux.";

    // The kernel answers a request for a family that it has no module for with an error (sock_diag(7)).
    private static string? FindMissing()
    {
        int socket = SysSocket.Create(AF_NETLINK, Constants.SOCK_DGRAM, NETLINK_SOCK_DIAG);
        if (socket < 0)
        {
            return "The kernel has no sock_diag.";
        }

        byte* message = stackalloc byte[4096];
        LinuxUnixDiag.WriteRequest(new Span<byte>(message, 40));
        bool isAnswered = SysSocket.Send(socket, message, 40, 0) == 40 && SysSocket.Recv(socket, message, 4096, 0) >= 16;
        _ = Unistd.Close(socket);
        return isAnswered && *(ushort*)(message + 4) != NLMSG_ERROR ? null : "The kernel's unix_diag is not loaded.";
    }
}
