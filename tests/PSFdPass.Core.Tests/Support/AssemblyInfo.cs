using System.Runtime.CompilerServices;

// Many tests count the descriptors of this process, so only one test can run at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: DisableRuntimeMarshalling]
