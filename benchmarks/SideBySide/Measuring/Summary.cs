namespace PSFdPass.Benchmarks.Measuring;

/// <summary>What many measurements of one thing say together.</summary>
internal readonly record struct Summary(double Median, double Min, double Max)
{
    /// <summary>Summarises measurements, of which there must be one.</summary>
    public static Summary Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Summary(median, sorted[0], sorted[^1]);
    }

    /// <summary>
    /// The quotients of measurements that were made one right after the other, round by round: what disturbs the machine for
    /// longer than a round disturbs both.
    /// </summary>
    public static Summary Ratio(IReadOnlyList<double> ours, IReadOnlyList<double> theirs) =>
        Of(ours.Zip(theirs, (our, their) => our / their));
}
