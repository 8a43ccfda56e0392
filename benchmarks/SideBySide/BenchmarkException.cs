namespace PSFdPass.Benchmarks;

/// <summary>The exception that is thrown when something can't be measured. The message contains the reason.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
