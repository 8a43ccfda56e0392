using System.Net.Sockets;

namespace PSFdPass.Facts;

/// <summary>
/// Converts between the SOCK_ numbers of the system and .NET's <see cref="SocketType"/>, which has the same numbers as Linux and
/// macOS.
/// </summary>
internal static class SocketTypes
{
    /// <summary>Returns the type that a SOCK_ number stands for; null for a number that .NET has no type for.</summary>
    public static SocketType? FromNumber(int number) =>
        number is >= (int)SocketType.Stream and <= (int)SocketType.Seqpacket ? (SocketType)number : null;

    /// <summary>Returns the SOCK_ number of a type that a Unix-domain socket can have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the type is not Stream, Seqpacket or Dgram.</exception>
    public static int NumberOfUnix(SocketType type) =>
        type is SocketType.Stream or SocketType.Seqpacket or SocketType.Dgram
            ? (int)type
            : throw new ArgumentOutOfRangeException(nameof(type), type, SR.SocketTypeInvalid);
}
