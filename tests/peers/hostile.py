#!/usr/bin/env python3
"""A peer that misbehaves. The command line is in README.md.

It connects to a listener, or sends to a datagram socket, and does what its mode says. Every mode that leaves the
connection usable ends with the message "good" and one descriptor.
"""
import array
import os
import signal
import socket
import struct
import sys

TYPES = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET, "datagram": socket.SOCK_DGRAM}
MAX_FDS = 253  # the kernel's limit for one message


def connect(path, kind):
    wire = socket.socket(socket.AF_UNIX, TYPES[kind])
    wire.connect(path)
    return wire


def good(wire):
    read, write = os.pipe()
    socket.send_fds(wire, [b"good"], [read])
    os.close(read)
    os.close(write)


def unwanted(wire, _path, _kind):
    """Ten unwanted messages of 253 descriptors."""
    null = os.open("/dev/null", os.O_RDONLY)
    for _ in range(10):
        socket.send_fds(wire, [b"bulk"], [null] * MAX_FDS)
    good(wire)


def endless(wire, _path, _kind):
    """Endless data without a descriptor, until the receiver closes."""
    try:
        while True:
            wire.send(b"x" * 4096)
    except (BrokenPipeError, ConnectionResetError, ConnectionRefusedError):
        pass


def silent(_wire, _path, _kind):
    """Sends nothing, until it is killed."""
    print("ready", flush=True)
    signal.pause()


def half(wire, _path, _kind):
    """Sends the beginning of a message of 8 bytes, then kills itself."""
    wire.send(b"goo")
    os.kill(os.getpid(), signal.SIGKILL)


def stopped(wire, _path, _kind):
    """Stops itself between two messages, until it is continued or killed."""
    good(wire)
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    good(wire)


def closed(wire, path, kind):
    """Closes in every state that a connection can have."""
    wire.close()  # at once
    one = connect(path, kind)
    good(one)
    one.close()  # with a message in the queue
    for how in (socket.SHUT_WR, socket.SHUT_RD, socket.SHUT_RDWR):
        one = connect(path, kind)
        one.shutdown(how)
        one.close()
    one = connect(path, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
    one = connect(path, kind)
    good(one)
    one.shutdown(socket.SHUT_WR)
    print("ready", flush=True)
    sys.stdin.readline()
    one.close()  # with unread data from the receiver: ECONNRESET


def itself(wire, _path, _kind):
    """Sends its own end of the connection over that connection, and then the message."""
    for _ in range(3):
        socket.send_fds(wire, [b"self"], [wire.fileno()])
    good(wire)


def both(wire, _path, kind):
    """Both ends of one connection, with a message in each queue."""
    left, right = socket.socketpair(socket.AF_UNIX, TYPES[kind])
    left.send(b"left")
    right.send(b"right")
    socket.send_fds(wire, [b"both"], [left.fileno(), right.fileno()])
    good(wire)


def cycles(wire, _path, _kind):
    """Connections that are in flight in their own queues, which only the kernel's garbage collector frees."""
    for _ in range(20):
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        socket.send_fds(left, [b"x"], [left.fileno(), right.fileno()])
        socket.send_fds(right, [b"x"], [left.fileno(), right.fileno(), wire.fileno()])
        socket.send_fds(wire, [b"ring"], [left.fileno(), right.fileno()])
        left.close()
        right.close()
    good(wire)


def urgent(wire, _path, kind):
    """Out-of-band bytes before, between and after messages, one with a descriptor. Only a stream has them."""
    null = os.open("/dev/null", os.O_RDONLY)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null]))]
    try:
        wire.sendmsg([b"!"], [], socket.MSG_OOB)
        socket.send_fds(wire, [b"more"], [null])
        wire.sendmsg([b"?"], rights, socket.MSG_OOB)
        wire.sendmsg([b"ab"], rights, socket.MSG_OOB)
    except OSError:
        if kind == "stream":
            raise
    good(wire)
    if kind == "stream":
        wire.sendmsg([b"!"], [], socket.MSG_OOB)
        print("ready", flush=True)
        sys.stdin.readline()


MODES = {mode.__name__: mode for mode in (unwanted, endless, silent, half, stopped, closed, itself, both, cycles, urgent)}


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in MODES or sys.argv[3] not in TYPES:
        sys.exit(f"usage: hostile {'|'.join(MODES)} PATH {'|'.join(TYPES)}")
    signal.alarm(60)
    _, mode, path, kind = sys.argv
    MODES[mode](connect(path, kind), path, kind)


main()
