extern alias Core;

using ShownText = Core::PSFdPass.Interop.ShownText;

namespace PSFdPass.Tests;

/// <summary>Text that other users or processes have chosen, as it is shown.</summary>
public sealed class ShownTextTests
{
    [Theory]
    [InlineData("plain → text, grüß dich", "plain → text, grüß dich")]
    [InlineData("a\u001b[2Jb\nc\td\u0000", "a·[2Jb·c·d·")]
    [InlineData("\u007f\u009b", "··")]
    [InlineData("", "")]
    [InlineData("a\u202ab\u202bc\u202cd\u202de\u202ef", "a·b·c·d·e·f")]
    [InlineData("\u2066\u2067\u2068\u2069\u200e\u200f\u061c", "·······")]
    [InlineData("\u200b\u200c\u200d\u2060\ufeff\u00ad", "······")]
    [InlineData("a\u2028b\u2029c", "a·b·c")]
    [InlineData("tag\U000e0041!", "tag·!")]
    [InlineData("😀 é ß 漢字", "😀 é ß 漢字")]
    public void Control_and_format_characters_become_dots(string text, string shown) => Assert.Equal(shown, ShownText.Of(text));

    // Attributes can't contain unpaired surrogates.
    [Fact]
    public void Unpaired_surrogates_become_dots() =>
        Assert.Equal("a·b·😀·", ShownText.Of("a\ud83db\ude00😀\ud83d"));

    [Theory]
    [InlineData("1234567890", 10, "1234567890")]
    [InlineData("12345678901", 10, "123456789…")]
    [InlineData("\n2345678901", 10, "·23456789…")]
    [InlineData("ab", 1, "…")]
    [InlineData("12😀5", 4, "12…")]
    public void Long_text_is_cut_between_characters(string text, int most, string shown) => Assert.Equal(shown, ShownText.Of(text, most));
}
