namespace PSFdPass;

/// <summary>The sender of a message, as the kernel reports it: SCM_CREDENTIALS (unix(7)).</summary>
/// <param name="ProcessId">The process id of the sender, in this process's pid namespace; 0 when it is not visible there.</param>
/// <param name="UserId">The user id that the sender stated; the kernel has checked that it may.</param>
/// <param name="GroupId">The group id that the sender stated; the kernel has checked that it may.</param>
public readonly record struct MessageCredentials(int ProcessId, uint UserId, uint GroupId);
