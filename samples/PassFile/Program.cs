using System.Net.Sockets;
using System.Runtime.Versioning;
using PSFdPass;

// Windows has no SCM_RIGHTS; without this line the compiler warns of every call (CA1416).
[assembly: UnsupportedOSPlatform("windows")]

TimeSpan patience = TimeSpan.FromSeconds(5);
(Socket left, Socket right) = UnixSocket.CreatePair();
using (FileDescriptor file = FileDescriptor.Open("/etc/hosts"))
{
    DescriptorSender.Send(left.SafeHandle, "here you are"u8, [file.SafeHandle], patience);
}

// Null would mean that the other side has closed the connection.
using ReceivedMessage? message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, patience);
FileDescriptor received = message!.Descriptors[0];
Console.WriteLine($"{message.Text}: {received.Kind} {received.Target}, {received.Access}");
using var reader = new StreamReader(received.OpenStream());
Console.WriteLine(reader.ReadToEnd().Contains("localhost"));
