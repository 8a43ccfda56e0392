namespace PSFdPass.Binding;

/// <summary>As what a received descriptor is given to the user.</summary>
public enum DescriptorForm
{
    /// <summary>A <see cref="FileDescriptor"/>, which describes the descriptor and closes it.</summary>
    Descriptor,

    /// <summary>A <see cref="System.Net.Sockets.Socket"/>.</summary>
    Socket,

    /// <summary>A <see cref="FileStream"/>, or for a connection a <see cref="System.Net.Sockets.NetworkStream"/>.</summary>
    Stream,

    /// <summary>A SafeFileHandle or SafeSocketHandle.</summary>
    Handle,

    /// <summary>Its number, which is then the user's to close.</summary>
    Number,

    /// <summary>What .NET has for its kind: a Socket, a FileStream, or a FileDescriptor where there is nothing.</summary>
    Auto,
}

/// <summary>Gives a descriptor a form.</summary>
internal static class DescriptorForms
{
    /// <summary>Hands the descriptor over in the form that is wanted; on an exception it is still the FileDescriptor's.</summary>
    public static object OpenAs(this FileDescriptor descriptor, DescriptorForm form) => form switch
    {
        DescriptorForm.Socket => descriptor.OpenSocket(),
        DescriptorForm.Stream => descriptor.OpenStream(),
        DescriptorForm.Handle => descriptor.OpenHandle(),
        DescriptorForm.Number => descriptor.Detach(),
        DescriptorForm.Auto => descriptor.OpenNatural(),
        _ => descriptor,
    };
}
