using System.Management.Automation;
using System.Text;

namespace PSFdPass.Binding;

/// <summary>Accepts an encoding by the names that PowerShell's own commands use, by its registered name or by its code page.</summary>
internal sealed class EncodingTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>UTF-8 without a byte order mark.</summary>
    public static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The names that PowerShell's own commands use.</summary>
    public static readonly IReadOnlyDictionary<string, Encoding> Names = new Dictionary<string, Encoding>(StringComparer.OrdinalIgnoreCase)
    {
        ["ascii"] = Encoding.ASCII,
        ["bigendianunicode"] = Encoding.BigEndianUnicode,
        ["latin1"] = Encoding.Latin1,
        ["unicode"] = Encoding.Unicode,
        ["utf8"] = Utf8,
        ["utf8NoBOM"] = Utf8,
        ["utf32"] = Encoding.UTF32,
    };

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        try
        {
            return value switch
            {
                Encoding => value,
                string name when Names.TryGetValue(name, out Encoding? encoding) => encoding,
                string name => Encoding.GetEncoding(name),
                int codePage => Encoding.GetEncoding(codePage),
                _ => throw new ArgumentException(null),
            };
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw new ArgumentTransformationMetadataException(
                SR.Format(SR.EncodingInvalid, value, string.Join(", ", Names.Keys)));
        }
    }
}
