using PSFdPass.Facts;

namespace PSFdPass.Tests;

/// <summary>Paths and abstract names.</summary>
public sealed class AddressTests
{
    [LinuxFact]
    public void A_path_has_at_most_107_bytes_on_Linux()
    {
        Assert.Equal(107, UnixSocketAddress.FromPath(new string('p', 107)).Name.Length);
        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketAddress.FromPath(new string('p', 108)));
        Assert.Equal("ENAMETOOLONG", exception.ErrnoName);
        Assert.Contains("at most 107 bytes", exception.Message);

        // Bytes, not characters.
        Assert.Throws<SystemCallException>(() => UnixSocketAddress.FromPath(new string('ü', 54)));
    }

    [LinuxFact]
    public void An_abstract_name_has_at_most_107_bytes()
    {
        Assert.Equal(107, UnixSocketAddress.FromAbstractName(new string('n', 107)).Name.Length);
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => UnixSocketAddress.FromAbstractName(new string('n', 108)));
        Assert.Equal("ENAMETOOLONG", exception.ErrnoName);
    }

    [LinuxFact]
    public void An_empty_name_or_one_with_a_NUL_is_refused()
    {
        Assert.Throws<ArgumentException>(() => UnixSocketAddress.FromPath(""));
        Assert.Throws<ArgumentNullException>(() => UnixSocketAddress.FromPath(null!));
        Assert.Throws<ArgumentException>(() => UnixSocketAddress.FromPath("a\0b"));
        Assert.Throws<ArgumentException>(() => UnixSocketAddress.FromAbstractName(""));
    }

    [LinuxFact]
    public void An_abstract_name_is_shown_with_an_at_sign()
    {
        Assert.Equal("@name", UnixSocketAddress.FromAbstractName("name").ToString());
        Assert.Equal("run/a.sock", UnixSocketAddress.FromPath("run/a.sock").ToString());
    }

    [LinuxTheory]
    [InlineData("", "")]
    [InlineData("2f612e736f636b00", "/a.sock")]
    [InlineData("2f612e736f636b", "/a.sock")]
    [InlineData("00", "")]
    [InlineData("006e616d65", "@name")]
    public void Addresses_of_the_kernel_are_shown_as_people_write_them(string bytes, string text) =>
        Assert.Equal(text, UnixSocketNames.TextOf(Convert.FromHexString(bytes)));
}
