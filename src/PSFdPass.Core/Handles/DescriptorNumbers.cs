using System.Collections.Concurrent;

namespace PSFdPass.Handles;

/// <summary>
/// Keeps a <see cref="SafeDescriptorHandle"/> from closing a number that was closed, or given another file, by its number alone.
/// </summary>
/// <remarks>
/// A stale handle would, when it is disposed or finalized, close whatever has the number then. A register of all handles would prevent
/// that at a cost for each of them; this costs one comparison. Each change by number starts a new generation, and each handle records
/// the generation in which it was created: a handle that is older than the last change of its number no longer owns it. Objects of
/// .NET (Socket, FileStream) do not take part: close those objects, not their numbers.
/// </remarks>
internal static class DescriptorNumbers
{
    private static readonly ConcurrentDictionary<int, int> LastTaken = new();
    private static readonly object Guard = new();
    private static int s_generation;

    /// <summary>Gets the current generation: how many numbers have been taken from their handles.</summary>
    public static int Generation => Volatile.Read(ref s_generation);

    /// <summary>Returns whether a number was taken after some generation.</summary>
    public static bool IsStale(int fd, int generation) =>
        generation != Generation && LastTaken.TryGetValue(fd, out int taken) && taken > generation;

    /// <summary>
    /// Takes a number from the handle that owns it, if there is one. The caller closes it next, or replaces its file; only then may a
    /// new handle, of the new generation, own the number.
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
