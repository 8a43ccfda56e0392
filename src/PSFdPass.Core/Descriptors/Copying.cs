using System.Buffers;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>Copies data from one descriptor to another. An instance can be used for one copy.</summary>
internal sealed unsafe class Copying
{
    private const int SEEK_CUR = 1;

    // The maximum number of bytes that are copied at once. The limits allow a copy to be canceled and to report its progress.
    private const int MostInKernel = 8 << 20;
    private const int MostThroughBuffer = 128 << 10;

    private readonly SafeHandle _source;
    private readonly SafeHandle _target;
    private readonly StreamMode _sourceMode;
    private readonly StreamMode _targetMode;
    private readonly TimeSpan _timeout;
    private readonly Deadline _deadline;
    private readonly CancellationToken _cancellationToken;
    private readonly bool _isStreamSocket;
    private readonly ArrayBufferWriter<byte>? _packet;
    private readonly bool _canSeek;
    private Method _method;
    private byte[]? _buffer;

    public Copying(SafeHandle source, SafeHandle target, TimeSpan timeout, CancellationToken cancellationToken)
    {
        (_source, _target, _timeout, _cancellationToken) = (source, target, timeout, cancellationToken);
        _deadline = Deadline.After(timeout);
        using var from = new HandleLease(source);
        using var to = new HandleLease(target);
        _sourceMode = StreamMode.Of(from.Fd);
        _targetMode = StreamMode.Of(to.Fd);
        _isStreamSocket = _sourceMode.IsSocket && SocketFacts.IsStream(from.Fd);
        _packet = _sourceMode.IsSocket && !_isStreamSocket ? new ArrayBufferWriter<byte>() : null;
        _canSeek = _sourceMode.IsFile && Unistd.Seek(from.Fd, 0, SEEK_CUR) >= 0;
        _method = OperatingSystem.IsLinux() ? FirstMethod(from.Fd, to.Fd) : Method.Buffer;
    }

    private enum Method
    {
        CopyFileRange,
        SendFile,
        Splice,
        Buffer,
    }

    /// <summary>Copies up to <paramref name="count"/> bytes, and returns the number of bytes that were copied.</summary>
    public long Run(long count, IProgress<long>? progress)
    {
        long total = 0;
        try
        {
            while (total < count)
            {
                ThrowIfEnded();
                int part = (int)Math.Min(count - total, _method == Method.Buffer ? MostThroughBuffer : MostInKernel);
                int copied = _packet is not null ? CopyPacket(_packet)
                    : _method == Method.Buffer ? CopyThroughBuffer(part)
                    : CopyInKernel(part, isFirst: total == 0);
                if (copied == 0)
                {
                    break;
                }

                total += Math.Max(copied, 0);
                progress?.Report(total);
            }
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException(SR.Format(SR.CopyProgress, exception.Message, total), exception);
        }

        return total;
    }

    // Returns the method to try first. If the kernel refuses it, the copy continues with another one.
    private static Method FirstMethod(int source, int target)
    {
        _ = SysStat.TryGetStatus(source, out SysStat.FileStatus from);
        _ = SysStat.TryGetStatus(target, out SysStat.FileStatus to);
        bool areFiles = from.Type == SysStat.S_IFREG && to.Type == SysStat.S_IFREG;
        if (areFiles && from.Inode == to.Inode && from.Device == to.Device)
        {
            throw new ArgumentException(SR.CopySameFile);
        }

        return areFiles ? Method.CopyFileRange
            : CanSplice(from.Type) && CanSplice(to.Type) ? Method.Splice
            : Method.Buffer;
    }

    // splice(2) on a socket or a terminal can block, regardless of the flags.
    private static bool CanSplice(int type) => type is SysStat.S_IFIFO or SysStat.S_IFREG;

