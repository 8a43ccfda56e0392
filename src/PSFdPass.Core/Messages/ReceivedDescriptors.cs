using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Messages;

/// <summary>
/// Owns the descriptors that recvmsg(2) has just installed until they are taken. Dispose closes those that were not taken, so that
/// no exception can leak them.
/// </summary>
internal ref struct ReceivedDescriptors
{
    private ReadOnlySpan<int> _numbers;

    /// <summary>Takes ownership of the descriptors.</summary>
    public ReceivedDescriptors(ReadOnlySpan<int> numbers) => _numbers = numbers;

    /// <summary>Returns all of them as objects that own them.</summary>
    public FileDescriptor[] TakeAll()
    {
        if (_numbers.IsEmpty)
        {
            return [];
        }

        var descriptors = new FileDescriptor[_numbers.Length];
        TakeAll(descriptors);
        return descriptors;
    }

    /// <summary>Writes all of them, as objects that own them, to a span that is large enough.</summary>
    public void TakeAll(Span<FileDescriptor> descriptors)
    {
        int taken = 0;
        while (!_numbers.IsEmpty)
        {
            descriptors[taken++] = new FileDescriptor(_numbers[0], ownsHandle: true);
            _numbers = _numbers[1..];
        }
    }

    /// <summary>Closes those that were not taken.</summary>
    public void Dispose()
    {
        Closing.CloseAll(_numbers);
        _numbers = default;
    }

    /// <summary>Sets close-on-exec where recvmsg(2) can't (macOS).</summary>
    public static void SetCloseOnExec(ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            _ = Fcntl.Control(number, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }
    }
}
