#!/usr/bin/env python3
"""Runs a program with the default signal handling, as at a prompt, even if this process inherited another one.

    python3 signals_as_usual.py PROGRAM ARGUMENT...               becomes the program, in a new session
    python3 signals_as_usual.py --terminal PROGRAM ARGUMENT...    runs it in a new terminal

A shell without job control starts background processes with SIGINT and SIGQUIT ignored, and their
children inherit that. With --terminal, the standard input is typed in the terminal (byte 3 is
Ctrl-C), the program's output is written to the standard output, and its exit status is returned.
"""
import os
import pty
import select
import signal
import sys


def as_usual():
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def run_in_terminal(command):
    child, terminal = pty.fork()
    if child == 0:
        as_usual()
        os.execvp(command[0], command)
    watched = [terminal, 0]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if terminal in ready:
            try:
                shown = os.read(terminal, 65536)
            except OSError:  # EIO: no process has the other side open
                shown = b""
            if not shown:
                break
            os.write(1, shown)
            for _ in range(shown.count(b"\x1b[6n")):
                os.write(terminal, b"\x1b[1;1R")  # answers a request for the position of the cursor
        if 0 in ready:
            typed = os.read(0, 4096)
            if typed:
                os.write(terminal, typed)
            else:
                watched.remove(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    command = sys.argv[1:]
    if command[:1] == ["--terminal"]:
        status = run_in_terminal(command[1:])
        sys.exit(status if status >= 0 else 128 - status)
    if not command:
        sys.exit("usage: signals_as_usual.py [--terminal] PROGRAM ARGUMENT...")
    as_usual()
    try:
        os.setsid()
    except PermissionError:
        pass  # this process already leads a process group
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
