namespace PSFdPass.Benchmarks;

/// <summary>Something can't be measured; the message says why.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
