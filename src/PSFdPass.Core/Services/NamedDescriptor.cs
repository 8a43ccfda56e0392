namespace PSFdPass;

/// <summary>A descriptor and the name under which it was passed.</summary>
/// <param name="Name">
/// The name that the sender chose. It can contain any character, so replace control characters before displaying it.
/// </param>
/// <param name="Descriptor">The descriptor, which the receiver of this value must dispose.</param>
public readonly record struct NamedDescriptor(string Name, FileDescriptor Descriptor);
