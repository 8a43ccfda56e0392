using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Echo;

/// <summary>
/// Connects to the wide receiver, and tries again until it succeeds. The pause after a temporary error is shorter than after other errors.
/// Each error is logged once.
/// </summary>
internal sealed class ReceiverConnector(UnixSocketAddress address, string name, bool allowAnyUser, Action<string> log)
{
    private static readonly TimeSpan SoonPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SlowPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceAtFirst = TimeSpan.FromSeconds(2);
    private readonly uint _user = OwnUser.Id;
    private bool _hasConnected;
    private string? _logged;

    /// <summary>Connects to the wide receiver.</summary>
    /// <exception cref="OperationCanceledException">Thrown when the token is canceled.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when the first connection can't be made, because of a permanent error (such as ENOTSOCK, or ENOENT for the socket's folder) or
    /// because a temporary error lasts longer than two seconds.
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

    // A missing socket may still be created, but a missing folder usually means that the path is wrong.
    private void ThrowIfFolderMissing()
    {
        if (!address.IsAbstract && Path.GetDirectoryName(address.Name) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            FileDescriptor.Open(folder).Dispose();
        }
    }

    // Connections must not be thrown to a process of another account that has created a socket at the path first.
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
