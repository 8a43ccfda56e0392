using System.Reflection;
using Xunit.Sdk;

namespace PSFdPass.Tests;

/// <summary>One compiler as a row of a theory. The row is skipped, with the reason, where a program it needs is not installed.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class CompilerDataAttribute : DataAttribute
{
    private readonly string _compiler;

    public CompilerDataAttribute(string compiler)
    {
        _compiler = compiler;
        Skip = LayoutProbe.WhyNot(compiler);
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[_compiler]];
}
