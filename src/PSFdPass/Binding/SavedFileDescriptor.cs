namespace PSFdPass.Binding;

/// <summary>The name of a descriptor that a holder keeps.</summary>
/// <param name="Name">The name.</param>
/// <param name="Holder">The path of the holder's socket.</param>
public sealed record SavedFileDescriptor(string Name, string Holder);
