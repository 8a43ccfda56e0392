using System.Globalization;
using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>
/// Takes permissions as people write them for chmod: <c>0600</c>, <c>600</c> or <c>'0600'</c>. The shell reads <c>0600</c> as
/// the number six hundred, so the digits of a number are what counts, and they are octal.
/// </summary>
internal sealed class FileModeTransformationAttribute : ArgumentTransformationAttribute
{
    private const int MostDigits = 4;
    private const int AllPermissions = 0b111_111_111;

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is UnixFileMode mode)
        {
            return mode;
        }

        string digits = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        if (digits.Length is 0 or > MostDigits || digits.Any(digit => digit is < '0' or > '7'))
        {
            throw Invalid(digits);
        }

        int bits = Convert.ToInt32(digits, 8);
        return bits <= AllPermissions ? (UnixFileMode)bits : throw Invalid(digits);
    }

    private static ArgumentTransformationMetadataException Invalid(string value) =>
        new($"{value} is no mode: it takes up to three octal digits, such as 0600, 660 or 0666.");
}
