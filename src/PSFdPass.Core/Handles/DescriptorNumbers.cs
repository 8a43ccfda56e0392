using System.Collections.Concurrent;

namespace PSFdPass.Handles;

/// <summary>
/// Prevents a <see cref="SafeDescriptorHandle"/> from closing a number that this library has closed or replaced without the handle.
/// </summary>
/// <remarks>
/// When such a stale handle is disposed or finalized, it would close the file that has the number then. Each change by number starts a
/// new generation, and each handle records the generation in which it was created. A handle that is older than the last change of its
/// number no longer owns it. The check costs one comparison; a register of all handles would cost more. .NET objects (Socket,
/// FileStream) do not take part: close those objects, not their numbers.
/// </remarks>
internal static class DescriptorNumbers
{
    private static readonly ConcurrentDictionary<int, int> LastTaken = new();
    private static readonly object Guard = new();
    private static int s_generation;

    /// <summary>Gets the current generation: the number of calls of <see cref="Take"/>.</summary>
    public static int Generation => Volatile.Read(ref s_generation);

    /// <summary>Returns whether a number was taken after the given generation.</summary>
    public static bool IsStale(int fd, int generation) =>
        generation != Generation && LastTaken.TryGetValue(fd, out int taken) && taken > generation;

    /// <summary>
    /// Takes a number from the handle that owns it, if there is one. The caller then closes it, or replaces its file. Only after
    /// that may a new handle, of the new generation, own the number.
    /// </summary>
    public static void Take(int fd)
    {
        lock (Guard)
        {
            LastTaken[fd] = s_generation + 1;
            Volatile.Write(ref s_generation, s_generation + 1);
        }
    }

    /// <summary>Creates the exception for a number that is not a descriptor.</summary>
    public static ArgumentOutOfRangeException NotADescriptor(long number) =>
        new(null, SR.Format(SR.DescriptorNumberNegative, number));
}
