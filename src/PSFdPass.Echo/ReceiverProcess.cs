using System.Globalization;
using System.Net.Sockets;

namespace PSFdPass.Echo;

/// <summary>
/// The process of a wide receiver: the process that called listen(2) on the wide receiver's socket. Reports whether it is still running,
/// and which connections it or another process has open.
/// </summary>
internal sealed class ReceiverProcess : IDisposable
{
    private const int PF_EXITING = 4;
    private readonly UnixSocketPeer? _peer;

    private ReceiverProcess(UnixSocketPeer? peer) => _peer = peer;

    /// <summary>Finds the process at the other end of a wire. If the process can't be found, it is reported as alive.</summary>
    public static ReceiverProcess Of(Socket wire)
    {
        try
        {
            return new ReceiverProcess(UnixSocketPeer.Of(wire.SafeHandle, withProcessDescriptor: true));
        }
        catch (SystemCallException)
        {
        }

        try
        {
            // Perhaps the descriptor table is full. Without a process descriptor, the process can still be inspected by its ID.
            return new ReceiverProcess(UnixSocketPeer.Of(wire.SafeHandle));
        }
        catch (SystemCallException)
        {
            return new ReceiverProcess(null);
        }
    }

    /// <summary>
    /// Returns whether the process is running. A process that has begun to end does not count as running, because it is closing its
    /// descriptors.
    /// </summary>
    public bool IsAlive()
    {
        if (_peer is null || _peer.ProcessId == 0)
        {
            return _peer?.ProcessDescriptor is null || !HasEnded(_peer.ProcessDescriptor);
        }

        // The order matters: if the second check shows that the process has not ended, the ID still referred to it during the first check.
        bool isRunning = HasRunningThread(_peer.ProcessId);
        return isRunning && (_peer.ProcessDescriptor is null || !HasEnded(_peer.ProcessDescriptor));
    }

    /// <summary>Returns the connections that another process, such as the wide receiver, also has open.</summary>
    /// <param name="connections">
    /// The connections to look for. Processes that run under other accounts are inspected only if that is permitted.
    /// </param>
    public HashSet<FileDescriptor> FindHeldElsewhere(IEnumerable<FileDescriptor> connections)
    {
        var wanted = new Dictionary<string, FileDescriptor>();
        foreach (FileDescriptor connection in connections)
        {
            if (LinkOf($"/proc/self/fd/{connection.Fd}") is { } target)
            {
                wanted[target] = connection;
            }
        }

        var held = new HashSet<FileDescriptor>();
        if (_peer is { ProcessId: > 0 })
        {
            Find(_peer.ProcessId, wanted, held);
        }

        foreach (int process in wanted.Count > held.Count ? Processes() : [])
        {
            if (process != Environment.ProcessId && process != _peer?.ProcessId)
            {
                Find(process, wanted, held);
            }
        }

        return held;
    }

    /// <inheritdoc/>
    public void Dispose() => _peer?.Dispose();

    private static bool HasEnded(FileDescriptor process)
    {
        var ready = new ReadyDescriptor[1];
        try
        {
            using var set = new DescriptorSet();
            set.Add(process.SafeHandle, DescriptorEvents.Readable);
            return set.Wait(ready, TimeSpan.Zero) > 0;
        }
        catch (SystemCallException)
        {
            return false;
        }
    }

    // The first thread of a process can end before the others.
    private static bool HasRunningThread(int process)
    {
        try
        {
            return IsRunning($"/proc/{process}/stat") ||
                Directory.EnumerateDirectories($"/proc/{process}/task").Any(thread => IsRunning(Path.Combine(thread, "stat")));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // proc_pid_stat(5): "pid (name) state ppid pgrp session tty tpgid flags …", and the name may contain spaces and parentheses.
    private static bool IsRunning(string path)
    {
        try
        {
            string text = File.ReadAllText(path);
            string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is not ("Z" or "X") && (ulong.Parse(fields[6], CultureInfo.InvariantCulture) & PF_EXITING) == 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IEnumerable<int> Processes()
    {
        foreach (string path in OperatingSystem.IsLinux() ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int process))
            {
                yield return process;
            }
        }
    }

    private static void Find(int process, Dictionary<string, FileDescriptor> wanted, HashSet<FileDescriptor> held)
    {
        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries($"/proc/{process}/fd"))
            {
                if (LinkOf(path) is { } target && wanted.TryGetValue(target, out FileDescriptor? connection))
                {
                    held.Add(connection);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or runs under another account.
        }
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
