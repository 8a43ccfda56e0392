namespace PSFdPass.Tests.Echo;

/// <summary>A fact about a FUSE file system, skipped where none can be mounted.</summary>
internal sealed class FuseFactAttribute : FactAttribute
{
    public FuseFactAttribute() => Skip =
        !File.Exists("/dev/fuse") ? "There is no /dev/fuse."
        : !Environment.IsPrivilegedProcess ? "Needs root, to mount a file system."
        : !Program.IsInstalled("python3") ? "python3 is not installed."
        : null;
}
