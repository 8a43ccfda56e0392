using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using PSFdPass.Descriptors;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Echo;

/// <summary>
/// Takes the connections that quarterbacks throw to its Unix-domain socket, greets each user on the connection the user already
/// has, and echoes every byte until the user hangs up. Serves any number of both without a thread for each.
/// </summary>
public sealed class WideReceiver : IDisposable
{
    private const int EchoBufferSize = 16384;

    private readonly Socket _listener;
    private readonly string _socketName;
    private readonly bool _allowAnyUser;
    private readonly Action<string> _log;
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    /// <summary>Makes a wide receiver, and its socket: from here on quarterbacks can connect.</summary>
    /// <param name="socketPath">The Unix-domain socket to listen on. The file is removed at the end.</param>
    /// <param name="log">Receives a line for everything that happens, from any thread.</param>
    /// <param name="socketName">What the log calls the socket, if not by its path.</param>
    /// <param name="allowAnyUser">True to serve quarterbacks of every user; otherwise only those of this process's user.</param>
    /// <param name="replaceStale">True to remove a socket file on which nobody answers.</param>
    /// <exception cref="SystemCallException">EADDRINUSE: something is there. ENAMETOOLONG, ENOENT, EACCES: the path can't be used.</exception>
    public WideReceiver(
        string socketPath, Action<string> log, string? socketName = null, bool allowAnyUser = false, bool replaceStale = false)
    {
        _log = log;
        _socketName = socketName ?? socketPath;
        _allowAnyUser = allowAnyUser;
        const UnixFileMode EveryUser = UnixSocketListener.DefaultMode |
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        _listener = UnixSocketListener.Create(
            UnixSocketAddress.FromPath(socketPath),
            backlog: int.MaxValue,
            mode: allowAnyUser ? EveryUser : UnixSocketListener.DefaultMode,
            replaceStale: replaceStale);
    }

    /// <summary>Plays until it is cancelled; by then every connection that it has is closed.</summary>
    /// <param name="listening">Called once, when the play begins.</param>
    /// <param name="cancellation">Ends the play.</param>
    public async Task RunAsync(Action? listening = null, CancellationToken cancellation = default)
    {
        _log($"Starting Wide Receiver on PID ({Environment.ProcessId})");
        _log($"Listening for messages on ({_socketName})");
        listening?.Invoke();
        try
        {
            while (true)
            {
                Socket quarterback = await PatientAccept.AcceptAsync(_listener, _log, cancellation).ConfigureAwait(false);
                Run(ServeQuarterbackAsync(quarterback, cancellation));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            await Task.WhenAll(_running.Keys).ConfigureAwait(false);
        }
    }

    /// <summary>Stops listening, and removes the socket's file.</summary>
    public void Dispose() => _listener.Dispose();

    // Keeps a task in sight until it ends, so that the play ends only when everyone was sent home.
    private void Run(Task task)
    {
        _running[task] = true;
        _ = task.ContinueWith(
            static (ended, running) => ((ConcurrentDictionary<Task, bool>)running!).TryRemove(ended, out _),
            _running,
            TaskScheduler.Default);
    }

    private async Task ServeQuarterbackAsync(Socket quarterback, CancellationToken cancellation)
    {
        using (quarterback)
        {
            try
            {
                if (!_allowAnyUser && UnixSocketPeer.Of(quarterback.SafeHandle) is var peer && peer.UserId != Unistd.GetEUid())
                {
                    _log($"Refusing a connection on ({_socketName}) from {peer}");
                    return;
                }

                _log($"Handling connection from ({_socketName})");
                while (await ReceiveAsync(quarterback, cancellation).ConfigureAwait(false) is { } message)
                {
                    if (message.Descriptors.Count == 0)
                    {
                        _log($"Ignoring {message.Data.Length} bytes that came on ({_socketName}) without a descriptor");
                    }

                    foreach (FileDescriptor descriptor in message.Descriptors)
                    {
                        if (TakeUser(descriptor) is { } user)
                        {
                            Run(ServeUserAsync(user, cancellation));
                        }
                    }
                }
            }
            catch (SystemCallException exception)
            {
                _log(exception.Message);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
            }

            _log($"Connection on ({_socketName}) closed");
        }
    }

    // A message some of whose descriptors had no room is still a message.
    private async Task<ReceivedMessage?> ReceiveAsync(Socket quarterback, CancellationToken cancellation)
    {
        try
        {
            return await DescriptorReceiver.ReceiveMessageAsync(
                quarterback.SafeHandle, Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(false);
        }
        catch (DescriptorsLostException exception)
        {
            _log(exception.Message);
            return exception.Received;
        }
    }

    // The user's connection, if that is what was thrown: anything else is closed again.
    private Socket? TakeUser(FileDescriptor descriptor)
    {
        using (descriptor)
        {
            if (descriptor.IsConnectedStream)
            {
                return descriptor.OpenSocket();
            }

            _log($"Ignoring a descriptor that is no connection: {descriptor}");
            return null;
        }
    }

    private async Task ServeUserAsync(Socket user, CancellationToken cancellation)
    {
        string name = user.RemoteEndPoint?.ToString() is { Length: > 0 } text ? text : "unnamed";
        _log($"Handling connection from ({name})");
        using (user)
        {
            try
            {
                await SendAllAsync(user, Greeting.FromWideReceiver, cancellation).ConfigureAwait(false);
                while (await EchoOnceAsync(user, cancellation).ConfigureAwait(false))
                {
                }

                // The quarterback may still hold its copy; the user sees the end at once all the same.
                user.Shutdown(SocketShutdown.Both);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // The user hung up hard, or the play is over.
            }

            _log($"Closing connection from ({name})");
        }
    }

    private static async ValueTask<bool> EchoOnceAsync(Socket user, CancellationToken cancellation)
    {
        // Waiting with an empty buffer keeps no memory for the many users who are silent.
        await user.ReceiveAsync(Memory<byte>.Empty, cancellation).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(EchoBufferSize);
        try
        {
            int length = await user.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
            await SendAllAsync(user, buffer.AsMemory(0, length), cancellation).ConfigureAwait(false);
            return length > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask SendAllAsync(Socket user, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        while (!data.IsEmpty)
        {
            data = data[await user.SendAsync(data, cancellation).ConfigureAwait(false)..];
        }
    }
}
