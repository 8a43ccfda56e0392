using System.Diagnostics;
using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>A progress bar that is shown for work that takes longer than a second, and is updated five times a second.</summary>
internal sealed class DelayedProgress(Cmdlet cmdlet, Func<string> activity)
{
    private const int ActivityId = 1;
    private const int All = 100;
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private TimeSpan _next = s_delay;

    /// <summary>Shows how much is done, if the next update is due.</summary>
    /// <param name="done">The amount of work that is done.</param>
    /// <param name="total">The whole amount of work; null when it is not known.</param>
    /// <param name="describe">Returns the text to show.</param>
    public void Report(long done, long? total, Func<long, long?, string> describe)
    {
        if (_time.Elapsed < _next)
        {
            return;
        }

        _next = _time.Elapsed + s_interval;
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, activity(), describe(done, total))
        {
            PercentComplete = total is > 0 ? (int)Math.Min(All, done * (double)All / total.Value) : -1,
        });
    }

    /// <summary>Removes the progress bar, if it was shown.</summary>
    public void End()
    {
        if (_next != s_delay)
        {
            cmdlet.WriteProgress(new ProgressRecord(ActivityId, activity(), " ") { RecordType = ProgressRecordType.Completed });
        }
    }
}
