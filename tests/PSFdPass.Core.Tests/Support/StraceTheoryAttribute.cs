namespace PSFdPass.Tests;

/// <summary>A theory that needs strace to make system calls fail, skipped where it is not installed or may not trace this process.</summary>
internal sealed class StraceTheoryAttribute : TheoryAttribute
{
    public StraceTheoryAttribute() => Skip = new StraceFactAttribute().Skip;
}
