namespace PSFdPass.Benchmarks.Measuring;

/// <summary>The median and the range of several measurements.</summary>
internal readonly record struct Summary(double Median, double Min, double Max)
{
    /// <summary>Summarizes at least one measurement.</summary>
    public static Summary Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Summary(median, sorted[0], sorted[^1]);
    }

    /// <summary>
    /// Summarizes the quotients of two series of measurements, round by round. The two measurements of a round were made one right after
    /// the other, so a disturbance that lasts longer than a round affects both.
    /// </summary>
    public static Summary Ratio(IReadOnlyList<double> ours, IReadOnlyList<double> theirs) =>
        Of(ours.Zip(theirs, (our, their) => our / their));
}
