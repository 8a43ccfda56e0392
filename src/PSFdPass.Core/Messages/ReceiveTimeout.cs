namespace PSFdPass.Messages;

/// <summary>Creates the exception for a receive operation that has reached its deadline.</summary>
internal static class ReceiveTimeout
{
    public static TimeoutException Create() => new(SR.ReceiveTimedOut);
}
