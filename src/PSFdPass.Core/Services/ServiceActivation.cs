using System.Globalization;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Takes ownership of the descriptors that a service manager passed when it started this process. Implements the protocol of
/// sd_listen_fds(3) without libsystemd.
/// </summary>
/// <remarks>
/// All members are thread-safe. The environment variables are read and cleared in the environment of .NET, which is passed to child
/// processes.
/// </remarks>
public static class ServiceActivation
{
    /// <summary>The number of the first passed descriptor: SD_LISTEN_FDS_START.</summary>
    public const int FirstDescriptor = 3;

    private const string Count = "LISTEN_FDS";
    private const string ProcessId = "LISTEN_PID";
    private const string Names = "LISTEN_FDNAMES";
    private const string ProcessDescriptorId = "LISTEN_PIDFDID";

    private static readonly object Gate = new();

    /// <summary>
    /// Takes ownership of the passed descriptors, sets close-on-exec on each, and clears the variables LISTEN_FDS, LISTEN_PID,
    /// LISTEN_FDNAMES and LISTEN_PIDFDID, so that child processes don't mistake the descriptors for their own.
    /// </summary>
    /// <returns>
    /// The descriptors, in the order of their numbers. The caller must dispose them. If the manager did not specify a name, the
    /// name contains the descriptor's number, for example <c>LISTEN_FD_3</c>. The list is empty when this process was started
    /// without descriptors, or when they have already been taken.
    /// </returns>
    /// <exception cref="ServiceManagerException">
    /// Thrown when LISTEN_PID is the ID of another process (the variables are kept, because they may be meant for a child with that
    /// ID), or when a variable is malformed. No descriptor has been taken.
    /// </exception>
    /// <exception cref="SystemCallException">
    /// Thrown when a descriptor that LISTEN_FDS counts is not open (EBADF). No descriptor has been taken, but the descriptors that
    /// are open now have close-on-exec set, and the variables have been cleared.
    /// </exception>
    public static IReadOnlyList<NamedDescriptor> TakeDescriptors()
    {
        lock (Gate)
        {
            if (Environment.GetEnvironmentVariable(Count) is not { Length: > 0 } count ||
                Environment.GetEnvironmentVariable(ProcessId) is not { Length: > 0 } processId)
            {
                return [];
            }

            int target = Parse(ProcessId, processId, 1);
            if (target != Environment.ProcessId)
            {
                throw new ServiceManagerException(
                    ServiceManagerError.OtherProcess,
                    SR.Format(SR.ActivationForOtherProcess, target, ProcessId, Environment.ProcessId));
            }

            int total = Parse(Count, count, 0);
            string[] names = Environment.GetEnvironmentVariable(Names) is { Length: > 0 } list ? list.Split(':') : [];
            if (names.Length > 0 && names.Length != total)
            {
                throw Malformed(SR.Format(SR.ActivationNamesCount, Names, ShownText.Of(string.Join(':', names)), names.Length, Count, total));
            }

            foreach (string variable in (ReadOnlySpan<string>)[Count, ProcessId, Names, ProcessDescriptorId])
            {
                Environment.SetEnvironmentVariable(variable, null);
            }

            return Take(total, names);
        }
    }

    private static NamedDescriptor[] Take(int total, string[] names)
    {
        int missing = -1;
        for (int i = 0; i < total; i++)
        {
            int flags = Fcntl.Control(FirstDescriptor + i, Constants.F_GETFD);
            if (flags >= 0)
            {
                _ = Fcntl.Control(FirstDescriptor + i, Constants.F_SETFD, flags | Constants.FD_CLOEXEC);
            }
            else if (missing < 0)
            {
                missing = FirstDescriptor + i;
            }
        }

        if (missing >= 0)
        {
            throw new SystemCallException("fcntl", Errno.EBADF, SR.Format(SR.SubjectActivation, missing, total, Count));
        }

        var taken = new NamedDescriptor[total];
        for (int i = 0; i < total; i++)
        {
            int number = FirstDescriptor + i;
            string name = i < names.Length && names[i].Length > 0 ? names[i] : $"LISTEN_FD_{number}";
            taken[i] = new NamedDescriptor(name, new FileDescriptor(number, ownsHandle: true));
        }

        return taken;
    }

    private static int Parse(string variable, string value, int least)
    {
        const int Most = 1 << 20;
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least &&
            (variable != Count || number <= Most)
            ? number
            : throw Malformed(SR.Format(SR.ActivationNotNumber, variable, ShownText.Of(value)));
    }

    private static ServiceManagerException Malformed(string message) => new(ServiceManagerError.Malformed, message);
}
