using System.Runtime.CompilerServices;

// Many tests count this process's descriptors, and one at a time is the only way to say whose they are.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: DisableRuntimeMarshalling]
