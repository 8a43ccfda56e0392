using System.Globalization;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Looks up the names and numbers of users and groups.</summary>
internal static class UserNames
{
    /// <summary>Returns the name of a user (getpwuid_r(3)); the number as text when the system has no name for it.</summary>
    public static string UserOf(uint user) => Pwd.NameOf(user) ?? user.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the name of a group (getgrgid_r(3)); the number as text when the system has no name for it.</summary>
    public static string GroupOf(uint group) => Grp.NameOf(group) ?? group.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the number of a user.</summary>
    /// <param name="nameOrNumber">
    /// A name (getpwnam_r(3)), or a number as text. A name that consists only of digits is read as a number.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when the system has no user with that name.</exception>
    public static uint Find(string nameOrNumber)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrNumber);
        return uint.TryParse(nameOrNumber, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : Pwd.NumberOf(nameOrNumber) ?? throw new ArgumentException(SR.Format(SR.UserNotFound, nameOrNumber));
    }

    /// <summary>Returns <c>user 1000 (ann)</c>, or <c>user 1000</c> when the system has no name for the number.</summary>
    public static string Describe(uint user) => Pwd.NameOf(user) is { } name ? SR.Format(SR.UserNamed, user, name) : SR.Format(SR.UserUnnamed, user);
}
