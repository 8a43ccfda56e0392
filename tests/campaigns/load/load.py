#!/usr/bin/env python3
"""Plays many users of the echo demo while its wide receiver is killed and started again.

    tests/campaigns/load/load.py [--users 10000] [--seconds 60] [--every 1] [--receiver sample|C|Python]

Each user connects, sends text of a random length with random pauses, reads what comes back, and
connects again until the time is over. The wide receiver is killed (SIGKILL) at random moments and
replaced. At the end, all users that still wait must be served. These are counted:

    lost       users whose connection ended although no wide receiver that had it was killed
    twice      users who were greeted by a second wide receiver while the first was alive
    wrong      users who received other text than they sent
    stuck      users who were not served at the end

The exit status is 1 unless all of these are 0. Users whom a wide receiver served when it was
killed lose their connection, and are counted as "died". Users whom the quarterback passed to the
next one instead are counted as "kept"; the text that the killed one had read is lost. Users who
received all of their text from one wide receiver are counted as "whole".
"""
import argparse
import asyncio
import contextlib
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
GREETING = re.compile(rb"Hello from Wide Receiver on PID \((\d+)\)!\n")
QUARTERBACK = re.compile(rb"Hello from Quarterback on PID \(\d+\)!\n")
LONGEST_WAIT = 60


class Play:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.killed = {}
        self.counts = dict.fromkeys(["users", "bytes", "whole", "kept", "died", "lost", "twice", "wrong", "stuck"], 0)
        self.receiver = None
        self.end = 0

    def command(self):
        return ["dotnet", "exec", self.arguments.sample]

    async def start_quarterback(self):
        self.quarterback = subprocess.Popen(
            self.command() + ["Quarterback", "--port", "0"], cwd=self.folder,
            stdout=open(os.path.join(self.folder, "quarterback.log"), "wb"))
        await self.start_receiver()
        while True:
            with open(os.path.join(self.folder, "quarterback.log"), "rb") as log:
                if found := re.search(rb"Listening on .*:(\d+)\n", log.read()):
                    self.port = int(found[1])
                    return
            if self.quarterback.poll() is not None or self.receiver.poll() is not None:
                raise RuntimeError("A player ended before it was ready.")
            await asyncio.sleep(0.02)

    async def start_receiver(self):
        peers = os.path.join(ROOT, "tests", "peers")
        if self.arguments.receiver == "C":
            command = [os.path.join(self.folder, "wide_receiver"), "fd-pass.sock"]
            if not os.path.exists(command[0]):
                subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-o", command[0], os.path.join(peers, "wide_receiver.c")], check=True)
        elif self.arguments.receiver == "Python":
            command = ["python3", "-B", os.path.join(peers, "wide_receiver.py"), "fd-pass.sock"]
        else:
            command = self.command() + ["WideReceiver", "--force"]
        self.receiver = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    async def kill_receivers(self):
        while True:
            await asyncio.sleep(random.uniform(0.1, 2 * self.arguments.every))
            if time.monotonic() >= self.end:
                return
            self.killed[self.receiver.pid] = time.monotonic()
            self.receiver.kill()
            self.receiver.wait()
            # Where unix_diag is missing, a wide receiver refuses to replace the socket of the one that was killed.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, "fd-pass.sock"))
            await self.start_receiver()

    async def play_users(self):
        async def one():
            await asyncio.sleep(random.uniform(0, min(2, self.arguments.seconds / 4)))
            while time.monotonic() < self.end:
                await self.play_user()
        await asyncio.gather(*(one() for _ in range(self.arguments.users)))

    async def play_user(self):
        self.counts["users"] += 1
        began = time.monotonic()
        text = random.randbytes(random.choice([10, 100, 1000, 20000])).hex().encode()
        received = bytearray()
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await asyncio.gather(self.type(writer, text), self.read(reader, received))
                except OSError:
                    pass
                finally:
                    writer.transport.abort()
        except TimeoutError:
            self.fail("stuck", text, received)
            return
        self.judge(began, text, bytes(received))

    async def type(self, writer, text):
        at = 0
        while at < len(text):
            length = random.randrange(1, 8192)
            writer.write(text[at:at + length])
            await writer.drain()
            at += length
            if random.random() < 0.5:
                await asyncio.sleep(random.uniform(0, 0.05))
        writer.write_eof()

    async def read(self, reader, received):
        while data := await reader.read(65536):
            received += data

    def judge(self, began, text, received):
        first = QUARTERBACK.match(received)
        parts = GREETING.split(received[first.end():] if first else received)
        receivers = [int(process) for process in parts[1::2]]
        echoes = parts[2::2]
        self.counts["bytes"] += sum(map(len, echoes))
        was_killed = any(when >= began for when in self.killed.values())
        if parts[0] or not first and receivers:
            return self.fail("wrong", text, received)
        if any(process not in self.killed for process in receivers[:-1]):
            return self.fail("twice", text, received)
        at = 0
        for echo in echoes:
            # A wide receiver that was killed may have read more than it wrote.
            at = text.find(echo, at) if len(receivers) > 1 else 0
            if at < 0 or text[at:at + len(echo)] != echo:
                return self.fail("wrong", text, received)
            at += len(echo)
        if len(receivers) > 1:
            self.counts["kept"] += 1
        if receivers and receivers[-1] not in self.killed:
            if len(receivers) == 1 and echoes[0] != text or not text.endswith(echoes[-1]):
                return self.fail("lost", text, received)
            self.counts["whole"] += len(receivers) == 1
        elif was_killed:
            self.counts["died"] += 1
        else:
            return self.fail("lost", text, received)

    def fail(self, what, text, received):
        self.counts[what] += 1
        if self.counts[what] <= 5:
            print(f"{what}: sent {len(text)} bytes, received {bytes(received[:200])!r}... ({len(received)})", file=sys.stderr)

    async def run(self):
        await self.start_quarterback()
        self.end = time.monotonic() + self.arguments.seconds
        await asyncio.gather(self.play_users(), self.kill_receivers())

    def stop(self):
        status = 0
        for player in filter(None, (getattr(self, "quarterback", None), self.receiver)):
            player.send_signal(signal.SIGTERM)
            try:
                status = player.wait(30) or status
            except subprocess.TimeoutExpired:
                player.kill()
                status = 1
        return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=10000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=1)
    parser.add_argument("--receiver", choices=["sample", "C", "Python"], default="sample")
    parser.add_argument("--sample", help="EchoDemo.dll (default: what was built last)")
    arguments = parser.parse_args()
    if not arguments.sample:
        built = [os.path.join(ROOT, "artifacts", "bin", "EchoDemo", kind, "EchoDemo.dll") for kind in ("debug", "release")]
        arguments.sample = max(filter(os.path.exists, built), key=os.path.getmtime)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="psfdpass-") as folder:
        play = Play(arguments, folder)
        try:
            asyncio.run(play.run())
        finally:
            status = play.stop()
    print(", ".join(f"{name} {count}" for name, count in (play.counts | {"killed": len(play.killed)}).items()))
    failures = sum(play.counts[name] for name in ("lost", "twice", "wrong", "stuck"))
    return 1 if failures or status else 0


if __name__ == "__main__":
    sys.exit(main())
