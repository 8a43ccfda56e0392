using System.Runtime.InteropServices;

namespace PSFdPass.Tests.Samples;

/// <summary>samples/PassFile, the C# example in the README.</summary>
public sealed class PassFileTests
{
    [LinuxFact]
    public void Its_output_is_the_one_in_the_README()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        string source = File.ReadAllText(Path.Combine(Repository.Root, "samples", "PassFile", "Program.cs"));
        string shown = $"```csharp\n{source}```\n\n```Output\n";
        Assert.Contains(shown, readme);
        string output = readme[(readme.IndexOf(shown, StringComparison.Ordinal) + shown.Length)..].Split("```")[0];

        string build = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string sample = Path.Combine(Repository.Root, "artifacts", "bin", "PassFile", build, "PassFile.dll");
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        Assert.Equal(output, Program.Run(dotnet, "exec", sample).Succeeded().Output);
    }
}
