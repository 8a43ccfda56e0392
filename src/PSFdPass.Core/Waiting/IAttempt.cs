using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>Specifies the outcome of one attempt at an operation that can wait.</summary>
internal enum Outcome
{
    /// <summary>The operation is complete.</summary>
    Done,

    /// <summary>The operation would block (EAGAIN). Poll the descriptor, and try again.</summary>
    NotReady,

    /// <summary>
    /// The operation would block and nothing can be polled, as when connecting to a listener with a full backlog. Pause, and try
    /// again.
    /// </summary>
    Unavailable,

    /// <summary>A signal interrupted the call (EINTR). Try again at once.</summary>
    Again,

    /// <summary>A part of the operation is complete. Try again at once.</summary>
    Partial,
}

/// <summary>
/// Represents an operation that can wait, and that is tried in attempts that never block. See <see cref="WaitLoop"/>.
/// </summary>
/// <typeparam name="TResult">The result of the operation.</typeparam>
internal interface IAttempt<TResult>
{
    /// <summary>Gets the poll(2) events that the operation waits for after <see cref="Outcome.NotReady"/>.</summary>
    short Events { get; }

    /// <summary>
    /// Tries the operation once, without blocking. References to handles are acquired and released within the call.
    /// </summary>
    Outcome Try(out TResult result);

    /// <summary>Creates the exception for a deadline that has been reached.</summary>
    Exception CreateTimeoutException();

    /// <summary>Creates the exception for a wait that has been canceled.</summary>
    Exception CreateCanceledException(CancellationToken cancellationToken);
}
