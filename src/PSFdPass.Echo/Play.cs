namespace PSFdPass.Echo;

/// <summary>
/// Runs a player on a thread of its own until the player is canceled or this object is disposed. The objects that the player uses may be
/// disposed right after this object, because Dispose waits for the thread.
/// </summary>
internal sealed class Play : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly object _guard = new();
    private Task _playing = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>Starts the player.</summary>
    /// <param name="play">The method that runs the player until the token is canceled. Cancellation also wakes the set.</param>
    /// <param name="createSet">Creates the set on which the player waits.</param>
    /// <param name="cancellation">The token that stops the player.</param>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the player is already running.</exception>
    public Task Begin(Action<DescriptorSet, CancellationToken> play, Func<DescriptorSet> createSet, CancellationToken cancellation)
    {
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_playing.IsCompleted)
            {
                throw new InvalidOperationException(SR.PlayStarted);
            }

            return _playing = Task.Factory.StartNew(
                () =>
                {
                    using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _end.Token);
                    using DescriptorSet set = createSet();
                    using CancellationTokenRegistration stop = end.Token.UnsafeRegister(static state => ((DescriptorSet)state!).Wake(), set);
                    play(set, end.Token);
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default);
        }
    }

    /// <summary>Stops the player if it is running, and waits until it has ended, successfully or not.</summary>
    public void Dispose()
    {
        lock (_guard)
        {
            _isDisposed = true;
        }

        _end.Cancel();
        _playing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
    }
}
