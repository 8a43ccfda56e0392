using System.Runtime.InteropServices;

namespace PSFdPass.Echo;

/// <summary>Catches the signals that ask a player to stop, SIGINT, SIGTERM and SIGQUIT, until it is disposed.</summary>
public sealed class ShutdownSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to catch the signals.</summary>
    /// <param name="received">Called with the signal's name, on another thread, instead of the signal's previous action.</param>
    public ShutdownSignals(Action<string> received) =>
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT }.Select(
            signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                received(signal.ToString());
            }))];

    /// <summary>Restores the previous actions of the signals.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }
}
