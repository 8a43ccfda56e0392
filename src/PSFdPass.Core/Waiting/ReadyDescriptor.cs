using System.Runtime.InteropServices;

namespace PSFdPass;

/// <summary>Represents a member of a <see cref="DescriptorSet"/> that is ready.</summary>
/// <param name="Descriptor">The handle that was added to the set.</param>
/// <param name="Events">The conditions that were found.</param>
/// <param name="State">The object that was passed to <see cref="DescriptorSet.Add"/>.</param>
public readonly record struct ReadyDescriptor(SafeHandle Descriptor, DescriptorEvents Events, object? State);
