namespace PSFdPass.Tests;

/// <summary>How long tests wait. Nothing is asserted about time: the long one only keeps a broken test from hanging.</summary>
internal static class Patience
{
    /// <summary>Longer than anything that works takes.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    /// <summary>For waits that must end by themselves, because nothing comes.</summary>
    public static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    /// <summary>Does not wait.</summary>
    public static readonly TimeSpan None = TimeSpan.Zero;

    /// <summary>Waits until something is so.</summary>
    public static void Until(Func<bool> condition, string what)
    {
        if (!SpinWait.SpinUntil(condition, Long))
        {
            Assert.Fail("It did not come to this: " + what);
        }
    }
}
