using System.Globalization;
using System.Text;

namespace PSFdPass.Interop;

/// <summary>
/// Prepares text that others have chosen (data from a peer, the name of a file) for display. A terminal obeys control characters,
/// and zero-width and format characters can hide or reorder the text around them.
/// </summary>
internal static class ShownText
{
    private const char Substitute = '·';

    /// <summary>
    /// Returns the text with a dot in place of each control character, line break, format character (such as bidirectional controls and
    /// zero-width characters) and unpaired surrogate.
    /// </summary>
    /// <param name="text">The text to display.</param>
    /// <param name="most">The maximum number of characters to return. A longer text is cut and ends with an ellipsis.</param>
    public static string Of(string text, int most = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        if (text.Length > most)
        {
            int length = most - 1;
            text = (length > 0 && char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length]) + "…";
        }

        return IsPlain(text) ? text : Replace(text);
    }

    private static bool IsPlain(string text)
    {
        foreach (char character in text)
        {
            if (character is < ' ' or > '~' && (char.IsSurrogate(character) || !IsShown(char.GetUnicodeCategory(character))))
            {
                return false;
            }
        }

        return true;
    }

    private static string Replace(string text)
    {
        var shown = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            bool isWhole = Rune.TryGetRuneAt(text, i, out Rune rune);
            int length = isWhole ? rune.Utf16SequenceLength : 1;
            _ = isWhole && IsShown(Rune.GetUnicodeCategory(rune)) ? shown.Append(text, i, length) : shown.Append(Substitute);
            i += length;
        }

        return shown.ToString();
    }

    private static bool IsShown(UnicodeCategory category) => category is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or
        UnicodeCategory.Surrogate);
}
