namespace PSFdPass.Services;

/// <summary>One frame: its bytes, and the descriptors that arrived with it.</summary>
internal readonly record struct Frame(byte[] Body, FileDescriptor[] Descriptors) : IDisposable
{
    /// <summary>Closes the descriptors that are still owned by the frame.</summary>
    public void Dispose()
    {
        foreach (FileDescriptor descriptor in Descriptors)
        {
            descriptor.Dispose();
        }
    }
}
