using System.Runtime.InteropServices;
using PSFdPass.Handles;

namespace PSFdPass.Facts;

/// <summary>
/// Remembers the type of the Unix-domain socket that a thread used last, so that the type is not queried for each receive.
/// </summary>
/// <remarks>
/// The type is queried again after this library has closed or replaced a number. If other code replaces the file that the number of
/// an open handle refers to, no descriptor is lost, and a packet that is longer than expected is reported as truncated. Sending
/// does not rely on the remembered type, because a TCP socket would drop the descriptors: see <see cref="UnixFamily"/>.
/// </remarks>
internal static class LastSocket
{
    // A weak reference, which does not keep the handle alive.
    [ThreadStatic]
    private static WeakReference<SafeHandle>? t_socket;

    [ThreadStatic]
    private static int t_generation;

    [ThreadStatic]
    private static int t_type;

    /// <summary>Returns the type of a Unix-domain socket (SO_TYPE).</summary>
    /// <inheritdoc cref="UnixFamily.Require"/>
    public static int TypeOf(SafeHandle socket, int fd)
    {
        int generation = DescriptorNumbers.Generation;
        if (t_generation == generation && t_socket is { } last && last.TryGetTarget(out SafeHandle? known) && ReferenceEquals(known, socket))
        {
            return t_type;
        }

        UnixFamily.Require(fd);
        t_type = SocketFacts.TypeOf(fd);
        t_generation = generation;
        (t_socket ??= new WeakReference<SafeHandle>(socket)).SetTarget(socket);
        return t_type;
    }
}
