namespace PSFdPass.Messages;

/// <summary>The exception for a receive that reached its deadline.</summary>
internal static class ReceiveTimeout
{
    public static TimeoutException Create() => new(SR.ReceiveTimedOut);
}
