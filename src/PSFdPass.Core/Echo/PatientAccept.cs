using System.Net.Sockets;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Echo;

/// <summary>Accepts for a player that goes on whatever happens.</summary>
internal static class PatientAccept
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Accepts one connection. Without a free descriptor (EMFILE), or after one that was gone before we came, the others wait in
    /// the backlog and are tried again.
    /// </summary>
    /// <remarks>
    /// An asynchronous operation of the Socket itself would set O_NONBLOCK, which on some systems accepted connections inherit,
    /// and whoever is handed one would share it.
    /// </remarks>
    public static async Task<Socket> AcceptAsync(Socket listener, Action<string> log, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await UnixSocketConnection.AcceptAsync(listener, Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(false);
            }
            catch (SystemCallException exception)
            {
                log(exception.Message);
                await Task.Delay(PauseAfterError, cancellation).ConfigureAwait(false);
            }
        }
    }
}
