namespace PSFdPass.Echo;

/// <summary>A message that arrived on the wire.</summary>
/// <param name="Bytes">The number of bytes.</param>
/// <param name="Descriptors">The number of descriptors.</param>
/// <param name="IsCut">Whether descriptors were lost because the table is full.</param>
/// <param name="IsEnd">Whether it is the end of the stream.</param>
internal readonly record struct WireMessage(int Bytes, int Descriptors, bool IsCut, bool IsEnd);
