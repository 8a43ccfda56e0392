namespace PSFdPass.Tests.Echo;

/// <summary>A fact that needs root, to run a program as another user.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip =
        !Environment.IsPrivilegedProcess ? "Needs root, to run a program as the user nobody."
        : !Program.IsInstalled("setpriv") ? "setpriv is not installed (util-linux)."
        : null;
}
