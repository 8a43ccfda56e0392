using System.Globalization;
using System.Runtime.InteropServices;
using PSFdPass.Services;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// Keeps descriptors in the service manager beyond the end of this process: FDSTORE=1 of sd_notify(3). When the manager starts the service
/// again, <see cref="ServiceActivation"/> returns them.
/// </summary>
/// <remarks>
/// All members are thread-safe. The manager does not answer. It discards descriptors when the service has no store
/// (FileDescriptorStoreMax= of systemd.service(5)) or the store is full. It removes a descriptor from the store after the other end
/// has been closed.
/// </remarks>
public static class ServiceDescriptorStore
{
    /// <summary>
    /// Gets the maximum number of descriptors that the manager keeps for this service, from the environment variable FDSTORE; null
    /// if the variable is not set. systemd 254 and later set it for services that have a store.
    /// </summary>
    public static int? Capacity =>
        int.TryParse(Environment.GetEnvironmentVariable("FDSTORE"), NumberStyles.None, CultureInfo.InvariantCulture, out int most)
            ? most
            : null;

    /// <summary>Sends descriptors to the manager, which keeps duplicates of them under one name.</summary>
    /// <param name="name">
    /// The name, which can have up to 255 printable ASCII characters, excluding the colon. Several descriptors may have the same
    /// name.
    /// </param>
    /// <param name="descriptors">The descriptors: at least one and at most 253.</param>
    /// <param name="timeout">The time to wait while the manager's queue is full; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when the name is not valid, or there are no descriptors or more than 253.</exception>
    /// <inheritdoc cref="ServiceNotifier.Send(ServiceNotification, TimeSpan, CancellationToken)"/>
    public static void Save(
        string name, ReadOnlySpan<SafeHandle> descriptors, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        DescriptorNames.ThrowIfNotForManager(name);
        if (descriptors.Length is 0 or > DescriptorSender.MaxDescriptorsPerMessage)
        {
            throw new ArgumentException(
                SR.Format(SR.StoreCountInvalid, DescriptorSender.MaxDescriptorsPerMessage), nameof(descriptors));
        }

        ServiceNotifier.Send($"FDSTORE=1\nFDNAME={name}", descriptors, Deadline.After(timeout), cancellationToken);
    }

    /// <summary>Removes every descriptor with the specified name from the store.</summary>
    /// <param name="name">The name. The manager ignores a name that it does not have.</param>
    /// <param name="timeout">The time to wait while the manager's queue is full; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when the name is not valid.</exception>
    /// <inheritdoc cref="ServiceNotifier.Send(ServiceNotification, TimeSpan, CancellationToken)"/>
    public static void Remove(string name, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        DescriptorNames.ThrowIfNotForManager(name);
        ServiceNotifier.Send($"FDSTOREREMOVE=1\nFDNAME={name}", [], Deadline.After(timeout), cancellationToken);
    }
}
