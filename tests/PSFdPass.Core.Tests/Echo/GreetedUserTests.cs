using System.Net.Sockets;
using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>The quarterback's greeting, and the state of a user that it checks later.</summary>
public sealed class GreetedUserTests
{
    [Fact]
    public void A_greeting_that_does_not_fit_the_send_buffer_is_written_later()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        {
            // Loopback continues to move data from one buffer to the other for a while.
            server.SendBufferSize = 4096;
            byte[] much = new byte[65536];
            long filled = 0;
            var full = System.Diagnostics.Stopwatch.StartNew();
            while (full.ElapsedMilliseconds < 200)
            {
                if (FileDescriptor.TryWrite(server.SafeHandle, much, out int written))
                {
                    filled += written;
                    full.Restart();
                }
            }

            var user = new GreetedUser(FileDescriptor.Duplicate((int)server.Handle), "user");
            Assert.False(user.TryGreet());
            server.Dispose();
            byte[] buffer = new byte[65536];
            using NetworkStream stream = client.GetStream();
            for (long read = 0; read < filled;)
            {
                read += stream.Read(buffer, 0, (int)Math.Min(buffer.Length, filled - read));
            }

            Patience.Until(user.TryGreet, "there is space");
            Assert.Equal($"Hello from Quarterback on PID ({Environment.ProcessId})!", new StreamReader(stream).ReadLine());
            user.Connection.Dispose();
        }
    }

    [LinuxFact]
    public void Bytes_written_through_another_descriptor_and_a_reset_are_detected()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (server)
        {
            using var connection = FileDescriptor.Duplicate((int)server.Handle);
            var user = new GreetedUser(connection, "user");
            Assert.True(user.TryGreet());
            Assert.Equal(user.Greeted, TcpCounters.BytesWrittenTo(connection.SafeHandle));
            server.Send("hello"u8);
            Assert.Equal(user.Greeted + 5, TcpCounters.BytesWrittenTo(connection.SafeHandle));
            Assert.True(user.IsConnected);
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            Patience.Until(() => !user.IsConnected, "the reset arrives");
        }
    }

    [Fact]
    public void A_user_is_suspect_after_two_deaths_and_deadly_after_two_more_alone()
    {
        var user = new GreetedUser(Some.Null(), "user");
        user.RecordDeath(isAlone: true);
        Assert.False(user.IsSuspect);
        user.RecordDeath(isAlone: true);
        Assert.True(user.IsSuspect);
        user.RecordDeath(isAlone: false);
        user.RecordDeath(isAlone: true);
        Assert.False(user.IsDeadly);
        user.RecordDeath(isAlone: true);
        Assert.True(user.IsDeadly);
        user.Connection.Dispose();
    }
}
