using System.Diagnostics;
using System.Management.Automation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Accepts connections on a listening socket, and returns each when it arrives.</summary>
[Cmdlet(VerbsLifecycle.Wait, "UnixSocketConnection")]
[OutputType(typeof(Socket))]
public sealed class WaitUnixSocketConnectionCommand : SocketMakingCommand
{
    private HashSet<uint>? _users;

    /// <summary>A listening socket of any family: a Socket, a FileDescriptor, a TcpListener, a SafeHandle, a DescriptorInfo or a descriptor's number.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ListenerNumberCompleter))]
    public object Listener { get; set; } = null!;

    /// <summary>The time limit for each connection.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>The number of connections to accept; by default, one.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>Accept connections until the command is stopped.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>Accept only connections from these users, by name or number. Other connections are closed, with a warning.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(UserNameCompleter))]
    public string[]? RequireUser { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Run(() => _users = RequireUser?.Select(UserNames.Find).ToHashSet(), RequireUser);

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        () =>
        {
            SafeHandle listener = HandleOf(Listener);
            if (_users is not null)
            {
                // This fails for sockets of other families, which do not report the peer's user.
                _ = UnixSocketType.Of(listener);
            }

            int accepted = 0;
            do
            {
                ThrowIfStopping();
                Socket connection = Accept(listener);
                WriteVerbose(() => SR.Format(SR.Accepted, SocketSummary.NumberOf(connection)));
                WriteSockets(connection);
                accepted++;
            }
            while (Count is { } count ? accepted < count : Follow);
        },
        Listener);

    /// <inheritdoc/>
    protected override string? DescribeError(Exception exception) =>
        exception is ArgumentException && Unwrap(Listener) is string or FileSystemInfo
            ? SR.Format(SR.PathNotListener, ShownText.Of(Listener.ToString()!))
            : null;

    private Socket Accept(SafeHandle listener)
    {
        TimeSpan timeout = ToTimeout(TimeoutSeconds);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : TimeSpan.FromTicks(Math.Max((timeout - clock.Elapsed).Ticks, 0));
            Socket connection = UnixSocket.Accept(listener, left, Stopped);
            try
            {
                if (_users is null || IsRequired(connection))
                {
                    Socket allowed = connection;
                    connection = null!;
                    return allowed;
                }
            }
            finally
            {
                connection?.Dispose();
            }
        }
    }

    private bool IsRequired(Socket connection)
    {
        using var peer = UnixSocketPeer.Of(connection.SafeHandle);
        if (_users!.Contains(peer.UserId))
        {
            return true;
        }

        WriteWarning(SR.Format(SR.ConnectionRefused, peer.Describe()));
        return false;
    }
}
