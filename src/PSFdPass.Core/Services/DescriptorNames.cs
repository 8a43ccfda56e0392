using System.Text;

namespace PSFdPass.Services;

/// <summary>Checks the names of descriptors that are saved or passed.</summary>
internal static class DescriptorNames
{
    /// <summary>The maximum length of a name, in bytes of UTF-8: S6_FDHOLDER_ID_SIZE in s6, and FDNAME_MAX in systemd.</summary>
    public const int MaxBytes = 255;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the UTF-8 bytes of a name.</summary>
    /// <exception cref="ArgumentException">
    /// Thrown when the name is empty, has more than 255 bytes, contains a null character or is not valid Unicode.
    /// </exception>
    public static byte[] GetBytes(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || name.Contains('\0'))
        {
            throw new ArgumentException(SR.DescriptorNameEmpty, nameof(name));
        }

        byte[] bytes;
        try
        {
            bytes = Strict.GetBytes(name);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException(SR.DescriptorNameNotUnicode, nameof(name), exception);
        }

        return bytes.Length <= MaxBytes
            ? bytes
            : throw new ArgumentException(SR.Format(SR.DescriptorNameTooLong, MaxBytes, bytes.Length), nameof(name));
    }

    /// <summary>
    /// Checks a name for FDNAME=, as systemd does. It must be printable ASCII, without a colon, which separates the names in
    /// LISTEN_FDNAMES.
    /// </summary>
    /// <exception cref="ArgumentException">Thrown when the service manager would not accept the name.</exception>
    public static void ThrowIfNotForManager(string name)
    {
        _ = GetBytes(name);
        foreach (char character in name)
        {
            if (character is < ' ' or > '~' or ':')
            {
                throw new ArgumentException(SR.ManagerNameInvalid, nameof(name));
            }
        }
    }
}