    private void ThrowIfEnded()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (_deadline.HasPassed)
        {
            throw new TimeoutException(SR.Format(SR.CopyTimedOut, _timeout.TotalSeconds));
        }
    }

    // Returns -1 when nothing was copied but the source has not ended: try again, perhaps with another method.
    private int CopyInKernel(int length, bool isFirst)
    {
        if (_method == Method.Splice)
        {
            WaitUntilReady();
        }

        using var from = new HandleLease(_source);
        using var to = new HandleLease(_target);
        nint result = _method switch
        {
            Method.CopyFileRange => LinuxSplice.CopyFileRange(from.Fd, 0, to.Fd, 0, (nuint)length, 0),
            Method.SendFile => LinuxSplice.SendFile(to.Fd, from.Fd, 0, (nuint)length),
            _ => LinuxSplice.Splice(
                from.Fd, 0, to.Fd, 0, (nuint)length, LinuxSplice.SPLICE_F_MOVE | LinuxSplice.SPLICE_F_NONBLOCK),
        };
        int errno = result < 0 ? Errno.Last : 0;
        if (result > 0 || errno == Errno.EINTR || errno == Errno.EAGAIN)
        {
            return (int)result;
        }

        // Try another method after an error, and also if nothing was copied at first, because files in /proc appear empty to these
        // calls. If the error remains, read(2) or write(2) reports it.
        if (errno != 0 || isFirst)
        {
            _method = _method == Method.CopyFileRange ? Method.SendFile : Method.Buffer;
            return -1;
        }

        return 0;
    }

    private int CopyThroughBuffer(int length)
    {
        // Nothing is read until it can be written.
        WaitUntilReady();
        _buffer ??= new byte[MostThroughBuffer];

        // A pipe that poll(2) reports as writable accepts PIPE_BUF bytes without blocking, and a socket accepts more.
        length = _canSeek || _isStreamSocket ? length : Math.Min(length, StreamMode.PipeBuf);
        fixed (byte* bytes = _buffer)
        {
            int count = Read(bytes, length);
            if (count <= 0)
            {
                return count;
            }

            Write(bytes, count);
            return count;
        }
    }

    // An empty packet is written as an empty packet. If the target is not a SEQPACKET or datagram socket, that has no effect.
    private int CopyPacket(ArrayBufferWriter<byte> packet)
    {
        WaitUntilReady();
        packet.ResetWrittenCount();
        var read = new PacketRead(_source, packet, _timeout);
        if (!WaitLoop.Run<PacketRead, bool>(ref read, _source, _deadline, _cancellationToken))
        {
            return 0;
        }

        fixed (byte* bytes = packet.WrittenSpan)
        {
            Write(bytes, packet.WrittenCount);
        }

        return packet.WrittenCount == 0 ? -1 : packet.WrittenCount;
    }

    private void Write(byte* bytes, int count)
    {
        var write = new StreamWrite(_target, bytes, count, _targetMode, _timeout);
        try
        {
            _ = WaitLoop.Run<StreamWrite, int>(ref write, _target, _deadline, _cancellationToken);
        }
        catch (TimeoutException exception) when (!_canSeek && !_isStreamSocket)
        {
            throw new TimeoutException(SR.Format(SR.CopyBytesLost, exception.Message), exception);
        }
        finally
        {
            Settle(bytes, count, write.Written);
        }
    }

    // The data of a stream socket stays in its queue (MSG_PEEK) until it has been written to the target.
    private int Read(byte* bytes, int length)
    {
        if (!_isStreamSocket)
        {
            var read = new StreamRead(_source, bytes, length, _sourceMode, _timeout);
            return WaitLoop.Run<StreamRead, int>(ref read, _source, _deadline, _cancellationToken);
        }

        using var lease = new HandleLease(_source);
        return SocketTransfer.Peek(lease.Fd, bytes, length, out int count) == Outcome.Done ? count : -1;
    }

    private void Settle(byte* bytes, int count, int written)
    {
        try
        {
            using var lease = new HandleLease(_source);
            if (_isStreamSocket)
            {
                while (written > 0 && SysSocket.Recv(lease.Fd, bytes, (nuint)written, Constants.Current.MSG_DONTWAIT) is > 0 and nint taken)
                {
                    written -= (int)taken;
                }
            }
            else if (_canSeek && written < count)
            {
                _ = Unistd.Seek(lease.Fd, written - count, SEEK_CUR);
            }
        }
        catch (ObjectDisposedException)
        {
            // Another thread has closed the source.
        }
    }

    private void WaitUntilReady()
    {
        if (!_sourceMode.IsFile)
        {
            var read = new ReadyAttempt(_source, _target, Poll.POLLIN, _timeout);
            _ = WaitLoop.Run<ReadyAttempt, bool>(ref read, _source, _deadline, _cancellationToken);
        }

        if (!_targetMode.IsFile)
        {
            var write = new ReadyAttempt(_target, _source, Poll.POLLOUT, _timeout);
            _ = WaitLoop.Run<ReadyAttempt, bool>(ref write, _target, _deadline, _cancellationToken);
        }
    }
}
