namespace PSFdPass.Benchmarks.Measuring;

/// <summary>The memory of a process, in bytes (<c>/proc/…/smaps_rollup</c>).</summary>
/// <param name="Resident">Rss: the memory that is resident, including shared libraries.</param>
/// <param name="Private">Private_Clean and Private_Dirty: the part of it that no other process shares.</param>
internal readonly record struct Memory(long Resident, long Private)
{
    /// <summary>Returns the memory of the calling process.</summary>
    public static Memory OfThisProcess()
    {
        long resident = 0;
        long own = 0;
        foreach (string line in File.ReadLines("/proc/self/smaps_rollup"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words[0])
            {
                case "Rss:":
                    resident = long.Parse(words[1]) * 1024;
                    break;
                case "Private_Clean:" or "Private_Dirty:":
                    own += long.Parse(words[1]) * 1024;
                    break;
            }
        }

        return new Memory(resident, own);
    }
}
