using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Tests.Samples;

/// <summary>
/// samples/hot-restart under a constant load of new and long-lived connections, over restarts with successors killed in between:
/// nothing is refused, nothing is reset, no byte is lost. PSFDPASS_RESTARTS=20 is the long form.
/// </summary>
public sealed class HotRestartTests
{
    private static readonly int Restarts =
        int.TryParse(Environment.GetEnvironmentVariable("PSFDPASS_RESTARTS"), CultureInfo.InvariantCulture, out int count) ? count : 2;

    [ProgramFact("pwsh")]
    public async Task Clients_do_not_notice_a_restart()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("s");
        var servers = new List<Server>();
        try
        {
            servers.Add(Server.Start(path, "0"));
            int port = int.Parse((await servers[0].LineAsync("serves port")).Split(' ')[^1], CultureInfo.InvariantCulture);
            using var load = new Load(port);
            for (int restart = 1; restart <= Restarts; restart++)
            {
                // One successor is killed while it prepares and has the descriptors. The other one fails by itself.
                using (Server killed = Server.Start(path, "killed", "[Console]::WriteLine('preparing'); Start-Sleep 60"))
                {
                    await killed.LineAsync("preparing");
                    killed.Kill();
                }

                using (Server failing = Server.Start(path, "failing", "throw 'not today'"))
                {
                    Assert.NotEqual(0, await failing.ExitAsync());
                }

                Assert.Equal($"{restart - 1}", await load.AskAsync());
                servers.Add(Server.Start(path, $"{restart}"));
                await servers[restart].LineAsync("serves port");
                await servers[restart - 1].LineAsync("hands over");
                Assert.Equal($"{restart}", await load.AskAsync());
            }

            await load.StopAsync();
            for (int i = 0; i < Restarts; i++)
            {
                Assert.Equal(0, await servers[i].ExitAsync());
            }
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    /// <summary>Clients that connect, talk and leave, some at once and some after seconds.</summary>
    private sealed class Load : IDisposable
    {
        private readonly int _port;
        private readonly CancellationTokenSource _stopped = new();
        private readonly ConcurrentQueue<string> _failures = [];
        private readonly Task[] _clients;
        private int _answers;

        public Load(int port)
        {
            _port = port;
            _clients = [.. Enumerable.Range(0, 8).Select(number => Task.Run(() => RunAsync(isLong: number % 2 == 1)))];
        }

        /// <summary>Returns the version that answers a new connection.</summary>
        public async Task<string> AskAsync()
        {
            using TcpClient client = await ConnectAsync();
            await client.GetStream().WriteAsync("version\n"u8.ToArray());
            using var reader = new StreamReader(client.GetStream());
            return (await reader.ReadLineAsync())!.Split(' ')[0];
        }

        public async Task StopAsync()
        {
            await _stopped.CancelAsync();
            await Task.WhenAll(_clients);
            Assert.Empty(_failures);
            Assert.True(_answers > 100, $"Only {_answers} answers.");
        }

        public void Dispose()
        {
            _stopped.Cancel();
            Task.WaitAll(_clients);
            _stopped.Dispose();
        }

        private async Task<TcpClient> ConnectAsync()
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _port);
            return client;
        }

        private async Task RunAsync(bool isLong)
        {
            while (!_stopped.IsCancellationRequested)
            {
                try
                {
                    await TalkAsync(isLong);
                }
                catch (Exception exception)
                {
                    _failures.Enqueue(exception.ToString());
                    return;
                }
            }
        }

        private async Task TalkAsync(bool isLong)
        {
            using TcpClient client = await ConnectAsync();
            NetworkStream stream = client.GetStream();
            using var reader = new StreamReader(stream);
            using var writer = new StreamWriter(stream) { NewLine = "\n", AutoFlush = true };
            var watch = Stopwatch.StartNew();
            int lines = 0;
            string? server = null;
            do
            {
                // In two parts, so that half a line waits in the server.
                string text = $"line {lines++} {new string('x', lines % 50 * 40)}";
                await writer.WriteAsync(text[..(text.Length / 2)]);
                await writer.WriteLineAsync(text[(text.Length / 2)..]);
                string? answer = await reader.ReadLineAsync(new CancellationTokenSource(Patience.Long).Token);
                string[] words = answer?.Split(' ', 3) ?? throw new EndOfStreamException($"No answer to {text}");
                server ??= words[1];
                if (words[2] != text || words[1] != server)
                {
                    throw new InvalidDataException($"{answer} to {text}");
                }

                Interlocked.Increment(ref _answers);
                await Task.Delay(10);
            }
            while (isLong && watch.Elapsed < TimeSpan.FromSeconds(4) && !_stopped.IsCancellationRequested);

            client.Client.Shutdown(SocketShutdown.Send);
            if (await reader.ReadLineAsync() is { } rest)
            {
                throw new InvalidDataException($"{rest} after the end");
            }
        }
    }

    /// <summary>One version of the server.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Process _process;
        private readonly List<string> _seen = [];
        private readonly Task<string> _error;

        private Server(Process process)
        {
            _process = process;
            _error = process.StandardError.ReadToEndAsync();
        }

        public static Server Start(string path, string version, string prepare = "")
        {
            string sample = Path.Combine(Repository.Root, "samples", "hot-restart", "server.ps1");
            string module = Path.Combine(Repository.Root, "out", "PSFdPass");
            var start = new ProcessStartInfo("pwsh", [
                "-NoProfile", "-NonInteractive", "-Command",
                $"Import-Module '{module}'; & '{sample}' -TakeoverPath '{path}' -Version '{version}' -Prepare {{ {prepare} }}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["NO_COLOR"] = "1" },
            };
            return new Server(Process.Start(start)!);
        }

        public async Task<string> LineAsync(string part)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                _seen.Add(line);
                if (line.Contains(part, StringComparison.Ordinal))
                {
                    return line;
                }
            }

            throw new InvalidDataException($"It ended without '{part}': {string.Join('\n', _seen)}\n{await _error}");
        }

        public async Task<int> ExitAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }

        public void Kill()
        {
            _process.Kill();
            _process.WaitForExit();
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                Kill();
            }

            _process.Dispose();
        }
    }
}
