#!/usr/bin/env python3
"""The other side of the wire, with Python's socket.send_fds and socket.recv_fds.

The command line is in README.md. peer_multiprocessing.py is this program too,
with two other functions for the sending and the receiving.
"""
import os
import select
import signal
import socket
import sys
import time

TYPES = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET, "datagram": socket.SOCK_DGRAM}
MAX_FDS = 253  # the kernel's limit for one message
USAGE = "usage: peer send ADDRESS TYPE FILE... | receive ADDRESS TYPE COUNT"


def send_descriptors(wire, fds):
    # One byte, the count: on a stream, a message without a byte loses its descriptors.
    socket.send_fds(wire, [bytes([len(fds) % 256])], fds)


def receive_descriptors(wire, count):
    """Receive until count descriptors have arrived; return the payload and the descriptors."""
    payload, fds = b"", []
    while len(fds) < count:
        patience()
        # Always space for 253, because descriptors that don't fit are lost.
        data, more, flags, _ = socket.recv_fds(wire, 1 << 20, MAX_FDS)
        for fd in more:
            # Python makes what it opens close-on-exec, but not what it receives. MSG_CMSG_CLOEXEC
            # as the fourth argument would be better, but recv_fds ignores it (python/cpython#107898).
            os.set_inheritable(fd, False)
        if flags & socket.MSG_CTRUNC:
            sys.exit("descriptors were lost: is the descriptor table full?")
        if flags & socket.MSG_TRUNC:
            sys.exit("the message is larger than 1 MiB")
        if not data and not more and wire.type != socket.SOCK_DGRAM:
            sys.exit(f"the peer closed after {len(fds)} of {count} descriptors")
        payload += data
        fds += more
    return payload, fds


def patience():
    """Called before every call that may wait. The program ends if that takes longer."""
    signal.alarm(20)


def out_of_patience(_signal, _frame):
    raise TimeoutError("nothing happened for 20 seconds")


def new_socket(type_name):
    try:
        return socket.socket(socket.AF_UNIX, TYPES[type_name])
    except KeyError:
        sys.exit(f"{type_name}: not a socket type (stream, seqpacket, datagram)")
    except OSError as error:
        unsupported(f"no Unix socket of type {type_name}: {error}")


def unsupported(reason):
    print("unsupported:", reason)
    sys.exit(77)


def parse_address(text):
    return "\0" + text[1:] if text.startswith("@") else text  # an abstract name starts with a zero byte


def connect(address, type_name):
    """Either side may start first, so this retries for 5 seconds until the other side exists."""
    wire = new_socket(type_name)
    patience()
    give_up = time.monotonic() + 5
    while True:
        try:
            wire.connect(parse_address(address))
            return wire
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def bind(address, type_name):
    wire = new_socket(type_name)
    os.umask(0o177)  # mode 0600 from the start; a chmod afterwards would come too late
    wire.bind(parse_address(address))
    return wire


def read_some(fd, size):
    """One read, which never fails with EAGAIN. O_NONBLOCK is a flag of the open file, so a received descriptor can have it."""
    patience()
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.poll()
    return os.read(fd, size)


def show(word, payload):
    sys.stdout.buffer.write(word.encode() + b" " + payload + b"\n")


def send(address, type_name, files):
    wire = connect(address, type_name)
    patience()
    fds = [os.open(file, os.O_RDONLY | os.O_CLOEXEC) for file in files]
    for fd in fds:
        read_some(fd, 3)
    patience()
    send_descriptors(wire, fds)
    patience()
    if wire.type == socket.SOCK_DGRAM:
        sys.stdin.readline()  # a datagram socket does not report that the peer has closed
    else:
        try:
            wire.recv(1)
        except ConnectionResetError:
            pass  # closed, with our message unread
    for fd in fds:
        show("rest", b"".join(iter(lambda: read_some(fd, 4096), b"")))


def receive(address, type_name, count):
    wire = bind(address, type_name) if type_name == "datagram" else connect(address, type_name)
    try:
        payload, fds = receive_descriptors(wire, count)
    finally:
        if type_name == "datagram" and not address.startswith("@"):
            os.unlink(address)
    if payload is not None:  # None: the API does not show it
        show("data", payload.hex().encode())
    for fd in fds:
        show("got", read_some(fd, 4))
        os.close(fd)
    wire.close()  # only now: the sender waits for the close, then reads the rest


def main():
    signal.signal(signal.SIGALRM, out_of_patience)
    if len(sys.argv) < 5:
        sys.exit(USAGE)
    verb, address, type_name, *rest = sys.argv[1:]
    if verb == "send":
        send(address, type_name, rest)
    elif verb == "receive" and len(rest) == 1 and rest[0].isdigit() and int(rest[0]) > 0:
        receive(address, type_name, int(rest[0]))
    else:
        sys.exit(USAGE)


if __name__ == "__main__":
    if not hasattr(socket, "send_fds"):
        unsupported("socket.send_fds needs Python 3.9 and Unix")
    try:
        main()
    except OSError as error:
        sys.exit(f"peer.py: {sys.argv[1]} {sys.argv[2]}: {error}")
