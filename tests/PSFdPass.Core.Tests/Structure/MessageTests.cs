using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace PSFdPass.Tests;

/// <summary>The messages of an assembly are in its Resources/Strings.resx, and are used with the right arguments.</summary>
public sealed partial class MessageTests
{
    // Texts that are not messages: results of ToString() and properties, a key, a shell script, a protocol, the names of threads.
    private static readonly Dictionary<string, string[]> NoMessages = new()
    {
        ["PSFdPass.Core"] =
        [
            "(handed over as {owner})", "process {processId}", "{Data.Length} bytes, {Descriptors.Count} descriptors",
            "ended by signal {signal}", "exited with code {code}", "unset ",
            @"LISTEN_PID=$$; export LISTEN_PID; exec \""$@\""", @"PSFdPass takeover 1\n",
            "pid {ProcessId} uid {UserId} gid {GroupId}", "PSFdPass readiness",
        ],
        ["PSFdPass.Echo"] =
        [
            "Hello from Quarterback on PID ({Environment.ProcessId})!", "Hello from Wide Receiver on PID ({Environment.ProcessId})!",
            "Max open files", "PSFdPass closing", "PSFdPass log",
        ],
        ["PSFdPass"] = ["Deserialized."],
    };

    [Theory]
    [InlineData("PSFdPass.Core", 200)]
    [InlineData("PSFdPass.Echo", 30)]
    [InlineData("PSFdPass", 150)]
    public void Texts_are_in_the_resource_file_and_every_one_is_used_with_its_arguments(string assembly, int least)
    {
        Dictionary<string, string> messages = Messages(assembly);
        Assert.True(messages.Count >= least, $"{assembly} has {messages.Count} messages.");
        var used = new HashSet<string>();
        List<string> problems = [];
        foreach (string path in Sources(assembly))
        {
            string code = WithoutComments(File.ReadAllText(path));
            problems.AddRange(Problems(code, messages, NoMessages[assembly]).Select(problem => $"{Path.GetFileName(path)}: {problem}"));
            used.UnionWith(Use().Matches(code).Select(match => match.Groups[1].Value));
        }

        problems.AddRange(messages.Keys.Except(used).Select(key => $"{key} is not used."));
        problems.AddRange(messages.Where(message => message.Value != message.Value.Trim()).Select(message => $"{message.Key} begins or ends with a space."));
        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    [Theory]
    [InlineData("""throw new IOException("Closed.");""", "'Closed.' is a text")]
    [InlineData("""throw new IOException(isOpen ? SR.Plain : "It is closed");""", "'It is closed' is a text")]
    [InlineData("""throw new IOException($"descriptor {fd}");""", "'descriptor {fd}' is a text")]
    [InlineData("""throw Refuse("a process listens on it");""", "'a process listens on it' is a text")]
    [InlineData("""throw new SystemCallException("fcntl", errno, fd);""", null)]
    [InlineData("""throw new ArgumentException(SR.Plain, nameof(fd)); // A comment of it.""", null)]
    [InlineData("""throw new IOException(SR.Format(SR.Two, fd, Name(a, "x")));""", null)]
    [InlineData("""throw new IOException(SR.Format(SR.Two, fd));""", "Two has 2 placeholders and 1 argument")]
    [InlineData("""throw new IOException(SR.Format(SR.Two, a, b, c));""", "Two has 2 placeholders and 3 argument")]
    [InlineData("""throw new IOException(SR.Two);""", "Two has 2 placeholders and 0 argument")]
    [InlineData("""throw new IOException(SR.Format(isOpen ? SR.Plain : SR.Two, a, b));""", "Plain has 0 placeholders and 2 argument")]
    [InlineData("""throw new IOException(SR.Gap);""", "Gap has 1 placeholders and 0 argument")]
    [InlineData("""throw new IOException(SR.Format(SR.Gap, a));""", "Gap skips a placeholder")]
    [InlineData("""throw SystemCallException.FromLast("kill", SR.Format(SR.Plain));""", "errno is read after a message was")]
    [InlineData("""throw Refuse(SR.Format(SR.Two, fd, Errno.Last));""", "errno is read after a message was")]
    public void The_checks_find_each_problem_and_accept_correct_code(string code, string? problem)
    {
        var messages = new Dictionary<string, string> { ["Plain"] = "Plain.", ["Two"] = "{0} and {1:0.###}, {0}.", ["Gap"] = "{1}" };
        IEnumerable<string> problems = Problems(WithoutComments(code), messages, []);
        Assert.Equal(problem is null, !problems.Any());
        Assert.Contains(problem ?? "", string.Join("\n", problems));
    }

    private static IEnumerable<string> Problems(string code, Dictionary<string, string> messages, string[] noMessages)
    {
        foreach (Match literal in Literal().Matches(code))
        {
            string text = literal.Groups[1].Value;
            if (Prose().IsMatch(Hole().Replace(text, "")) && !noMessages.Contains(text))
            {
                yield return $"'{text}' is a text, which belongs to the resource file.";
            }
        }

        foreach (Match creation in Creation().Matches(code))
        {
            string arguments = string.Join(",", Arguments(code, creation.Index + creation.Length));
            foreach (string text in Literal().Matches(arguments).Select(match => match.Groups[1].Value))
            {
                if (!Identifier().IsMatch(Hole().Replace(text, "")) && !noMessages.Contains(text))
                {
                    yield return $"'{text}' is a text, which belongs to the resource file.";
                }
            }
        }

        var formatted = new HashSet<int>();
        foreach (Match format in Format().Matches(code))
        {
            int start = format.Index + format.Length;
            List<string> arguments = Arguments(code, start);
            foreach (Match use in Use().Matches(arguments[0]))
            {
                formatted.Add(start + use.Index);
                foreach (string problem in Check(use.Groups[1].Value, messages, arguments.Count - 1))
                {
                    yield return problem;
                }
            }
        }

        foreach (Match use in Use().Matches(code).Where(use => !formatted.Contains(use.Index)))
        {
            foreach (string problem in Check(use.Groups[1].Value, messages, 0))
            {
                yield return problem;
            }
        }

        // Loading the resource can make system calls of its own.
        foreach (Match late in LateErrno().Matches(code))
        {
            yield return $"errno is read after a message was: {late.Value}";
        }
    }

    private static IEnumerable<string> Check(string key, Dictionary<string, string> messages, int arguments)
    {
        int[] numbers = [.. Placeholder().Matches(messages[key]).Select(match => int.Parse(match.Groups[1].Value)).Distinct().Order()];
        if (numbers.Length != arguments)
        {
            yield return $"{key} has {numbers.Length} placeholders and {arguments} arguments.";
        }

        if (!numbers.SequenceEqual(Enumerable.Range(0, numbers.Length)))
        {
            yield return $"{key} skips a placeholder.";
        }
    }

    // Returns the arguments of a call. The start is the index after its opening parenthesis.
    private static List<string> Arguments(string code, int start)
    {
        List<string> arguments = [];
        int depth = 0;
        int first = start;
        for (int i = start; i < code.Length; i++)
        {
            switch (code[i])
            {
                case '"':
                    Match literal = Literal().Match(code, i);
                    i += literal.Index == i ? literal.Length - 1 : 0;
                    break;
                case '(' or '[' or '{':
                    depth++;
                    break;
                case ')' or ']' or '}' when depth > 0:
                    depth--;
                    break;
                case ')' or ']' or '}':
                    arguments.Add(code[first..i]);
                    return arguments;
                case ',' when depth == 0:
                    arguments.Add(code[first..i]);
                    first = i + 1;
                    break;
            }
        }

        return arguments;
    }

    private static Dictionary<string, string> Messages(string assembly) =>
        XDocument.Load(Path.Combine(Folder(assembly), "Resources", "Strings.resx")).Root!.Elements("data")
            .ToDictionary(data => data.Attribute("name")!.Value, data => data.Element("value")!.Value);

    private static IEnumerable<string> Sources(string assembly) => Directory.GetFiles(Folder(assembly), "*.cs", SearchOption.AllDirectories);

    private static string Folder(string assembly) => Path.Combine(Repository.Root, "src", assembly);

    private static string WithoutComments(string code) => CommentOrText().Replace(code, match => match.Value[0] == '/' ? " " : match.Value);

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\])'""", RegexOptions.Singleline)]
    private static partial Regex CommentOrText();

    [GeneratedRegex("""(?<!')"((?:\\.|[^"\\\n])*)"(?!')""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Hole();

    // Two words of which the second is not a name, or a word next to an interpolated value.
    [GeneratedRegex(@"[A-Za-z]{2,}[,:;.]? +[a-z]{2,}|[a-z]{2,} +$|^ +[a-z]{2,}")]
    private static partial Regex Prose();

    [GeneratedRegex(@"\bnew \w*Exception\(")]
    private static partial Regex Creation();

    // The name of a system call, of a variable or of an option, or a separator.
    [GeneratedRegex(@"^[\w ]*$|^\W*$")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\bSR\.Format\(")]
    private static partial Regex Format();

    [GeneratedRegex(@"\bSR\.(?!Format\b)(\w+)")]
    private static partial Regex Use();

    [GeneratedRegex(@"\{(\d+)(?:[,:][^{}]*)?\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\bFromLast\([^;]*\bSR\.\w+|\bSR\.\w+[^;{}]*\b(?:Errno\.Last|FromLast)\b")]
    private static partial Regex LateErrno();
}
