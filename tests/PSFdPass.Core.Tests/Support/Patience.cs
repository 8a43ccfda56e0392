namespace PSFdPass.Tests;

/// <summary>The times that tests wait. No test asserts how long something takes. The long time only keeps a broken test from hanging.</summary>
internal static class Patience
{
    /// <summary>Longer than any operation that succeeds.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    /// <summary>For waits that must time out, because nothing arrives.</summary>
    public static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    /// <summary>Does not wait.</summary>
    public static readonly TimeSpan None = TimeSpan.Zero;

    /// <summary>Waits until a condition is true.</summary>
    public static void Until(Func<bool> condition, string what)
    {
        if (!SpinWait.SpinUntil(condition, Long))
        {
            Assert.Fail("This did not happen in time: " + what);
        }
    }
}
