namespace PSFdPass;

/// <summary>
/// The contents of one notification to the service manager (sd_notify(3)). A notification can set several properties.
/// </summary>
public sealed record ServiceNotification
{
    /// <summary>Gets a value indicating whether the service has finished starting or reloading: <c>READY=1</c>.</summary>
    public bool Ready { get; init; }

    /// <summary>
    /// Gets a value indicating whether the service has begun to reload its configuration: <c>RELOADING=1</c> with the current time as
    /// <c>MONOTONIC_USEC</c>. Send <see cref="Ready"/> when the reload is complete.
    /// </summary>
    public bool Reloading { get; init; }

    /// <summary>Gets a value indicating whether the service has begun to stop: <c>STOPPING=1</c>.</summary>
    public bool Stopping { get; init; }

    /// <summary>Gets a value indicating whether to report that the service is alive: <c>WATCHDOG=1</c>.</summary>
    public bool Watchdog { get; init; }

    /// <summary>Gets one line of text that describes the state of the service (<c>STATUS=</c>); null to send no text.</summary>
    public string? Status { get; init; }

    /// <summary>Gets the ID of the service's main process (<c>MAINPID=</c>); null to send no ID.</summary>
    public int? MainProcessId { get; init; }
}
