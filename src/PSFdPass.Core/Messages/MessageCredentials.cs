namespace PSFdPass;

/// <summary>The sender of a message, as the kernel reports it: SCM_CREDENTIALS (unix(7)).</summary>
/// <param name="ProcessId">
/// The process ID of the sender, in this process's PID namespace; 0 if the sender is not visible there.
/// </param>
/// <param name="UserId">The user ID that the sender specified. The kernel checks that the sender may use it.</param>
/// <param name="GroupId">The group ID that the sender specified. The kernel checks that the sender may use it.</param>
public readonly record struct MessageCredentials(int ProcessId, uint UserId, uint GroupId);
