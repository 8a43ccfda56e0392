#!/usr/bin/env python3
"""One side of a stream of descriptors between two processes: one a message, a loop of send_fds and a loop of recv_fds.

    python3 stream.py

The protocol is in benchmarks/pwsh/worker.ps1, which is the same in pwsh.
"""
import os
import resource
import socket
import sys
import time


def send(wire, fds):
    start = time.monotonic_ns()
    for fd in fds:
        socket.send_fds(wire, [b"\x01"], [fd])
    return f"{start} {time.monotonic_ns()}"


def receive(wire, count):
    start = time.monotonic_ns()
    received = []
    while len(received) < count:
        _, fds, flags, _ = socket.recv_fds(wire, 65536, 253)
        if flags & socket.MSG_CTRUNC:
            sys.exit("descriptors were lost")
        for fd in fds:
            os.set_inheritable(fd, False)  # recv_fds ignores MSG_CMSG_CLOEXEC (python/cpython#107898)
            received.append(fd)
    for fd in received:
        os.close(fd)
    return f"{start} {time.monotonic_ns()}"


def chunks(fds, count):
    left, right = socket.socketpair()
    start = time.monotonic_ns()
    for i in range(0, len(fds), count):
        send(left, fds[i:i + count])
        receive(right, count)
    return f"{start} {time.monotonic_ns()}"


def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wire, fds = None, []
    device = os.open("/dev/null", os.O_RDWR)
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "connect":
            wire = socket.socket(socket.AF_UNIX)
            wire.connect(words[0])
            answer = "connected"
        elif verb == "listen":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(words[0])
                listener.listen()
                wire = listener.accept()[0]
            answer = "connected"
        elif verb == "hold":
            fds = [os.dup(device) for _ in range(int(words[0]))]
            answer = len(fds)
        elif verb == "pipeline":
            answer = send(wire, fds)
        elif verb == "receive":
            answer = receive(wire, int(words[0]))
        elif verb == "chunks":
            answer = chunks(fds, int(words[1]))
        else:
            sys.exit(f"{line}?")
        print(answer, flush=True)


main()
