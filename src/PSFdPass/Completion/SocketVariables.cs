using System.Management.Automation.Language;
using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Handles;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>The variables of the session that hold sockets.</summary>
internal static class SocketVariables
{
    /// <summary>Returns completions for the variables whose names begin with the word, such as <c>$left</c>.</summary>
    /// <param name="word">The word, with or without the leading <c>$</c>.</param>
    /// <param name="isOffered">Returns whether a socket is offered.</param>
    public static IEnumerable<CompletionResult> Complete(string word, Func<DescriptorInfo, bool> isOffered)
    {
        string prefix = word.TrimStart('$');
        List<(string Name, DescriptorInfo Info)> all = Find();
        foreach ((string name, DescriptorInfo info) in all)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && isOffered(info))
            {
                string text = IsPlain(name) ? $"${name}" : $"${{{name}}}";
                yield return new CompletionResult(
                    text, text, CompletionResultType.Variable, ShownText.Of(Describe(info, all)));
            }
        }
    }

    private static string Describe(DescriptorInfo info, List<(string Name, DescriptorInfo Info)> all)
    {
        string? other = info.Inode is { } inode && SocketTable.Of(Environment.ProcessId).PeerOf(inode) is { } peer ? all.FirstOrDefault(candidate => candidate.Info.Inode == peer).Name : null;
        string socket = $"{info.Fd} {info.Target}";
        return other is not null ? SR.Format(SR.PeerVariable, socket, $"${other}")
            : info.PeerProcessId is { } process && process != Environment.ProcessId ? SR.Format(SR.PeerProcess, socket, process, info.PeerCommand)
            : socket;
    }

    private static List<(string Name, DescriptorInfo Info)> Find()
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        var inspector = new DescriptorInspector();
        var found = new List<(string, DescriptorInfo)>();
        foreach (PSObject result in shell.AddCommand("Microsoft.PowerShell.Utility\\Get-Variable").Invoke())
        {
            if (result.BaseObject is PSVariable { Value: { } value } variable && !IsAutomatic(variable.Name) && Describe(inspector, value) is { } info)
            {
                found.Add((variable.Name, info));
            }
        }

        return found;
    }

    // A variable that contains a number is not offered, even if a socket has that number.
    private static DescriptorInfo? Describe(DescriptorInspector inspector, object value)
    {
        object holder = value is PSObject wrapped ? wrapped.BaseObject : value;
        if (holder is ValueType or string or System.Collections.ICollection or PathInfo or ScriptBlock)
        {
            return null;
        }

        try
        {
            if (DescriptorSource.Find(value) is not { } source)
            {
                return null;
            }

            using var lease = new HandleLease(source.Handle);
            return inspector.Describe(Environment.ProcessId, lease.Fd);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static bool IsAutomatic(string name) => name is "_" or "^" or "$" or "?" or "args" or "input" or "this" or "PSItem" or "Host" or "Error";

    private static bool IsPlain(string name) => name.All(static c => char.IsLetterOrDigit(c) || c == '_');
}
