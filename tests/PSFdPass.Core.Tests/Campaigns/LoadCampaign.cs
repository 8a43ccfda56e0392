using System.Text.RegularExpressions;

namespace PSFdPass.Tests;

/// <summary>Many users of the echo demo, while its wide receiver is killed and started again: tests/campaigns/load/load.py.</summary>
[Trait("Category", "Campaign")]
public sealed class LoadCampaign
{
    [LinuxTheory]
    [InlineData("sample")]
    [InlineData("C")]
    public void No_user_is_lost_or_served_twice_while_wide_receivers_are_killed(string receiver)
    {
        using var campaign = new Campaign($"load, {receiver}");
        string script = Path.Combine(Repository.Root, "tests", "campaigns", "load", "load.py");
        Program.Result result = Program.Run(
            "python3", "-B", script, "--users", "200", "--seconds", $"{4 * Campaign.Scale}", "--receiver", receiver);
        foreach (Match count in Regex.Matches(result.Output, @"(\w+) (\d+)"))
        {
            campaign.Count(count.Groups[1].Value, long.Parse(count.Groups[2].Value));
        }

        result.Succeeded();
    }
}
