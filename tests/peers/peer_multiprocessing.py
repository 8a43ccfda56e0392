#!/usr/bin/env python3
"""The other side of the wire, with Python's multiprocessing.reduction.sendfds and recvfds.

These two carry a pool's pipes and sockets between Python's own processes. They are
stricter than socket.send_fds: the payload is exactly one byte, the number of descriptors
modulo 256, and recvfds raises an exception when that byte does not match the descriptors. On macOS,
and only there (reduction.ACKNOWLEDGE), recvfds answers each message with a byte "A" and
sendfds waits for it.

Everything except the two functions below is in peer.py, including the command line.
"""
import os
import sys
from multiprocessing import reduction

sys.dont_write_bytecode = True  # no __pycache__ in the source tree
import peer  # noqa: E402


def send_descriptors(wire, fds):
    reduction.sendfds(wire, fds)


def receive_descriptors(wire, count):
    fds = []
    while len(fds) < count:
        peer.patience()
        # recvfds reads one message and one byte, and accepts at most the given number of descriptors.
        # More would be lost, which the count byte reveals. The byte itself is not returned.
        more = reduction.recvfds(wire, min(count - len(fds), peer.MAX_FDS))
        for fd in more:
            os.set_inheritable(fd, False)  # recvfds does not pass MSG_CMSG_CLOEXEC
        fds += more
    return None, fds


peer.send_descriptors = send_descriptors
peer.receive_descriptors = receive_descriptors

if __name__ == "__main__":
    try:
        peer.main()
    except EOFError:  # the exception of recvfds has no message
        sys.exit("peer_multiprocessing.py: the peer closed too early")
    except (OSError, RuntimeError, AssertionError) as error:
        sys.exit(f"peer_multiprocessing.py: {sys.argv[1]} {sys.argv[2]}: {error}")
