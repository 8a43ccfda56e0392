using System.Diagnostics;
using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Binding;

/// <summary>Shows the progress of a copy that takes over a second.</summary>
internal sealed class CopyProgress(Cmdlet cmdlet) : IProgress<long>
{
    private const int ActivityId = 1;
    private const int SEEK_CUR = 1;
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private TimeSpan _next = s_delay;
    private long? _total;

    /// <summary>Finds how much there is to copy: the rest of a file.</summary>
    public void Begin(SafeHandle source, long? count)
    {
        using var lease = new HandleLease(source);
        bool isFile = SysStat.TryGetStatus(lease.Fd, out SysStat.FileStatus status) && status.Type == SysStat.S_IFREG;
        long left = isFile ? Math.Max(status.Size - Unistd.Seek(lease.Fd, 0, SEEK_CUR), 0) : long.MaxValue;
        long total = Math.Min(left, count ?? long.MaxValue);
        _total = total < long.MaxValue ? total : null;
    }

    /// <inheritdoc/>
    public void Report(long value)
    {
        if (_time.Elapsed < _next)
        {
            return;
        }

        _next = _time.Elapsed + s_interval;
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, "Copying", $"{value >> 20} MiB{(_total is { } total ? $" of {total >> 20} MiB" : "")}")
        {
            PercentComplete = _total is { } all and > 0 ? (int)Math.Min(100, value * 100.0 / all) : -1,
        });
    }

    /// <summary>Removes the progress bar, if it was shown.</summary>
    public void End()
    {
        if (_next != s_delay)
        {
            cmdlet.WriteProgress(new ProgressRecord(ActivityId, "Copying", " ") { RecordType = ProgressRecordType.Completed });
        }
    }
}
