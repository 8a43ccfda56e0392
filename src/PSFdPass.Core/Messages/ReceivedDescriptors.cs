using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Messages;

/// <summary>
/// Owns the descriptors that recvmsg(2) has just installed until they are taken. Dispose closes those that have not been taken, so
/// that an exception can't leak them.
/// </summary>
internal ref struct ReceivedDescriptors
{
    private ReadOnlySpan<int> _numbers;

    /// <summary>Takes ownership of the descriptors.</summary>
    public ReceivedDescriptors(ReadOnlySpan<int> numbers) => _numbers = numbers;

    /// <summary>Returns all the descriptors as objects that own them.</summary>
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

    /// <summary>Writes all the descriptors, as objects that own them, to a span. The span must be large enough.</summary>
    public void TakeAll(Span<FileDescriptor> descriptors)
    {
        int taken = 0;
        while (!_numbers.IsEmpty)
        {
            descriptors[taken++] = new FileDescriptor(_numbers[0], ownsHandle: true);
            _numbers = _numbers[1..];
        }
    }

    /// <summary>Closes the descriptors that have not been taken.</summary>
    public void Dispose()
    {
        Closing.CloseAll(_numbers);
        _numbers = default;
    }

    /// <summary>Sets close-on-exec on received descriptors, for systems where recvmsg(2) can't do so (macOS).</summary>
    public static void SetCloseOnExec(ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            _ = Fcntl.Control(number, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }
    }
}
