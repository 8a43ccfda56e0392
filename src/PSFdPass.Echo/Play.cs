namespace PSFdPass.Echo;

/// <summary>
/// Runs a player on its own thread, until it is canceled or disposed. The objects that the player uses may be disposed right after
/// this one.
/// </summary>
internal sealed class Play : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly object _guard = new();
    private Task _playing = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>Starts the player.</summary>
    /// <param name="play">Runs the player until the token is canceled, with a set that is woken at that time.</param>
    /// <param name="createSet">Creates the set.</param>
    /// <param name="cancellation">Ends the play.</param>
    /// <exception cref="ObjectDisposedException">Thrown when the player is disposed.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the player has already started.</exception>
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

    /// <summary>Ends the play, if there is one, and waits until it has ended, successfully or not.</summary>
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
