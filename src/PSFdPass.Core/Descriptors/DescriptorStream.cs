using System.Buffers;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// A stream over a file, a pipe or a device. It calls read(2) and write(2) at the offset of the open file description, which all
/// processes that have that description share.
/// </summary>
/// <remarks>
/// Nothing is buffered, so that several processes can write to one file without losing text. O_NONBLOCK is neither needed nor
/// changed: a call that would block waits in the wait loop. Disposing the stream from another thread ends a wait with
/// <see cref="ObjectDisposedException"/>. Thread-safe, apart from <see cref="ReadTimeout"/> and <see cref="WriteTimeout"/>.
/// </remarks>
internal sealed class DescriptorStream : Stream
{
    private const int SEEK_SET = 0;
    private const int SEEK_CUR = 1;
    private const int SEEK_END = 2;

    private readonly SafeDescriptorHandle _handle;
    private readonly StreamMode _mode;
    private readonly bool _canRead;
    private readonly bool _canWrite;
    private readonly bool _canSeek;
    private int _readTimeout = Timeout.Infinite;
    private int _writeTimeout = Timeout.Infinite;

    /// <summary>Creates a stream that takes ownership of a handle.</summary>
    public DescriptorStream(SafeDescriptorHandle handle, DescriptorKind kind, DescriptorAccess access)
    {
        _handle = handle;
        _canRead = access is DescriptorAccess.Read or DescriptorAccess.ReadWrite;
        _canWrite = access is DescriptorAccess.Write or DescriptorAccess.ReadWrite;
        bool isFile = kind is DescriptorKind.File or DescriptorKind.MemoryFile;
        _canSeek = isFile && Unistd.Seek((int)handle.DangerousGetHandle(), 0, SEEK_CUR) >= 0;
        _mode = new StreamMode(isFile || kind == DescriptorKind.BlockDevice);
    }

    /// <summary>Gets the handle, which the stream still owns.</summary>
    public SafeHandle SafeHandle => _handle;

    /// <inheritdoc/>
    public override bool CanRead => _canRead && !_handle.IsClosed;

    /// <inheritdoc/>
    public override bool CanWrite => _canWrite && !_handle.IsClosed;

    /// <inheritdoc/>
    public override bool CanSeek => _canSeek && !_handle.IsClosed;

    /// <inheritdoc/>
    public override bool CanTimeout => true;

    /// <inheritdoc/>
    public override int ReadTimeout
    {
        get => _readTimeout;
        set => _readTimeout = CheckTimeout(value);
    }

    /// <inheritdoc/>
    public override int WriteTimeout
    {
        get => _writeTimeout;
        set => _writeTimeout = CheckTimeout(value);
    }

    /// <inheritdoc/>
    public override long Length
    {
        get
        {
            using HandleLease lease = LeaseToSeek();
            return SysStat.TryGetStatus(lease.Fd, out SysStat.FileStatus status)
                ? status.Size
                : throw SystemCallException.FromLast("fstat", lease.Fd);
        }
    }

    /// <inheritdoc/>
    public override long Position
    {
        get => Seek(0, SeekOrigin.Current);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _ = Seek(value, SeekOrigin.Begin);
        }
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin)
    {
        using HandleLease lease = LeaseToSeek();
        int whence = origin switch
        {
            SeekOrigin.Begin => SEEK_SET,
            SeekOrigin.Current => SEEK_CUR,
            SeekOrigin.End => SEEK_END,
            _ => throw new ArgumentOutOfRangeException(nameof(origin)),
        };
        long position = Unistd.Seek(lease.Fd, offset, whence);
        return position >= 0 ? position : throw SystemCallException.FromLast("lseek", lease.Fd);
    }

    /// <inheritdoc/>
    public override void SetLength(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ThrowIfNotWritable();
        using HandleLease lease = LeaseToSeek();
        int result;
        do
        {
            result = Unistd.Truncate(lease.Fd, value);
        }
        while (result < 0 && Errno.Last == Errno.EINTR);

        if (result < 0)
        {
            throw SystemCallException.FromLast("ftruncate", lease.Fd);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override unsafe int Read(Span<byte> buffer)
    {
        ThrowIfNotReadable();
        fixed (byte* bytes = buffer)
        {
            var attempt = new StreamRead(_handle, bytes, buffer.Length, _mode, TimeSpan.FromMilliseconds(_readTimeout));
            return WaitLoop.Run<StreamRead, int>(ref attempt, _handle, DeadlineAfter(_readTimeout), CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public override int ReadByte()
    {
        byte value = 0;
        return Read(MemoryMarshal.CreateSpan(ref value, 1)) == 0 ? -1 : value;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ThrowIfNotReadable();
        return _mode.IsFile
            ? new ValueTask<int>(Task.Run(() => Read(buffer.Span), cancellationToken))
            : ReadWhenReadyAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <inheritdoc/>
    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        ThrowIfNotWritable();
        fixed (byte* bytes = buffer)
        {
            var attempt = new StreamWrite(_handle, bytes, buffer.Length, _mode, TimeSpan.FromMilliseconds(_writeTimeout));
            _ = WaitLoop.Run<StreamWrite, int>(ref attempt, _handle, DeadlineAfter(_writeTimeout), CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public override void WriteByte(byte value) => Write(MemoryMarshal.CreateReadOnlySpan(ref value, 1));

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ThrowIfNotWritable();
        return _mode.IsFile
            ? new ValueTask(Task.Run(() => Write(buffer.Span), cancellationToken))
            : WriteWhenReadyAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <inheritdoc/>
    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    /// <summary>Does nothing, because nothing is buffered.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc cref="Flush"/>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle.Dispose();
        }

        base.Dispose(disposing);
    }

    private static Deadline DeadlineAfter(int milliseconds) => Deadline.After(TimeSpan.FromMilliseconds(milliseconds));

    private static int CheckTimeout(int value) =>
        value is > 0 or Timeout.Infinite
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, SR.StreamTimeoutInvalid);

    private async ValueTask<int> ReadWhenReadyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using MemoryHandle pin = buffer.Pin();
        StreamRead attempt;
        unsafe
        {
            attempt = new StreamRead(_handle, (byte*)pin.Pointer, buffer.Length, _mode, TimeSpan.FromMilliseconds(_readTimeout));
        }

        return await WaitLoop.RunAsync<StreamRead, int>(
            attempt, _handle, DeadlineAfter(_readTimeout), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask WriteWhenReadyAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        using MemoryHandle pin = buffer.Pin();
        StreamWrite attempt;
        unsafe
        {
            attempt = new StreamWrite(_handle, (byte*)pin.Pointer, buffer.Length, _mode, TimeSpan.FromMilliseconds(_writeTimeout));
        }

        _ = await WaitLoop.RunAsync<StreamWrite, int>(
            attempt, _handle, DeadlineAfter(_writeTimeout), cancellationToken).ConfigureAwait(false);
    }

    private HandleLease LeaseToSeek()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        return _canSeek ? new HandleLease(_handle) : throw new NotSupportedException(SR.StreamNotSeekable);
    }

    private void ThrowIfNotReadable()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        if (!_canRead)
        {
            throw new NotSupportedException(SR.StreamNotReadable);
        }
    }

    private void ThrowIfNotWritable()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        if (!_canWrite)
        {
            throw new NotSupportedException(SR.StreamNotWritable);
        }
    }
}
