using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>
/// Runs a static method of a test class in a process of its own, which may fill its descriptor table or drop its privileges.
/// An exception in the method fails the test that runs it.
/// </summary>
internal static class Child
{
    /// <summary>Gets the argument that the test passed, in the child process.</summary>
    public static string Argument { get; private set; } = "";

    /// <param name="method">The static method.</param>
    /// <param name="argument">Its <see cref="Argument"/>.</param>
    /// <param name="through">A command that starts the process. It must execute its further arguments.</param>
    public static void Run(Action method, string argument = "", params string[] through)
    {
        using Program program = Program.Start(Command(method, argument, through));
        program.Finish().Succeeded();
    }

    /// <summary>Returns how to start the child, for tests that change its environment or start it through another program.</summary>
    public static ProcessStartInfo Command(Action method, string argument = "", params IEnumerable<string> before)
    {
        string runtime = RuntimeEnvironment.GetRuntimeDirectory();
        string dotnet = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
        string[] all =
        [
            .. before, dotnet, "exec", typeof(Child).Assembly.Location, method.Method.DeclaringType!.FullName!, method.Method.Name, argument,
        ];
        var start = new ProcessStartInfo(all[0], all[1..]);
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredCompilation"] = "0";
        return start;
    }

    private static int Main(string[] arguments)
    {
        if (arguments is not [string type, string method, string argument])
        {
            Console.Error.WriteLine("These are tests. Run them with dotnet test.");
            return 2;
        }

        Argument = argument;
        try
        {
            typeof(Child).Assembly.GetType(type, throwOnError: true)!
                .GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!
                .CreateDelegate<Action>()();
            return 0;
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
            return 1;
        }
    }
}
