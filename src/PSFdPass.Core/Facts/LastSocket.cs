using System.Runtime.InteropServices;
using PSFdPass.Handles;

namespace PSFdPass.Facts;

/// <summary>Remembers the type of the Unix-domain socket that a thread used last, so that receiving does not query it each time.</summary>
/// <remarks>
/// The type is queried again after this library has closed or replaced a number. If other code replaces the file under the number of an
/// open handle, no descriptor is lost, and a packet that is longer than expected is reported as truncated. Sending does not rely on this,
/// because a TCP socket would drop the descriptors: see <see cref="UnixFamily"/>.
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

    /// <summary>Returns SO_TYPE of a Unix-domain socket.</summary>
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
