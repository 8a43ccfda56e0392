using System.Text.RegularExpressions;

namespace PSFdPass.Tests;

/// <summary>Each folder of Core is a layer. Code may use the layers below its own, never above.</summary>
public sealed partial class LayerTests
{
    private static readonly string[] Layers =
    [
        "Resources", "Interop", "Ancillary", "Handles", "Waiting", "Facts", "Descriptors", "Sockets", "Messages", "Inspection", "Processes", "Services",
    ];

    private static readonly string Source = Path.Combine(Repository.Root, "src", "PSFdPass.Core");

    [Fact]
    public void No_file_uses_a_layer_above_its_own()
    {
        (string Path, string Layer, string Code)[] files = [.. Files()];
        var layerOf = new Dictionary<string, string>();
        foreach ((string path, string layer, string code) in files)
        {
            foreach (Match declaration in Declaration().Matches(code))
            {
                string type = declaration.Groups[1].Value;
                Assert.True(
                    layerOf.TryAdd(type, layer) || layerOf[type] == layer,
                    $"{type} is declared in {layerOf[type]} and in {layer}.");
            }
        }

        List<string> upward = [];
        foreach ((string path, string layer, string code) in files)
        {
            foreach (string word in Word().Matches(code).Select(match => match.Value).Distinct())
            {
                if (layerOf.TryGetValue(word, out string? used) && Rank(used) > Rank(layer))
                {
                    upward.Add($"{path} ({layer}) uses {word} ({used})");
                }
            }
        }

        Assert.True(upward.Count == 0, string.Join("\n", upward));
    }

    [Fact]
    public void Every_folder_is_a_layer() =>
        Assert.Empty(Directory.GetDirectories(Source).Select(Path.GetFileName).Except([.. Layers, "bin", "obj"]));

    [Fact]
    public void Only_one_file_calls_close() => Assert.Equal(
        ["Handles/Closing.cs"],
        Files().Where(file => file.Code.Contains("Unistd.Close(")).Select(file => file.Path));

    [Fact]
    public void Core_has_no_reflection_and_does_not_mention_the_shell()
    {
        foreach ((string path, string _, string _) in Files())
        {
            string text = File.ReadAllText(Path.Combine(Source, path));
            Assert.False(text.Contains("System.Reflection", StringComparison.Ordinal), path);
            Assert.False(CmdletOrParameter().IsMatch(text), $"{path}: {CmdletOrParameter().Match(text).Value}");
        }
    }

    private static int Rank(string layer) => Array.IndexOf(Layers, layer);

    // Without comments and string literals.
    private static IEnumerable<(string Path, string Layer, string Code)> Files() =>
        from path in Directory.GetFiles(Source, "*.cs", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Source, path)
        where relative.Contains('/') && !relative.StartsWith("obj/", StringComparison.Ordinal)
        orderby relative
        select (relative, relative.Split('/')[0], CommentOrText().Replace(File.ReadAllText(path), " "));

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\])'""", RegexOptions.Singleline)]
    private static partial Regex CommentOrText();

    [GeneratedRegex(@"^(?:(?:public|internal|sealed|static|unsafe|abstract|readonly|ref|partial)\s+)*(?:record struct|record|class|struct|enum|interface|delegate\s+[\w<>?]+)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\b[A-Z]\w+\b")]
    private static partial Regex Word();

    [GeneratedRegex("(?:Send|Receive|Get|Open|Close|Copy|Set|Read|Write|Wait|New|Start|Connect|Save|Restore|Complete)-[A-Z][A-Za-z]+|[ (`'\"]-(?:Force|AsMessage|CloseAfterSend|TimeoutSeconds|Path|WhatIf|Confirm)\\b|cmdlet|PowerShell", RegexOptions.None)]
    private static partial Regex CmdletOrParameter();
}
