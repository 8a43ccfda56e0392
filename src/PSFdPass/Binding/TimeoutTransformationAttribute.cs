using System.Globalization;
using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>
/// Accepts a number of seconds or a <see cref="TimeSpan"/>, and null or infinity for no limit. Negative numbers and NaN are refused
/// before anything is rounded.
/// </summary>
internal sealed class TimeoutTransformationAttribute : ArgumentTransformationAttribute
{
    // The longest time that the timers of .NET wait: nearly 25 days.
    private const double MostSeconds = int.MaxValue / 1000;

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        double? seconds = value switch
        {
            null => null,
            TimeSpan span when span == Timeout.InfiniteTimeSpan => null,
            TimeSpan span => span.TotalSeconds,
            bool => throw Invalid(value),
            _ when LanguagePrimitives.TryConvertTo(value, CultureInfo.InvariantCulture, out double number) && value is not "" => number,
            string text when TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) => span.TotalSeconds,
            _ => throw Invalid(value),
        };
        return seconds switch
        {
            null or double.PositiveInfinity => null,
            >= 0 and <= MostSeconds => seconds,
            > MostSeconds => throw new ArgumentTransformationMetadataException(
                SR.Format(SR.TimeoutTooLong, value, MostSeconds)),
            _ => throw Invalid(value),
        };
    }

    private static ArgumentTransformationMetadataException Invalid(object? value) => new(
        SR.Format(SR.TimeoutInvalid, value));
}
