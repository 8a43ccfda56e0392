using System.Management.Automation;
using System.Text;

namespace PSFdPass.Binding;

/// <summary>Takes a text as its UTF-8 bytes, and bytes, or numbers from 0 to 255, as they are.</summary>
internal sealed class MessageTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is string text ? Encoding.UTF8.GetBytes(text) : LanguagePrimitives.ConvertTo<byte[]>(inputData);
    }
}
