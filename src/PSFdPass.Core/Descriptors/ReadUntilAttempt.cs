using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Reads up to a delimiter and nothing beyond it: from sockets with MSG_PEEK, from files with pread(2), and byte by byte from pipes
/// and terminals. A packet is read whole. The result is false at end of file.
/// </summary>
internal unsafe struct ReadUntilAttempt(SafeHandle handle, StreamMode mode, byte delimiter, IBufferWriter<byte> data, TimeSpan timeout)
    : IAttempt<bool>
{
    private const int SEEK_CUR = 1;
    private const int MostAtOnce = 4096;

    // Peeking and reading are two calls. The lock ensures that no other thread of this process reads the data in between.
    private static readonly object Gate = new();

    /// <inheritdoc/>
    public readonly short Events => Poll.POLLIN;

    /// <inheritdoc/>
    public readonly Outcome Try(out bool result)
    {
        using var lease = new HandleLease(handle);
        lock (Gate)
        {
            return mode.IsSocket
                ? SocketFacts.IsStream(lease.Fd) ? TryStream(lease.Fd, out result) : PacketRead.TryRead(lease.Fd, data, out result)
                : mode.IsFile && Unistd.Seek(lease.Fd, 0, SEEK_CUR) is >= 0 and long offset ? TryFile(lease.Fd, offset, out result)
                : TryBytes(lease.Fd, out result);
        }
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new TimeoutException(
        SR.Format(SR.DelimiterTimedOut, timeout.TotalSeconds));

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);

    [SkipLocalsInit]
    private readonly Outcome TryStream(int fd, out bool result)
    {
        result = false;
        byte* buffer = stackalloc byte[MostAtOnce];
        Outcome outcome = SocketFacts.IsUnix(fd)
            ? SocketTransfer.Peek(fd, buffer, MostAtOnce, out int count)
            : StreamMode.OutcomeOf(
                SysSocket.Recv(fd, buffer, MostAtOnce, Constants.MSG_PEEK | Constants.Current.MSG_DONTWAIT), "recv", fd, out count);
        if (outcome != Outcome.Done || count == 0)
        {
            return outcome;
        }

        outcome = StreamMode.OutcomeOf(
            SysSocket.Recv(fd, buffer, (nuint)LengthUntilDelimiter(buffer, count), Constants.Current.MSG_DONTWAIT), "recv", fd, out count);
        return outcome == Outcome.Done ? Append(buffer, count, out result) : outcome;
    }

    [SkipLocalsInit]
    private readonly Outcome TryFile(int fd, long offset, out bool result)
    {
        result = false;
        byte* buffer = stackalloc byte[MostAtOnce];
        Outcome outcome = StreamMode.OutcomeOf(Unistd.ReadAt(fd, buffer, MostAtOnce, offset), "pread", fd, out int count);
        if (outcome != Outcome.Done || count == 0)
        {
            return outcome;
        }

        int length = LengthUntilDelimiter(buffer, count);
        return Unistd.Seek(fd, length, SEEK_CUR) >= 0
            ? Append(buffer, length, out result)
            : throw SystemCallException.FromLast("lseek", fd);
    }

    // Reads a limited number of bytes at once, so that the wait loop can check the deadline and the cancellation even if a writer
    // never stops.
    [SkipLocalsInit]
    private readonly Outcome TryBytes(int fd, out bool result)
    {
        result = false;
        byte* buffer = stackalloc byte[MostAtOnce];
        int length = 0;
        Outcome outcome = Outcome.Done;
        try
        {
            while (length < MostAtOnce && (outcome = mode.Read(fd, buffer + length, 1, out int count)) == Outcome.Done)
            {
                if (count == 0)
                {
                    return Outcome.Done;
                }

                length++;
                if (buffer[length - 1] == delimiter)
                {
                    result = true;
                    return Outcome.Done;
                }
            }
        }
        finally
        {
            data.Write(new ReadOnlySpan<byte>(buffer, length));
        }

        return outcome == Outcome.Done ? Outcome.Partial : outcome;
    }

    private readonly int LengthUntilDelimiter(byte* buffer, int count)
    {
        int index = new ReadOnlySpan<byte>(buffer, count).IndexOf(delimiter);
        return index < 0 ? count : index + 1;
    }

    private readonly Outcome Append(byte* buffer, int count, out bool result)
    {
        data.Write(new ReadOnlySpan<byte>(buffer, count));
        result = count > 0 && buffer[count - 1] == delimiter;
        return result || count == 0 ? Outcome.Done : Outcome.Partial;
    }
}
