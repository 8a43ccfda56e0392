using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Binding;

/// <summary>Shows the progress of a copy that takes longer than a second.</summary>
internal sealed class CopyProgress(Cmdlet cmdlet) : IProgress<long>
{
    private const int SEEK_CUR = 1;

    private readonly DelayedProgress _progress = new(cmdlet, static () => SR.Copying);
    private long? _total;

    /// <summary>Determines how many bytes will be copied, if possible: the rest of a file, or the count.</summary>
    public void Begin(SafeHandle source, long? count)
    {
        using var lease = new HandleLease(source);
        bool isFile = SysStat.TryGetStatus(lease.Fd, out SysStat.FileStatus status) && status.Type == SysStat.S_IFREG;
        long left = isFile ? Math.Max(status.Size - Unistd.Seek(lease.Fd, 0, SEEK_CUR), 0) : long.MaxValue;
        long total = Math.Min(left, count ?? long.MaxValue);
        _total = total < long.MaxValue ? total : null;
    }

    /// <inheritdoc/>
    public void Report(long value) => _progress.Report(
        value, _total, static (done, total) => total is { } all ? SR.Format(SR.CopiedOfTotal, done >> 20, all >> 20) : SR.Format(SR.Copied, done >> 20));

    /// <summary>Removes the progress bar, if it was shown.</summary>
    public void End() => _progress.End();
}
