using System.Buffers;

namespace PSFdPass.Handles;

/// <summary>
/// Collects the numbers of the handles that this thread releases, and closes them at the end with one close_range(2) for each run of
/// consecutive numbers. Handles that another thread still has a reference to are closed by that thread.
/// </summary>
internal ref struct ClosingBatch
{
    [ThreadStatic]
    private static int[]? t_numbers;

    [ThreadStatic]
    private static int t_count;

    private readonly int _generation;
    private readonly bool _isNested;

    /// <summary>Begins to collect, until <see cref="Dispose"/>.</summary>
    /// <param name="capacity">The number of handles that will be released.</param>
    public ClosingBatch(int capacity)
    {
        _isNested = t_numbers is not null;
        if (!_isNested)
        {
            _generation = DescriptorNumbers.Generation;
            t_count = 0;
            t_numbers = ArrayPool<int>.Shared.Rent(capacity);
        }
    }

    /// <summary>Adds a number that a handle has just given up. False when this thread does not collect; the caller closes it then.</summary>
    public static bool TryAdd(int fd)
    {
        if (t_numbers is not { } numbers || t_count == numbers.Length)
        {
            return false;
        }

        numbers[t_count++] = fd;
        return true;
    }

    /// <summary>Closes the numbers.</summary>
    public readonly void Dispose()
    {
        if (_isNested)
        {
            return;
        }

        int[] collected = t_numbers!;
        t_numbers = null;
        Span<int> numbers = collected.AsSpan(0, t_count);
        if (_generation != DescriptorNumbers.Generation)
        {
            numbers = WithoutStale(numbers);
        }

        Closing.CloseAll(numbers);
        ArrayPool<int>.Shared.Return(collected);
    }

    // Numbers that another thread has closed by number since the batch began, and that other files may have now.
    private readonly Span<int> WithoutStale(Span<int> numbers)
    {
        int kept = 0;
        foreach (int number in numbers)
        {
            if (!DescriptorNumbers.IsStale(number, _generation))
            {
                numbers[kept++] = number;
            }
        }

        return numbers[..kept];
    }
}
