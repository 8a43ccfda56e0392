namespace PSFdPass;

/// <summary>
/// Text that others have chosen (what a peer sent, the name of a file), made fit to be shown: a terminal would obey the control
/// characters in it.
/// </summary>
public static class ShownText
{
    private const char InsteadOfControl = '·';

    /// <summary>The text with a dot for each control character, line breaks among them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How many characters to show; of a longer text the last of them is an ellipsis.</param>
    public static string Of(string text, int most = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        if (text.Length > most)
        {
            int length = most - 1;
            text = (length > 0 && char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length]) + "…";
        }

        return text.Any(char.IsControl)
            ? string.Create(text.Length, text, static (shown, text) =>
            {
                for (int i = 0; i < shown.Length; i++)
                {
                    shown[i] = char.IsControl(text[i]) ? InsteadOfControl : text[i];
                }
            })
            : text;
    }
}
