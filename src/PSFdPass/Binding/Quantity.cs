using System.Globalization;

namespace PSFdPass.Binding;

/// <summary>Numbers with their units, in the singular for one and otherwise in the plural.</summary>
internal static class Quantity
{
    /// <summary>Returns a number of bytes: <c>1 byte</c>, <c>2 bytes</c>.</summary>
    public static string OfBytes(long count) => count == 1 ? SR.OneByte : SR.Format(SR.Bytes, count);

    /// <summary>Returns a number of descriptors: <c>1 descriptor</c>, <c>2 descriptors</c>.</summary>
    public static string OfDescriptors(long count) => count == 1 ? SR.OneDescriptor : SR.Format(SR.Descriptors, count);

    /// <summary>Returns a number of members of a set: <c>1 member</c>, <c>2 members</c>.</summary>
    public static string OfMembers(long count) => count == 1 ? SR.OneMember : SR.Format(SR.Members, count);

    /// <summary>Returns a number of names: <c>1 name</c>, <c>2 names</c>.</summary>
    public static string OfNames(long count) => count == 1 ? SR.OneName : SR.Format(SR.Names, count);

    /// <summary>Returns a number of seconds: <c>1 second</c>, <c>0.5 seconds</c>.</summary>
    public static string OfSeconds(double? seconds) =>
        seconds == 1 ? SR.OneSecond : SR.Format(SR.Seconds, seconds?.ToString(CultureInfo.InvariantCulture));
}
