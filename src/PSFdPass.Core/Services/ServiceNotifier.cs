using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Interop;
using PSFdPass.Services;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// Notifies the service manager about the state of this process. Implements the protocol of sd_notify(3) without libsystemd.
/// </summary>
/// <remarks>
/// All members are thread-safe. Notifications are datagrams to the address in the environment variable NOTIFY_SOCKET. The variable is kept,
/// so child processes inherit it.
/// </remarks>
public static class ServiceNotifier
{
    private const string Variable = "NOTIFY_SOCKET";

    /// <summary>Gets a value indicating whether the environment variable NOTIFY_SOCKET is set.</summary>
    public static bool IsManaged => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    /// <summary>Sends one notification to the service manager.</summary>
    /// <param name="notification">The contents of the notification.</param>
    /// <param name="timeout">The time to wait while the manager's queue is full; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when the notification is empty or the status has more than one line.</exception>
    /// <exception cref="ServiceManagerException">Thrown when NOTIFY_SOCKET is not set, malformed or not supported.</exception>
    /// <exception cref="SystemCallException">Thrown when sending to the manager fails: ENOENT, ECONNREFUSED, EACCES and so on.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">
    /// Thrown when the manager's queue had no space for the notification within the timeout. The notification was not sent.
    /// </exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled. The notification was not sent.</exception>
    public static void Send(ServiceNotification notification, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(notification);
        string text = Format(notification);
        if (text.Length == 0)
        {
            throw new ArgumentException(SR.NotificationEmpty, nameof(notification));
        }

        Send(text, [], Deadline.After(timeout), cancellationToken);
    }

    /// <summary>
    /// Waits until the service manager has processed every notification that this process has sent (<c>BARRIER=1</c>,
    /// sd_notify_barrier(3)).
    /// </summary>
    /// <param name="timeout">The maximum time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ServiceManagerException">Thrown when NOTIFY_SOCKET is not set, malformed or not supported.</exception>
    /// <exception cref="SystemCallException">Thrown when sending to the manager fails: ENOENT, ECONNREFUSED, EACCES and so on.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">Thrown when the manager didn't process the notifications in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    public static void SendBarrier(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);

        // The manager closes its duplicate of the second socket when it has processed all notifications that precede the barrier.
        (Socket ours, Socket theirs) = ServiceSockets.CreatePair();
        using (ours)
        {
            using (theirs)
            {
                Send("BARRIER=1", [theirs.SafeHandle], deadline, cancellationToken);
                FileDescriptor.CloseHandle(theirs.SafeHandle);
            }

            Span<byte> buffer = stackalloc byte[1];
            try
            {
                ServiceSockets.Receive(ours.SafeHandle, buffer, deadline, cancellationToken);
            }
            catch (TimeoutException exception)
            {
                throw new TimeoutException(SR.ManagerBarrierTimedOut, exception);
            }
        }
    }

    /// <summary>Sends the text of a notification, with descriptors.</summary>
    internal static void Send(
        string text, ReadOnlySpan<SafeHandle> descriptors, Deadline deadline, CancellationToken cancellationToken)
    {
        UnixSocketAddress address = GetAddress();
        try
        {
            using Socket socket = ServiceSockets.Connect(address, SocketType.Dgram, deadline, cancellationToken);
            DescriptorSender.Send(
                socket.SafeHandle, Encoding.UTF8.GetBytes(text), descriptors, ServiceSockets.TimeLeft(deadline), cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException(SR.Format(SR.ManagerTimedOut, address), exception);
        }
    }

    private static UnixSocketAddress GetAddress()
    {
        string? value = Environment.GetEnvironmentVariable(Variable);
        return value switch
        {
            null or "" => throw new ServiceManagerException(ServiceManagerError.NotManaged, SR.Format(SR.ManagerMissing, Variable)),
            ['/', ..] => UnixSocketAddress.FromPath(value),
            ['@', _, ..] => UnixSocketAddress.FromAbstractName(value[1..]),
            _ when value.StartsWith("vsock", StringComparison.Ordinal) => throw new ServiceManagerException(
                ServiceManagerError.NotSupported,
                SR.Format(SR.ManagerAddressNotSupported, Variable, ShownText.Of(value))),
            _ => throw new ServiceManagerException(
                ServiceManagerError.Malformed,
                SR.Format(SR.ManagerAddressInvalid, Variable, ShownText.Of(value))),
        };
    }

    private static string Format(ServiceNotification notification)
    {
        if (notification.Status?.AsSpan().ContainsAny("\n\0") == true)
        {
            throw new ArgumentException(SR.StatusInvalid, nameof(notification));
        }

        var text = new StringBuilder();
        Append(notification.Ready, "READY=1");
        Append(notification.Reloading, "RELOADING=1");
        Append(notification.Reloading, $"MONOTONIC_USEC={SysTime.MonotonicMicroseconds()}");
        Append(notification.Stopping, "STOPPING=1");
        Append(notification.Watchdog, "WATCHDOG=1");
        Append(notification.MainProcessId is not null, $"MAINPID={notification.MainProcessId}");
        Append(notification.Status is not null, $"STATUS={notification.Status}");
        return text.ToString();

        void Append(bool isWanted, string line)
        {
            if (isWanted)
            {
                text.Append(text.Length > 0 ? "\n" : "").Append(line);
            }
        }
    }
}
