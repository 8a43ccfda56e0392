using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Echo;

/// <summary>
/// Connects to the wide receiver, and tries again until it succeeds: soon after temporary errors, and less often after others. Each error
/// is logged once.
/// </summary>
internal sealed class ReceiverConnector(UnixSocketAddress address, string name, bool allowAnyUser, Action<string> log)
{
    private static readonly TimeSpan SoonPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SlowPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceAtFirst = TimeSpan.FromSeconds(2);
    private readonly uint _user = OwnUser.Id;
    private bool _hasConnected;
    private string? _logged;

    /// <summary>Connects.</summary>
    /// <exception cref="OperationCanceledException">Thrown when the token was canceled.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when connecting for the first time fails with a permanent error, such as ENOTSOCK, or ENOENT for the socket's folder, or
    /// with a temporary error that lasts longer than two seconds.
    /// </exception>
    public Socket Connect(CancellationToken cancellation)
    {
        log(SR.Format(SR.WireConnecting, name));
        if (!_hasConnected)
        {
            ThrowIfFolderMissing();
        }

        RetryTime patience = RetryTime.After(PatienceAtFirst);
        while (true)
        {
            TimeSpan pause = SlowPause;
            try
            {
                Socket wire = UnixSocket.Connect(
                    address, SocketType.Stream, Timeout.InfiniteTimeSpan, waitForListener: true, cancellationToken: cancellation);
                if (IsPermitted(wire))
                {
                    log(SR.Format(SR.WireConnected, name));
                    _hasConnected = true;
                    _logged = null;
                    return wire;
                }
            }
            catch (SystemCallException exception)
            {
                bool isSoft = SoftErrors.Contains(exception);
                if (!_hasConnected && (!isSoft || patience.IsReached))
                {
                    throw;
                }

                pause = isSoft ? SoonPause : SlowPause;
                LogOnce(exception.Message);
            }

            cancellation.WaitHandle.WaitOne(pause);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    // A socket that is missing may appear. A folder that is missing is more likely a wrong path.
    private void ThrowIfFolderMissing()
    {
        if (!address.IsAbstract && Path.GetDirectoryName(address.Name) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            FileDescriptor.Open(folder).Dispose();
        }
    }

    // Connections must not be thrown to another user's process that created a socket at the path first.
    private bool IsPermitted(Socket wire)
    {
        if (allowAnyUser)
        {
            return true;
        }

        try
        {
            using var peer = UnixSocketPeer.Of(wire.SafeHandle);
            if (peer.UserId == _user)
            {
                return true;
            }

            LogOnce(SR.Format(SR.ReceiverOfOtherUser, name, peer));
        }
        catch
        {
            wire.Dispose();
            throw;
        }

        wire.Dispose();
        return false;
    }

    private void LogOnce(string line)
    {
        if (_logged != line)
        {
            _logged = line;
            log(line);
        }
    }
}
