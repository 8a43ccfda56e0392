using System.Diagnostics;
using System.Globalization;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The first message of a process loads the resource, in circumstances where that could fail or hide the error.</summary>
public sealed class FirstMessageTests
{
    [Theory]
    [InlineData("en-US")]
    [InlineData("de-DE")]
    public void The_first_message_can_be_that_the_descriptor_table_is_full(string culture)
    {
        ProcessStartInfo start = Child.Command(CreateFirstMessage, culture);

        // The tests use only the invariant culture. Here, every name is a culture, so the runtime searches for translations.
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_PREDEFINED_CULTURES_ONLY"] = "0";
        using Program program = Program.Start(start);
        program.Finish().Succeeded();
    }

    private static void CreateFirstMessage()
    {
        CultureInfo.CurrentUICulture = new CultureInfo(Child.Argument);
        Exception? exception = null;
        using (new FullTable(free: 400))
        {
            FileDescriptor.Duplicate(0).Dispose();
        }

        using (new FullTable(free: 0))
        {
            try
            {
                FileDescriptor.Duplicate(0).Dispose();
            }
            catch (SystemCallException failed)
            {
                exception = failed;
            }
        }

        Assert.Equal(
            "fcntl (descriptor 0): Too many open files (EMFILE). " +
            "This process has reached its limit of open descriptors. Close some, or raise the limit (ulimit -n).",
            exception?.Message);
    }
}
