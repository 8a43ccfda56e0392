using System.Net.Sockets;

namespace PSFdPass.Echo;

// Accepts users and greets them.
public sealed partial class Quarterback
{
    private void Listen()
    {
        try
        {
            if (!_isListenerShared)
            {
                _listener.Listen(int.MaxValue);
            }
        }
        catch (SocketException exception)
        {
            // Several sockets can be bound to a port (SO_REUSEADDR), but only one can listen on it.
            throw SystemCallException.From(exception, "listen", LocalEndPoint.ToString());
        }

        _log(SR.Format(SR.QuarterbackListening, LocalEndPoint));
    }

    private void Accept(Wire wire)
    {
        try
        {
            // The methods of Socket are not used, because its asynchronous operations set O_NONBLOCK. On some systems, accepted connections
            // inherit this flag, and the wide receiver would share it.
            for (int accepts = 0; accepts < AcceptsInARow && MayAccept; accepts++)
            {
                if (Acceptor.TryAccept(_listener.SafeHandle, out string name) is not { } connection)
                {
                    return;
                }

                if (_table!.IsInReserve(connection))
                {
                    // Accept no more users until enough numbers are free.
                    LogOnce(SR.TableFull);
                    _isTableFull = true;
                    _acceptAgain = RetryTime.After(PauseBeforeRetry);
                }

                Greet(new GreetedUser(connection, name));
                if (!TryThrowWaiting(wire, out _))
                {
                    // The next wait reports that the wide receiver has closed the wire.
                    return;
                }
            }
        }
        catch (SystemCallException exception)
        {
            // The descriptor table is full, or the user has already disconnected. The next users wait in the backlog.
            LogOnce(exception.Message);
            _acceptAgain = RetryTime.After(PauseBeforeRetry);
        }
    }

    private void Greet(GreetedUser user)
    {
        _log(SR.Format(SR.ConnectionHandled, user.Name));
        TryGreet(user);
    }

    private void GreetAgain()
    {
        for (int users = _ungreeted.Count; users > 0; users--)
        {
            TryGreet(_ungreeted.Dequeue());
        }
    }

    private void CheckTable()
    {
        if (_isTableFull && _acceptAgain.IsReached)
        {
            _isTableFull = _table!.IsFull();
            _acceptAgain = _isTableFull ? RetryTime.After(PauseBeforeRetry) : RetryTime.Now;
        }
    }

    private void TryGreet(GreetedUser user)
    {
        try
        {
            if (user.TryGreet())
            {
                _users.Add(user);
            }
            else
            {
                _ungreeted.Enqueue(user);
            }
        }
        catch (SystemCallException exception)
        {
            _log(SR.Format(SR.UserGoneEarly, exception.Message));
            _disposer.Close(user.Connection);
        }
    }
}
