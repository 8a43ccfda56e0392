using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>
/// Accepts numbers, and any object that holds a descriptor, as <see cref="DescriptorNumber"/>. Values that PowerShell would convert to a
/// number, such as an empty string, null, true or 1.5, are refused, because the number would refer to an unintended descriptor.
/// </summary>
internal sealed class DescriptorNumberTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IList and not byte[] ? ((IList)value).Cast<object?>().Select(ToNumber).ToArray() : ToNumber(inputData);
    }

    // An object that does not hold a descriptor is returned unchanged, so that its properties can be bound by name from the pipeline.
    private static object ToNumber(object? item)
    {
        object? value = item is PSObject wrapped ? wrapped.BaseObject : item;
        switch (value)
        {
            case DescriptorNumber number:
                return number;
            case string text when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int fd):
                return new DescriptorNumber(fd);
            case sbyte or byte or short or ushort or int or uint or long or ulong or nint or nuint:
                return LanguagePrimitives.TryConvertTo(value, out int fitting) ? new DescriptorNumber(fitting) : throw Invalid(value);
            case null or string or bool or char or double or float or decimal:
                throw Invalid(value);
            case DescriptorInfo info when info.ProcessId != Environment.ProcessId:
                // In this process, the number would refer to another descriptor. From the pipeline, Fd and ProcessId are bound by name.
                return item!;
            default:
                return FromHolder(item!, value);
        }
    }

    private static object FromHolder(object item, object value)
    {
        try
        {
            return DescriptorSource.Find(item) is { } source
                ? new DescriptorNumber((int)source.Handle.DangerousGetHandle(), value)
                : item;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or ArgumentException)
        {
            throw new ArgumentTransformationMetadataException(exception.Message, exception);
        }
    }

    private static ArgumentTransformationMetadataException Invalid(object? value) =>
        new(value is null ? SR.NumberNull : SR.Format(SR.NumberInvalid, value));
}
