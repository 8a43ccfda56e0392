namespace PSFdPass.Descriptors;

/// <summary>
/// Thrown when the next message of a socket carries descriptors, which a read would discard. The message is still in the queue.
/// </summary>
internal sealed class DescriptorsPendingException(int fd) : InvalidOperationException(
    $"The next message on descriptor {fd} carries descriptors, which a read would discard. It is still in the socket's queue: receive it as a message.");
