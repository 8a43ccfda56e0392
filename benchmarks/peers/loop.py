#!/usr/bin/env python3
"""Sends descriptors to itself over a socket pair, receives and closes them, and says how long it took.

    echo pass 1 100000 | python3 loop.py

The protocol is in README.md. `pass` is what the documentation shows: send_fds and recv_fds. What recv_fds receives is
inherited by child processes (it ignores MSG_CMSG_CLOEXEC: python/cpython#107898), so each descriptor needs one call more.
`raw` is recv_fds written out, with the flag and without that call.
"""
import array
import os
import socket
import sys
import time

MAX_FDS = 253  # the kernel's limit for one message
CONTROL_SIZE = socket.CMSG_SPACE(MAX_FDS * 4)


def pass_descriptors(left, right, fds, times):
    count = len(fds)
    data = [bytes([count % 256])]
    for _ in range(times):
        socket.send_fds(left, data, fds)
        _, got, flags, _ = socket.recv_fds(right, 1, MAX_FDS)
        if flags & socket.MSG_CTRUNC or len(got) != count:
            sys.exit("descriptors were lost")
        for fd in got:
            os.set_inheritable(fd, False)
            os.close(fd)


def pass_raw(left, right, fds, times):
    count = len(fds)
    data = [bytes([count % 256])]
    for _ in range(times):
        left.sendmsg(data, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
        _, parts, flags, _ = right.recvmsg(1, CONTROL_SIZE, socket.MSG_CMSG_CLOEXEC)
        got = array.array("i")
        for level, kind, numbers in parts:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                got.frombytes(numbers)
        if flags & socket.MSG_CTRUNC or len(got) != count:
            sys.exit("descriptors were lost")
        for fd in got:
            os.close(fd)


def main():
    left, right = socket.socketpair()
    device = os.open("/dev/null", os.O_RDWR)
    works = {"pass": pass_descriptors, "raw": pass_raw}
    for line in sys.stdin:
        work, count, times = line.split()
        fds = [device] * int(count)
        start = time.perf_counter_ns()
        works[work](left, right, fds, int(times))
        print(time.perf_counter_ns() - start, flush=True)


main()
