using System.Net.Sockets;
using System.Net;
using System.Runtime.CompilerServices;

namespace PSFdPass.Echo;

/// <summary>Plays the user: connects once, sends lines, and reads the greetings and the echo.</summary>
public static class EchoUser
{
    /// <summary>Connects, sends each line, stops sending (shutdown(2)), and returns every line that it receives.</summary>
    /// <param name="quarterback">The address to connect to.</param>
    /// <param name="lines">The lines to send.</param>
    /// <param name="cancellation">The token that closes the connection.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when no process listens at the address (ECONNREFUSED), or when the connection ends before everything has been sent and read
    /// (ECONNRESET, EPIPE).
    /// </exception>
    public static async IAsyncEnumerable<string> SayAsync(
        IPEndPoint quarterback, IEnumerable<string> lines, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(quarterback);
        using var socket = new Socket(quarterback.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(quarterback, cancellation).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            throw SystemCallException.From(exception, "connect", quarterback.ToString());
        }

        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);

        // Lines are sent and read at the same time, because the echo of a long text starts before all of the text has been sent.
        Task typing = TypeAsync(socket, stream, lines, cancellation);
        while (await ReadAsync(reader, cancellation).ConfigureAwait(false) is { } line)
        {
            yield return line;
        }

        await typing.ConfigureAwait(false);
    }

    private static async Task<string?> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadLineAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException exception) when (exception.InnerException is SocketException reason)
        {
            throw SystemCallException.From(reason, "recv");
        }
    }

    private static async Task TypeAsync(
        Socket socket, NetworkStream stream, IEnumerable<string> lines, CancellationToken cancellation)
    {
        try
        {
            await using (var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" })
            {
                foreach (string line in lines)
                {
                    await writer.WriteLineAsync(line.AsMemory(), cancellation).ConfigureAwait(false);
                }
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when ((exception as SocketException ?? exception.InnerException) is SocketException reason)
        {
            throw SystemCallException.From(reason, "send");
        }
    }
}
