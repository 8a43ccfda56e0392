namespace PSFdPass;

/// <summary>The peer has closed its end, and everything that it sent has been received.</summary>
public sealed class PeerClosedException : IOException
{
    /// <summary>Says so.</summary>
    /// <param name="received">How many descriptors had come by then.</param>
    /// <param name="wanted">How many were waited for.</param>
    public PeerClosedException(int received, int wanted)
        : base(received == 0
            ? "The peer has closed the connection: nothing more will come."
            : $"The peer has closed the connection after {received} of {wanted} descriptors.")
    {
    }
}
