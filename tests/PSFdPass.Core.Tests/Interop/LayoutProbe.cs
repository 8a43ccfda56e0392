using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// The output of <c>tests/peers/layout.c</c>: the sizes, offsets and constants of one compiler's headers. Compiled and run
/// once for each compiler.
/// </summary>
internal sealed class LayoutProbe
{
    private const string Arm64Compiler = "aarch64-linux-gnu-gcc";
    private const string Arm64Emulator = "qemu-aarch64";

    private static readonly Dictionary<string, LayoutProbe> Probes = [];
    private readonly Dictionary<string, long?> _values;

    private LayoutProbe(string compiler)
    {
        (IsMusl, Platform) = (compiler == "musl-gcc", compiler == Arm64Compiler ? PlatformId.LinuxArm64 : Interop.Platform.Current);
        _values = Parse(CompileAndRun(compiler));
    }

    /// <summary>Gets a value indicating whether these are musl's headers rather than glibc's.</summary>
    public bool IsMusl { get; }

    /// <summary>Gets the system that the compiler compiles for.</summary>
    public PlatformId Platform { get; }

    /// <summary>Gets the C expressions that were printed, in order.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Gets the value of a C expression.</summary>
    /// <exception cref="KeyNotFoundException">layout.c does not print it, or the headers do not define it.</exception>
    public long this[string name] => _values.TryGetValue(name, out long? value)
        ? value ?? throw new KeyNotFoundException($"The headers are too old for {name}.")
        : throw new KeyNotFoundException($"layout.c does not print {name}.");

    /// <summary>Returns the reason why a compiler can't be used here, or null.</summary>
    public static string? WhyNot(string compiler) =>
        !OperatingSystem.IsLinux() ? "The headers are Linux's."
        : !Program.IsInstalled(compiler) ? $"{compiler} is not installed (Debian: {Package(compiler)})."
        : compiler == Arm64Compiler && !Program.IsInstalled(Arm64Emulator) ? $"{Arm64Emulator} is not installed (Debian: qemu-user)."
        : null;

    /// <summary>Returns the values in the headers of a compiler.</summary>
    public static LayoutProbe Of(string compiler)
    {
        if (!Probes.TryGetValue(compiler, out LayoutProbe? probe))
        {
            Probes[compiler] = probe = new LayoutProbe(compiler);
        }

        return probe;
    }

    /// <summary>Gets the value of a C expression, or null if the headers are too old to define it.</summary>
    public bool TryGet(string name, out long? value) => _values.TryGetValue(name, out value);

    private static string Package(string compiler) => compiler switch
    {
        "musl-gcc" => "musl-tools",
        Arm64Compiler => "gcc-aarch64-linux-gnu and libc6-dev-arm64-cross",
        _ => compiler,
    };

    private static string CompileAndRun(string compiler)
    {
        using var directory = new TemporaryDirectory();
        string program = directory.File("layout");
        string source = Path.Combine(Repository.Root, "tests", "peers", "layout.c");
        Program.Run(compiler, ["-std=c11", "-Wall", "-Wextra", "-Werror", "-static", "-o", program, source, .. IncludesOf(compiler)])
            .Succeeded();
        Program.Result result = compiler == Arm64Compiler && Interop.Platform.Current != PlatformId.LinuxArm64
            ? Program.Run(Arm64Emulator, program)
            : Program.Run(program);
        return result.Succeeded().Output;
    }

    // musl-gcc searches only musl's own headers. The kernel's headers are added after them.
    private static string[] IncludesOf(string compiler)
    {
        string machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";
        return compiler == "musl-gcc" ? ["-idirafter", "/usr/include", "-idirafter", $"/usr/include/{machine}-linux-gnu"] : [];
    }

    // Each line is NAME value. The name is an expression, which can contain spaces.
    private static Dictionary<string, long?> Parse(string output)
    {
        var values = new Dictionary<string, long?>();
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.LastIndexOf(' ');
            string value = line[(space + 1)..];
            values[line[..space]] = value == "absent" ? null : long.Parse(value);
        }

        return values;
    }
}
