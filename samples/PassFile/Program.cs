using System.Net.Sockets;
using System.Runtime.Versioning;
using PSFdPass;

// Windows has no SCM_RIGHTS. Without this line, the compiler warns about every call (CA1416).
[assembly: UnsupportedOSPlatform("windows")]

(Socket left, Socket right) = UnixSocket.CreatePair();
using (FileDescriptor file = FileDescriptor.Open("/etc/hosts"))
{
    left.SendDescriptors("here you are"u8, [file.SafeHandle]);
}

// Null means that the other side has closed the connection.
using ReceivedMessage message = right.ReceiveDescriptors() ?? throw new EndOfStreamException();
FileDescriptor received = message.Descriptors[0];
Console.WriteLine($"{message.Text}: {received.Kind} {received.Target}, {received.Access}");
using var reader = new StreamReader(received.OpenStream());
Console.WriteLine(reader.ReadToEnd().Contains("localhost"));
