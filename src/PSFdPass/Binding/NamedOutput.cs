using System.Management.Automation;
using System.Runtime.InteropServices;

namespace PSFdPass.Binding;

/// <summary>Descriptors with a <c>Name</c> property, which commands write and accept.</summary>
internal static class NamedOutput
{
    private const string Name = nameof(NamedDescriptor.Name);

    /// <summary>Adds the name to a descriptor.</summary>
    public static PSObject Of(string name, FileDescriptor descriptor)
    {
        PSObject output = PSObject.AsPSObject(descriptor);
        output.Properties.Add(new PSNoteProperty(Name, name));
        output.TypeNames.Insert(0, typeof(FileDescriptor).FullName + "#Named");
        return output;
    }

    /// <summary>Returns the name that was added to an object; null when there is none.</summary>
    public static string? NameOf(object value) => value switch
    {
        NamedDescriptor named => named.Name,
        PSObject { BaseObject: NamedDescriptor named } => named.Name,
        _ => PSObject.AsPSObject(value).Properties[Name] is PSNoteProperty { Value: { } name } ? name.ToString() : null,
    };

    /// <summary>Returns the handle of an object that holds a descriptor. The object still owns it.</summary>
    /// <exception cref="ArgumentException">Thrown when the object does not hold a descriptor.</exception>
    public static SafeHandle HandleOf(object holder)
    {
        object value = holder is PSObject { BaseObject: NamedDescriptor named } ? named.Descriptor : holder is NamedDescriptor bare ? bare.Descriptor : holder;
        return DescriptorSource.Find(value)?.Handle ??
            throw new ArgumentException(SR.Format(SR.HoldsNoDescriptor, (value is PSObject wrapped ? wrapped.BaseObject : value).GetType()));
    }
}
