namespace PSFdPass.Services;

/// <summary>A received frame: its body, and the descriptors that arrived with it.</summary>
internal readonly record struct Frame(byte[] Body, FileDescriptor[] Descriptors) : IDisposable
{
    /// <summary>Closes the descriptors that the frame still owns.</summary>
    public void Dispose()
    {
        foreach (FileDescriptor descriptor in Descriptors)
        {
            descriptor.Dispose();
        }
    }
}
