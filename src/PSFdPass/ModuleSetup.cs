using System.Management.Automation;
using PSFdPass.Descriptors;

namespace PSFdPass;

/// <summary>What is done once, when the module is imported.</summary>
public sealed class ModuleSetup : IModuleAssemblyInitializer
{
    /// <summary>Remembers which descriptors were there before: those are not the user's to close by number.</summary>
    public void OnImport() => RuntimeDescriptors.RememberOpen();
}
