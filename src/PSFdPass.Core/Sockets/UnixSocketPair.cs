using System.Net.Sockets;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Pairs of connected, unnamed Unix-domain sockets: socketpair(2).</summary>
public static class UnixSocketPair
{
    /// <summary>Makes a pair. Both ends are close-on-exec, blocking, and the caller's to dispose.</summary>
    /// <param name="type">Stream, Seqpacket or Dgram.</param>
    /// <exception cref="SystemCallException">socketpair(2) failed: EMFILE without a free descriptor, EPROTONOSUPPORT for
    /// Seqpacket on macOS.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Another type of socket.</exception>
    public static (Socket Left, Socket Right) Create(SocketType type = SocketType.Stream)
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = CreateHandles(type);
        using (left)
        using (right)
        {
            // Each constructor takes its descriptor over or throws; what is not taken over is closed with its handle.
            Socket first = SocketConversion.ToSocket(left);
            try
            {
                return (first, SocketConversion.ToSocket(right));
            }
            catch
            {
                first.Dispose();
                throw;
            }
        }
    }

    internal static unsafe (SafeDescriptorHandle Left, SafeDescriptorHandle Right) CreateHandles(SocketType type)
    {
        int number = SocketTypes.NumberOfUnix(type);
        int* pair = stackalloc int[2];
        if (SysSocket.SocketPair(Constants.AF_UNIX, number | Constants.Current.SOCK_CLOEXEC, 0, pair) < 0)
        {
            throw SystemCallException.FromLast("socketpair");
        }

        var left = new SafeDescriptorHandle(pair[0], ownsHandle: true);
        var right = new SafeDescriptorHandle(pair[1], ownsHandle: true);
        if (Constants.Current.SOCK_CLOEXEC == 0)
        {
            _ = Fcntl.Control(pair[0], Constants.F_SETFD, Constants.FD_CLOEXEC);
            _ = Fcntl.Control(pair[1], Constants.F_SETFD, Constants.FD_CLOEXEC);
        }

        return (left, right);
    }
}
