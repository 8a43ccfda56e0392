using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Net.NetworkInformation;

namespace PSFdPass.Completion;

/// <summary>Completes the addresses that this machine can listen on.</summary>
internal sealed class LocalAddressCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        return
            from address in FindAddresses()
            where address.Text.StartsWith(word, StringComparison.OrdinalIgnoreCase)
            select new CompletionResult(address.Text, address.Text, CompletionResultType.ParameterValue, address.Description);
    }

    private static IEnumerable<(string Text, string Description)> FindAddresses()
    {
        yield return ("127.0.0.1", SR.AddressThisMachine);
        yield return ("::1", SR.AddressThisMachine6);
        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            {
                foreach (UnicastIPAddressInformation address in network.GetIPProperties().UnicastAddresses)
                {
                    yield return (address.Address.ToString(), network.Name);
                }
            }
        }

        yield return ("0.0.0.0", SR.AddressEveryNetwork);
        yield return ("::", SR.AddressEveryNetwork6);
    }
}
