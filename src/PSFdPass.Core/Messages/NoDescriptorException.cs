namespace PSFdPass;

/// <summary>A message came without a descriptor. Its data is in <see cref="Received"/>.</summary>
public sealed class NoDescriptorException : IOException
{
    /// <summary>Says so.</summary>
    /// <param name="received">The message.</param>
    public NoDescriptorException(ReceivedMessage received)
        : base($"A message of {received.Data.Length} bytes came without a descriptor. " +
            "The error's TargetObject is the message; -AsMessage takes messages as they come.") =>
        Received = received;

    /// <summary>The message.</summary>
    public ReceivedMessage Received { get; }
}
