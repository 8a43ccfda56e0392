using System.Runtime.InteropServices;

namespace PSFdPass.Echo;

/// <summary>Catches SIGINT, SIGTERM and SIGQUIT, which ask a player to stop, until this object is disposed.</summary>
public sealed class ShutdownSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to catch the signals.</summary>
    /// <param name="received">Called on another thread with the signal's name, in place of the signal's previous action.</param>
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
