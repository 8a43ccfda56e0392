using System.Diagnostics.CodeAnalysis;
using PSFdPass.Interop;

namespace PSFdPass.Messages;

/// <summary>
/// Owns the descriptors that recvmsg(2) has just installed until somebody takes them: whatever is not taken is closed with it,
/// so forgetting them, or failing before they are wrapped, is safe.
/// </summary>
internal ref struct DescriptorDrain
{
    private ReadOnlySpan<int> _numbers;

    /// <summary>Owns these descriptors.</summary>
    public DescriptorDrain(ReadOnlySpan<int> numbers) => _numbers = numbers;

    /// <summary>Hands out all of them as objects that own them.</summary>
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

    /// <summary>Hands out all of them as objects that own them, into a span that has room for them.</summary>
    public void TakeAll(Span<FileDescriptor> descriptors)
    {
        int taken = 0;
        while (!_numbers.IsEmpty)
        {
            descriptors[taken++] = new FileDescriptor(_numbers[0], ownsHandle: true);
            _numbers = _numbers[1..];
        }
    }

    /// <summary>Hands out the next one as an object that owns it; false when there is none any more.</summary>
    public bool TryTake([NotNullWhen(true)] out FileDescriptor? descriptor)
    {
        descriptor = _numbers.IsEmpty ? null : new FileDescriptor(_numbers[0], ownsHandle: true);
        _numbers = _numbers.IsEmpty ? _numbers : _numbers[1..];
        return descriptor is not null;
    }

    /// <summary>Closes those that were not taken.</summary>
    public void Dispose()
    {
        Close(_numbers);
        _numbers = default;
    }

    /// <summary>Closes descriptors by number.</summary>
    public static void Close(ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            _ = Unistd.Close(number);
        }
    }

    /// <summary>Sets close-on-exec, where recvmsg(2) can't do it by itself (macOS).</summary>
    public static void SetCloseOnExec(ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            _ = Fcntl.Control(number, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }
    }
}
