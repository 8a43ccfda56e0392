using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace PSFdPass.Tests;

/// <summary>The public API of Core is recorded in docs/api.txt, so that each change of it is seen in a review.</summary>
public sealed class PublicApiTests
{
    private const int MostTypes = 30;
    private static readonly string Recorded = Path.Combine(Repository.Root, "docs", "api.txt");

    [Fact]
    public void The_public_API_is_the_one_that_is_recorded()
    {
        string actual = Describe();
        if (Environment.GetEnvironmentVariable("PSFDPASS_RECORD_API") == "1")
        {
            File.WriteAllText(Recorded, actual);
        }

        Assert.Equal(File.ReadAllText(Recorded), actual);
    }

    [Fact]
    public void There_are_at_most_thirty_types_outside_Processes_and_Services()
    {
        string[] layered = [.. new[] { "Processes", "Services" }.SelectMany(
            layer => Directory.Exists(Folder(layer)) ? Directory.GetFiles(Folder(layer), "*.cs").Select(Path.GetFileNameWithoutExtension) : [])!];
        string[] types = [.. Types().Select(type => type.Name).Except(layered)];
        Assert.True(types.Length <= MostTypes, $"{types.Length}: {string.Join(", ", types)}");
    }

    [Fact]
    public void Every_public_type_is_in_one_namespace() => Assert.All(Types(), type => Assert.Equal("PSFdPass", type.Namespace));

    [Fact]
    public void Every_public_type_is_mentioned_in_api_md()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "api.md"));
        Assert.All(Types(), type => Assert.Contains(type.Name, page, StringComparison.Ordinal));
    }

    private static string Folder(string layer) => Path.Combine(Repository.Root, "src", "PSFdPass.Core", layer);

    private static IEnumerable<Type> Types() =>
        typeof(FileDescriptor).Assembly.GetExportedTypes().Where(type => !type.IsNested).OrderBy(type => type.Name, StringComparer.Ordinal);

    private static string Describe()
    {
        var text = new StringBuilder();
        foreach (Type type in Types())
        {
            text.Append(type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : type.IsAbstract && type.IsSealed ? "static class" : "class")
                .Append(' ').Append(type.Name);
            if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
            {
                text.Append(" : ").Append(Name(parent));
            }

            text.Append('\n');
            foreach (string member in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (MemberInfo member in type.GetMembers(Declared))
        {
            if (member.GetCustomAttribute<CompilerGeneratedAttribute>() is not null)
            {
                continue;
            }

            switch (member)
            {
                case FieldInfo { IsSpecialName: false } field:
                    yield return type.IsEnum ? $"{field.Name} = {field.GetRawConstantValue()}" : $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}";
                    break;
                case PropertyInfo property:
                    yield return $"{(property.GetMethod?.IsStatic == true ? "static " : "")}{Name(property.PropertyType)} {property.Name} {{ get;{(property.SetMethod is { IsPublic: true } ? " set;" : "")} }}";
                    break;
                case EventInfo raised:
                    yield return $"event {Name(raised.EventHandlerType!)} {raised.Name}";
                    break;
                case ConstructorInfo constructor:
                    yield return $"{type.Name}({Parameters(constructor)})";
                    break;
                case MethodInfo { IsSpecialName: false } method:
                    yield return $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}({Parameters(method)})";
                    break;
            }
        }
    }

    private static string Parameters(MethodBase method) => string.Join(
        ", ",
        method.GetParameters().Select(parameter =>
            $"{(parameter.IsOut ? "out " : "")}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = " + Default(parameter) : "")}"));

    private static string Default(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        null => "default",
        string value => $"\"{value}\"",
        bool value => value ? "true" : "false",
        var value => value.ToString()!,
    };

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Name(value) + "?";
        }

        return type.IsGenericType
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
    }
}
