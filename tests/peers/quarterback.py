#!/usr/bin/env python3
"""Accepts TCP connections and passes each one on, over a Unix socket.

    python3 quarterback.py PORT SOCKETPATH        PORT 0: any free port, which it prints

It keeps no connection: it greets the user, sends the descriptor with one byte to the wide
receiver, and closes its own copy. The user's connection continues in the other process.
"""
import errno
import os
import socket
import sys
import time

GREETING = f"Hello from Quarterback on PID ({os.getpid()})!\n".encode()


def listen_on(port):
    listener = socket.create_server(("127.0.0.1", port), backlog=socket.SOMAXCONN)
    print("Listening on %s:%d" % listener.getsockname(), flush=True)
    return listener


def connect_to(path):
    """The wide receiver may start or restart later, so this retries until it listens. Users wait in the backlog."""
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    while True:
        try:
            wire.connect(path)
            return wire
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.05)


def hand_over(wire, user, path):
    """Send the user's descriptor, to the next wide receiver if this one has ended; return the wire in use."""
    while True:
        try:
            # The byte matters: a stream drops the descriptor of an empty message.
            socket.send_fds(wire, [b"\x01"], [user.fileno()])
            return wire
        except (BrokenPipeError, ConnectionResetError):
            wire.close()
            wire = connect_to(path)
        except OSError as error:
            if error.errno != errno.ETOOMANYREFS:
                raise
            time.sleep(0.05)  # too many in flight: let the receiver catch up


def main():
    if len(sys.argv) != 3 or not sys.argv[1].isdigit() or int(sys.argv[1]) > 65535:
        sys.exit("usage: quarterback.py PORT SOCKETPATH")
    port, path = int(sys.argv[1]), sys.argv[2]
    listener = listen_on(port)
    wire = connect_to(path)
    while True:
        try:
            user, _ = listener.accept()
        except ConnectionAbortedError:
            continue  # hung up in the backlog
        with user:  # closes our copy with close(2), because shutdown would end the connection for both processes
            try:
                user.sendall(GREETING)
            except ConnectionError:
                continue  # hung up
            wire = hand_over(wire, user, path)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.exit(f"quarterback.py: {' '.join(sys.argv[1:])}: {error}")
