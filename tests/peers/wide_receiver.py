#!/usr/bin/env python3
"""Receives connections from quarterbacks and echoes the users' text.

    python3 wide_receiver.py SOCKETPATH

One thread and one selector for everybody. SIGTERM or Ctrl-C removes the socket file and ends it.
"""
import os
import resource
import selectors
import signal
import socket
import stat
import sys
import time

GREETING = f"Hello from Wide Receiver on PID ({os.getpid()})!\n".encode()
MAX_FDS = 253  # the kernel's limit for one message
selector = selectors.DefaultSelector()


class Quarterback:
    def __init__(self, wire):
        self.wire = wire
        wire.setblocking(False)  # no other process has this connection; see User for the others
        selector.register(wire, selectors.EVENT_READ, self)

    def serve(self):
        try:
            data, fds, flags, _ = socket.recv_fds(self.wire, 4096, MAX_FDS)
        except BlockingIOError:
            return
        except ConnectionError:
            data, fds, flags = b"", [], 0
        if not data:  # on a stream, descriptors never come without a byte
            hang_up(self.wire)
        for fd in fds:
            os.set_inheritable(fd, False)  # recv_fds ignores MSG_CMSG_CLOEXEC (python/cpython#107898)
            try:
                connection = socket.socket(fileno=fd)  # asks the descriptor for its family and type
            except OSError as error:  # not a socket
                print(f"wide_receiver.py: descriptor {fd}: {error}", file=sys.stderr)
                os.close(fd)
            else:
                User(connection)
        if flags & socket.MSG_CTRUNC:
            print("wide_receiver.py: a user was lost: the descriptor table is full (ulimit -n)", file=sys.stderr)


class User:
    """Watched for writing while there is unsent text, and for reading otherwise, so a user that does
    not read the echo does not keep others waiting."""

    def __init__(self, connection):
        self.connection = connection
        self.pending = GREETING
        selector.register(connection, selectors.EVENT_WRITE, self)

    def serve(self):
        # MSG_DONTWAIT for each call, because setblocking would change the connection for all its holders.
        try:
            if self.pending:
                self.pending = self.pending[self.connection.send(self.pending, socket.MSG_DONTWAIT):]
            else:
                self.pending = self.connection.recv(4096, socket.MSG_DONTWAIT)
                if not self.pending:
                    return hang_up(self.connection)
        except BlockingIOError:
            return
        except OSError:
            return hang_up(self.connection)
        selector.modify(self.connection, selectors.EVENT_WRITE if self.pending else selectors.EVENT_READ, self)


class Listener:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.umask(0o177)  # mode 0600 before anyone can connect
        self.socket.bind(path)
        self.socket.listen(socket.SOMAXCONN)
        selector.register(self.socket, selectors.EVENT_READ, self)

    def serve(self):
        try:
            Quarterback(self.socket.accept()[0])
        except OSError as error:
            print(f"wide_receiver.py: accept: {error}", file=sys.stderr)
            time.sleep(0.05)  # EMFILE: it stays ready, so don't spin


def hang_up(connection):
    selector.unregister(connection)  # before the close, because another process may still have a descriptor of it
    connection.close()


def remove_stale_socket(path):
    """Removes a socket file that an earlier run left behind, on which no process listens. Other files are kept."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except (FileNotFoundError, BlockingIOError):
            pass  # no file, or a listener with a full backlog


def stop(_signal, _frame):
    sys.exit(0)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: wide_receiver.py SOCKETPATH")
    path = sys.argv[1]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # every user needs a descriptor
    remove_stale_socket(path)
    Listener(path)
    try:  # only now, because the socket file is removed at the end
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"Listening for messages on ({path})", flush=True)
        while True:
            for key, _ in selector.select():
                key.data.serve()
    finally:
        os.unlink(path)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"wide_receiver.py: {sys.argv[1]}: {error}")
