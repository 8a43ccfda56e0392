namespace PSFdPass.Benchmarks.Report;

/// <summary>The aims, beside the values that were measured.</summary>
internal sealed class Aims
{
    private readonly Table _table = new("", "beside", ">aim", ">measured", "reached");

    /// <summary>Adds a value that should be at most the aim.</summary>
    public void AtMost(string work, string beside, double aim, double measured, string unit = " times") =>
        Add(work, beside, $"at most {aim:0.##}{unit}", $"{measured:0.##}{unit}", measured <= aim);

    /// <summary>Adds a value that should be greater than the aim.</summary>
    public void MoreThan(string work, string beside, double aim, double measured, string unit = " times") =>
        Add(work, beside, $"more than {aim:0.##}{unit}", $"{measured:0.##}{unit}", measured > aim);

    /// <inheritdoc/>
    public override string ToString() => _table.ToString();

    private void Add(string work, string beside, string aim, string measured, bool isReached) =>
        _table.Add(work, beside, aim, measured, isReached ? "yes" : "**no**");
}
