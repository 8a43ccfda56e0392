#!/usr/bin/env python3
"""A FUSE file system with one empty file, which answers requests only on command. Needs root and /dev/fuse.

    fuse_file.py DIRECTORY

Mounts itself at DIRECTORY, prints "mounted", and serves DIRECTORY/file. After the line "hold" on the standard input, it
prints "holding", and does not answer requests for attributes and closes until the line "answer". At the end of the input, it
unmounts itself and ends; requests that still wait then fail.
"""
import ctypes
import os
import select
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, FLUSH, INIT, INTERRUPT, BATCH_FORGET, RELEASE = 1, 2, 3, 14, 25, 26, 36, 42, 18
ENOENT, ENOSYS = 2, 38
MNT_DETACH = 2
HEADER = struct.Struct("=IIQQIIII")
libc = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    mode = 0o40755 if node == 1 else 0o100666
    return struct.pack("=QQQQQQIIIIIIIIII", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """The error and the data of an answer."""
    if opcode == INIT:
        return 0, struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0)
    if opcode == LOOKUP:
        return (0, struct.pack("=QQQQII", 2, 0, 0, 0, 0, 0) + attributes(2)) if body == b"file\0" else (-ENOENT, b"")
    if opcode == GETATTR:
        return 0, struct.pack("=QII", 0, 0, 0) + attributes(node)
    if opcode == OPEN:
        return 0, struct.pack("=QII", 1, 0, 0)
    return (0, b"") if opcode in (FLUSH, RELEASE) else (-ENOSYS, b"")


def main():
    directory = sys.argv[1].encode()
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = b"fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other" % (device, os.getuid(), os.getgid())
    if libc.mount(b"fuse_file", directory, b"fuse", 0, options) != 0:
        sys.exit("mount: " + os.strerror(ctypes.get_errno()))
    print("mounted", flush=True)
    holding = False
    held = []
    commands = b""
    try:
        while True:
            ready, _, _ = select.select([device, 0], [], [])
            if 0 in ready:
                text = os.read(0, 4096)
                if not text:
                    return
                *lines, commands = (commands + text).split(b"\n")
                for line in lines:
                    holding = line == b"hold"
                    if holding:
                        print("holding", flush=True)
                    else:
                        for reply in held:
                            os.write(device, reply)
                        held.clear()
            if device in ready:
                request = os.read(device, 1 << 16)
                _, opcode, unique, node, _, _, _, _ = HEADER.unpack_from(request)
                if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
                    continue
                error, data = answer(opcode, node, request[HEADER.size:])
                reply = struct.pack("=IiQ", 16 + len(data), error, unique) + data
                if holding and opcode in (GETATTR, FLUSH):
                    held.append(reply)
                    print("held", flush=True)
                else:
                    os.write(device, reply)
    finally:
        os.close(device)
        libc.umount2(directory, MNT_DETACH)


if __name__ == "__main__":
    main()
