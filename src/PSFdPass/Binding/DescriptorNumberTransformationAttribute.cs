using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>Takes whatever holds a descriptor as the descriptor's number, and numbers as they are.</summary>
internal sealed class DescriptorNumberTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is object[] several ? Array.ConvertAll(several, ToNumber) : ToNumber(inputData);
    }

    private static object ToNumber(object item)
    {
        object value = item is PSObject wrapped ? wrapped.BaseObject : item;
        switch (value)
        {
            case null or int or string:
                return item;

            case DescriptorInfo info:
                // Of another process, the number alone would mean another descriptor. From the pipeline, both are bound by name.
                return info.ProcessId == Environment.ProcessId ? info.Fd : item;

            default:
                try
                {
                    return DescriptorSource.Find(value) is { } source ? (int)source.Handle.DangerousGetHandle() : item;
                }
                catch (Exception exception) when (exception is IOException or ObjectDisposedException)
                {
                    throw new ArgumentTransformationMetadataException(exception.Message, exception);
                }
        }
    }
}
