namespace PSFdPass;

/// <summary>The exception that is thrown when the peer has closed its end and everything that it sent has been received.</summary>
public sealed class PeerClosedException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="received">The number of descriptors that had arrived.</param>
    /// <param name="wanted">The number of descriptors that were requested.</param>
    public PeerClosedException(int received, int wanted)
        : base(received == 0
            ? SR.PeerClosed
            : SR.Format(SR.PeerClosedEarly, received, wanted))
    {
    }
}
