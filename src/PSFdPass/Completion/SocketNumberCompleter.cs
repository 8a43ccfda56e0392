using System.Collections;

namespace PSFdPass.Completion;

/// <summary>Completes the number of a descriptor that descriptors can be sent and received over: a Unix-domain socket.</summary>
public sealed class SocketNumberCompleter : DescriptorNumberCompleter
{
    /// <inheritdoc/>
    protected override bool IsOffered(DescriptorInfo info, IDictionary boundParameters) => info.Family == SocketFamily.Unix;
}

/// <summary>Completes the number of a descriptor that connections can be accepted on: a listening socket of any family.</summary>
public sealed class ListenerNumberCompleter : DescriptorNumberCompleter
{
    /// <inheritdoc/>
    protected override bool IsOffered(DescriptorInfo info, IDictionary boundParameters) => info.State == SocketState.Listening;
}
