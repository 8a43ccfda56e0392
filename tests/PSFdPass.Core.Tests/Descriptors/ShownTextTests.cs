namespace PSFdPass.Tests;

/// <summary>Text of others, as it is shown.</summary>
public sealed class ShownTextTests
{
    [Theory]
    [InlineData("plain → text, grüß dich", "plain → text, grüß dich")]
    [InlineData("a\u001b[2Jb\nc\td\u0000", "a·[2Jb·c·d·")]
    [InlineData("\u007f\u009b", "··")]
    [InlineData("", "")]
    public void Control_characters_become_dots(string text, string shown) => Assert.Equal(shown, ShownText.Of(text));

    [Theory]
    [InlineData("1234567890", 10, "1234567890")]
    [InlineData("12345678901", 10, "123456789…")]
    [InlineData("\n2345678901", 10, "·23456789…")]
    [InlineData("ab", 1, "…")]
    [InlineData("12😀5", 4, "12…")]
    public void Long_text_is_cut_between_characters(string text, int most, string shown) => Assert.Equal(shown, ShownText.Of(text, most));
}
