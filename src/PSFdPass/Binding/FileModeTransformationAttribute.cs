using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>
/// Accepts permissions as they are written for chmod: <c>0600</c>, <c>600</c> or <c>'0600'</c>. PowerShell reads <c>0600</c> as the
/// number six hundred, so the decimal digits of a number are taken as octal digits. One or several names of
/// <see cref="UnixFileMode"/> are accepted as well: <c>UserRead,UserWrite</c>. The result is four octal digits.
/// </summary>
internal sealed class FileModeTransformationAttribute : ArgumentTransformationAttribute
{
    private const int MostDigits = 4;
    private const int AllPermissions = 0b111_111_111;

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        string text = value is IEnumerable and not string
            ? string.Join(",", LanguagePrimitives.ConvertTo<string[]>(value))
            : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        int mode = text.Length is > 0 and <= MostDigits && text.All(digit => digit is >= '0' and <= '7')
            ? Convert.ToInt32(text, 8)
            : FromNames(text);
        return mode <= AllPermissions ? Convert.ToString(mode, 8).PadLeft(MostDigits, '0') : throw Invalid(text);
    }

    // Enum.TryParse would also accept decimal numbers, which nobody means here.
    private static int FromNames(string text) =>
        !text.Any(char.IsDigit) && Enum.TryParse(text, ignoreCase: true, out UnixFileMode mode) ? (int)mode : throw Invalid(text);

    private static ArgumentTransformationMetadataException Invalid(string value) =>
        new(SR.Format(SR.ModeInvalid, value));
}
