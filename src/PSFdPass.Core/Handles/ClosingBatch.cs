using System.Buffers;

namespace PSFdPass.Handles;

/// <summary>
/// Collects the descriptor numbers of the handles that this thread releases. When the batch is disposed, it closes them, with one
/// close_range(2) for each run of consecutive numbers. If another thread still has a reference to a handle, that thread closes the
/// number.
/// </summary>
internal ref struct ClosingBatch
{
    [ThreadStatic]
    private static int[]? t_numbers;

    [ThreadStatic]
    private static int t_count;

    private readonly int _generation;
    private readonly bool _isNested;

    /// <summary>Starts collecting numbers, until <see cref="Dispose"/> is called.</summary>
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

    /// <summary>
    /// Adds the number of a handle that is being released. Returns false when this thread does not collect numbers, or when the
    /// batch is full. In that case, the caller must close the number.
    /// </summary>
    public static bool TryAdd(int fd)
    {
        if (t_numbers is not { } numbers || t_count == numbers.Length)
        {
            return false;
        }

        numbers[t_count++] = fd;
        return true;
    }

    /// <summary>Closes the collected numbers. A nested batch leaves them to the outer one.</summary>
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

    // Removes the numbers that another thread has closed by number since the batch began, because other files may have them now.
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
