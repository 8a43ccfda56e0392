using System.Globalization;

namespace PSFdPass.Binding;

/// <summary>Numbers with their units, in the singular for one and otherwise in the plural.</summary>
internal static class Quantity
{
    /// <summary>Returns a number and its unit: <c>1 byte</c>, <c>2 bytes</c>.</summary>
    public static string Of(long count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")}");

    /// <summary>Returns a number of seconds: <c>1 second</c>, <c>0.5 seconds</c>.</summary>
    public static string OfSeconds(double? seconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{seconds} second{(seconds == 1 ? "" : "s")}");
}
