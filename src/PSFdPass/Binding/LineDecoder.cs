using System.Text;

namespace PSFdPass.Binding;

/// <summary>Decodes text that arrives in parts, which can end within a character or a line, and splits it into lines.</summary>
internal sealed class LineDecoder(Encoding encoding)
{
    private readonly Decoder _decoder = encoding.GetDecoder();
    private readonly StringBuilder _rest = new();

    /// <summary>Returns the text of a line, without its line feed and a carriage return before it.</summary>
    public static string TextOf(ReadOnlySpan<byte> line, Encoding encoding)
    {
        line = line is [.., (byte)'\n'] ? line[..^1] : line;
        return encoding.GetString(line is [.., (byte)'\r'] ? line[..^1] : line);
    }

    /// <summary>Adds a part of the text, and returns the lines that are complete.</summary>
    public List<string> Add(ReadOnlySpan<byte> bytes)
    {
        char[] chars = new char[encoding.GetMaxCharCount(bytes.Length)];
        ReadOnlySpan<char> text = chars.AsSpan(0, _decoder.GetChars(bytes, chars, flush: false));
        var lines = new List<string>();
        for (int end; (end = text.IndexOf('\n')) >= 0; text = text[(end + 1)..])
        {
            _rest.Append(text[..end]);
            if (_rest is { Length: > 0 and var length } && _rest[length - 1] == '\r')
            {
                _rest.Length--;
            }

            lines.Add(_rest.ToString());
            _rest.Clear();
        }

        _rest.Append(text);
        return lines;
    }

    /// <summary>Returns the text after the last line, or null when there is none, and starts again with an empty text.</summary>
    public string? Finish()
    {
        char[] chars = new char[encoding.GetMaxCharCount(1)];
        _rest.Append(chars, 0, _decoder.GetChars([], chars, flush: true));
        string text = _rest.ToString();
        _rest.Clear();
        return text.Length > 0 ? text : null;
    }
}
