using System.Runtime.InteropServices;

namespace PSFdPass.Echo;

/// <summary>Catches the signals that ask a player to stop, SIGINT, SIGTERM and SIGQUIT, for as long as it is not disposed.</summary>
public sealed class ShutdownSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to catch them.</summary>
    /// <param name="received">Called with the signal's name, on another thread, in place of what the signal would do.</param>
    public ShutdownSignals(Action<string> received) =>
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT }.Select(
            signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                received(signal.ToString());
            }))];

    /// <summary>Leaves the signals to what they did before.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }
}
