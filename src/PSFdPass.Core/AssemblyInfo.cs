using System.Runtime.CompilerServices;

// Every structure here is blittable and every string is marshalled by generated code; this makes the compiler hold us to it.
[assembly: DisableRuntimeMarshalling]
