using System.Collections;
using System.Management.Automation;
using System.Text;

namespace PSFdPass.Binding;

/// <summary>Accepts a string (which is encoded as UTF-8), bytes, or integers from 0 to 255.</summary>
internal sealed class MessageTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        switch (value)
        {
            case string text:
                return Encoding.UTF8.GetBytes(text);
            case byte[] bytes:
                return bytes;
            case IEnumerable items:
                foreach (object item in items)
                {
                    ThrowIfRounded(item);
                }

                break;
            default:
                ThrowIfRounded(value);
                break;
        }

        return LanguagePrimitives.ConvertTo<byte[]>(inputData);
    }

    // PowerShell's conversion rounds 1.5 to 2 and converts true to 1.
    private static void ThrowIfRounded(object item)
    {
        object value = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (value is bool or double or float or decimal)
        {
            throw new ArgumentTransformationMetadataException(SR.Format(SR.ByteInvalid, value));
        }
    }
}
