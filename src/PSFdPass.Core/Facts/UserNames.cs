using System.Globalization;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Users and groups by name and by number.</summary>
public static class UserNames
{
    /// <summary>The name of a user (getpwuid_r(3)); the number as text when there is none.</summary>
    public static string UserOf(uint user) => Pwd.NameOf(user) ?? user.ToString(CultureInfo.InvariantCulture);

    /// <summary>The name of a group (getgrgid_r(3)); the number as text when there is none.</summary>
    public static string GroupOf(uint group) => Grp.NameOf(group) ?? group.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number of a user.</summary>
    /// <param name="nameOrNumber">A name (getpwnam_r(3)), or a number as text: a name of digits only is taken as a number.</param>
    /// <exception cref="ArgumentException">There is no user of that name.</exception>
    public static uint Find(string nameOrNumber)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrNumber);
        return uint.TryParse(nameOrNumber, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : Pwd.NumberOf(nameOrNumber) ?? throw new ArgumentException($"This system has no user {nameOrNumber}.");
    }

    /// <summary>A user as people look for one: <c>user 1000 (ann)</c>, or <c>user 1000</c> when the number has no name.</summary>
    internal static string Describe(uint user) => Pwd.NameOf(user) is { } name ? $"user {user} ({name})" : $"user {user}";
}
