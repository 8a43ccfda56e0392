using PSFdPass.Facts;

namespace PSFdPass.Tests;

/// <summary>Paths and abstract names.</summary>
public sealed class AddressTests
{
    [LinuxFact]
    public void A_name_of_more_than_107_bytes_is_an_error_of_the_call_that_uses_it()
    {
        foreach (UnixSocketAddress address in (UnixSocketAddress[])
        [
            UnixSocketAddress.FromPath(new string('p', 108)),
            // Bytes, not characters.
            UnixSocketAddress.FromPath(new string('ü', 54)),
            UnixSocketAddress.FromAbstractName(new string('n', 108)),
        ])
        {
            SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocket.Connect(address));
            Assert.Equal(("connect", "ENAMETOOLONG", address.ToString()), (exception.Call, exception.ErrnoName, exception.Subject));
            Assert.Contains("at most 107 bytes", exception.Message);
            exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(address));
            Assert.Equal(("bind", "ENAMETOOLONG"), (exception.Call, exception.ErrnoName));
        }
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
    public void Addresses_from_the_kernel_are_shown_in_the_usual_notation(string bytes, string text) =>
        Assert.Equal(text, UnixSocketNames.TextOf(Convert.FromHexString(bytes)));
}
