namespace PSFdPass.Benchmarks.Report;

/// <summary>What was aimed at, beside what was measured.</summary>
internal sealed class Aims
{
    private readonly Table _table = new("", "beside", ">aim", ">measured", "reached");

    /// <summary>Adds something of which there should be little.</summary>
    public void AtMost(string work, string beside, double aim, double measured, string unit = " times") =>
        Add(work, beside, $"at most {aim:0.##}{unit}", $"{measured:0.##}{unit}", measured <= aim);

    /// <summary>Adds something of which there should be much.</summary>
    public void MoreThan(string work, string beside, double aim, double measured, string unit = " times") =>
        Add(work, beside, $"more than {aim:0.##}{unit}", $"{measured:0.##}{unit}", measured > aim);

    /// <inheritdoc/>
    public override string ToString() => _table.ToString();

    private void Add(string work, string beside, string aim, string measured, bool isReached) =>
        _table.Add(work, beside, aim, measured, isReached ? "yes" : "**no**");
}
