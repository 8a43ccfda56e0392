using System.Reflection;
using System.Text.RegularExpressions;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The constants and structures of the library that have the names of C headers, found by reflection.</summary>
internal static partial class CNames
{
    private const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>A constant, where it is declared, and its value on one system.</summary>
    public sealed record Constant(string Name, string Place, long Value);

    /// <summary>
    /// The table of one system, then the constants that are the same on every system, and, for the system this process runs on,
    /// the ones that are computed.
    /// </summary>
    public static IEnumerable<Constant> ConstantsOf(PlatformId platform)
    {
        foreach (PropertyInfo property in TableProperties())
        {
            yield return new Constant(property.Name, nameof(Constants), Number(property.GetValue(Constants.For(platform))));
        }

        foreach (FieldInfo field in Fields())
        {
            if (field.IsLiteral)
            {
                yield return new Constant(field.Name, field.DeclaringType!.Name, Number(field.GetRawConstantValue()));
            }
            else if (platform == Platform.Current)
            {
                yield return new Constant(field.Name, field.DeclaringType!.Name, Number(field.GetValue(null)));
            }
        }
    }

    /// <summary>The numbers in the table that have names of their own rather than the headers'.</summary>
    public static IEnumerable<string> OtherTableNumbers() =>
        from property in typeof(Constants).GetProperties(Instance)
        where property.PropertyType == typeof(int) && !HeaderName().IsMatch(property.Name)
        select property.Name;

    /// <summary>The constants that are computed when the library starts, with the class that declares each.</summary>
    public static IEnumerable<(string Name, Type Class)> Computed() =>
        from field in Fields()
        where !field.IsLiteral
        select (field.Name, field.DeclaringType!);

    /// <summary>The structures whose fields have C names, with the names that C may have for them.</summary>
    public static IEnumerable<(Type Type, string[] Tags, string[] Fields)> Structures() =>
        from type in typeof(Constants).Assembly.GetTypes()
        where type.IsValueType && !type.IsEnum && !type.IsByRefLike && type.Namespace == typeof(Constants).Namespace
        let fields = (from field in type.GetFields(Instance) where FieldName().IsMatch(field.Name) select field.Name).ToArray()
        where fields.Length > 0
        select (type, new[] { type.Name.ToLowerInvariant(), WordStart().Replace(type.Name, "_").ToLowerInvariant() }, fields);

    private static IEnumerable<PropertyInfo> TableProperties() =>
        from property in typeof(Constants).GetProperties(Instance)
        where property.PropertyType == typeof(int) && HeaderName().IsMatch(property.Name)
        select property;

    private static IEnumerable<FieldInfo> Fields() =>
        from type in typeof(Constants).Assembly.GetTypes()
        where type.Namespace is not null
        from field in type.GetFields(Static)
        where HeaderName().IsMatch(field.Name) && field.FieldType != typeof(string)
        select field;

    private static long Number(object? value) => value switch
    {
        nint number => number,
        nuint number => (long)number,
        _ => Convert.ToInt64(value),
    };

    [GeneratedRegex("^(SYS_[a-z0-9_]+|[A-Z][A-Z0-9_]+[A-Z0-9])$")]
    private static partial Regex HeaderName();

    [GeneratedRegex("^[a-z][a-z0-9_]*$")]
    private static partial Regex FieldName();

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordStart();
}
