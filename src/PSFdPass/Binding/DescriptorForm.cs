namespace PSFdPass.Binding;

/// <summary>The type in which a received descriptor is returned.</summary>
public enum DescriptorForm
{
    /// <summary>A <see cref="FileDescriptor"/>, which describes the descriptor and closes it.</summary>
    Descriptor,

    /// <summary>A <see cref="System.Net.Sockets.Socket"/>.</summary>
    Socket,

    /// <summary>A <see cref="System.IO.Stream"/>; for a connection, a <see cref="System.Net.Sockets.NetworkStream"/>.</summary>
    Stream,

    /// <summary>A SafeFileHandle or SafeSocketHandle.</summary>
    Handle,

    /// <summary>The descriptor's number. The user must close the descriptor.</summary>
    Number,

    /// <summary>A Socket for a socket, a stream for a file or a pipe, and a FileDescriptor for other kinds.</summary>
    Auto,
}

/// <summary>Converts received descriptors to the types of <see cref="DescriptorForm"/>.</summary>
internal static class DescriptorForms
{
    /// <summary>Hands the descriptor over in the requested form. After an exception, the FileDescriptor still owns it.</summary>
    public static object OpenAs(this FileDescriptor descriptor, DescriptorForm form) => form switch
    {
        DescriptorForm.Socket => descriptor.OpenSocket(),
        DescriptorForm.Stream => descriptor.OpenStream(),
        DescriptorForm.Handle => descriptor.OpenHandle(),
        DescriptorForm.Number => descriptor.Detach(),
        DescriptorForm.Auto => descriptor.OpenObject(),
        _ => descriptor,
    };
}
