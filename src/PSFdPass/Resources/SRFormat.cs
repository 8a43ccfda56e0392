using System.Globalization;

namespace PSFdPass.Module;

/// <summary>Formats the messages of <see cref="SR"/>, which the build makes from Strings.resx.</summary>
internal static class SRFormat
{
    extension(SR)
    {
        /// <summary>Replaces the placeholders of a message, in the user's culture.</summary>
        public static string Format(string message, params object?[] arguments) => string.Format(CultureInfo.CurrentCulture, message, arguments);
    }
}
