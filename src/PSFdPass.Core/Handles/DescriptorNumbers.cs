using System.Collections.Concurrent;

namespace PSFdPass.Handles;

/// <summary>
/// Prevents a <see cref="SafeDescriptorHandle"/> from closing a number that this library has closed or replaced without the handle.
/// </summary>
/// <remarks>
/// A handle whose number was closed or replaced is stale. If it were disposed or finalized, it would close the file that has the
/// number at that time. To prevent that, each <see cref="Take"/> of a number starts a new generation, and each handle records the
/// generation in which it was created. A handle that is older than the last change of its number no longer owns it. The check costs
/// one comparison; a register of all handles would cost more. Handles of .NET objects, such as Socket and FileStream, are not
/// checked: close those objects, not their numbers.
/// </remarks>
internal static class DescriptorNumbers
{
    private static readonly ConcurrentDictionary<int, int> LastTaken = new();
    private static readonly object Guard = new();
    private static int s_generation;

    /// <summary>Gets the current generation: the number of calls to <see cref="Take"/>.</summary>
    public static int Generation => Volatile.Read(ref s_generation);

    /// <summary>Returns whether a number has been taken since the given generation.</summary>
    public static bool IsStale(int fd, int generation) =>
        generation != Generation && LastTaken.TryGetValue(fd, out int taken) && taken > generation;

    /// <summary>
    /// Takes a number away from the handle that owns it, if any. The caller must then close the number or replace its file. A
    /// handle that is created after this call can own the number again.
    /// </summary>
    public static void Take(int fd)
    {
        lock (Guard)
        {
            LastTaken[fd] = s_generation + 1;
            Volatile.Write(ref s_generation, s_generation + 1);
        }
    }

    /// <summary>Creates the exception for a negative number, which can't be a descriptor.</summary>
    public static ArgumentOutOfRangeException NotADescriptor(long number) =>
        new(null, SR.Format(SR.DescriptorNumberNegative, number));
}
