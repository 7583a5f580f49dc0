#!/usr/bin/env python3
"""file_server among crowds: thousands that drip, idle or never read; without descriptors; told to end.

Small by default; TINYHTTP_LONG=1 makes the crowds 10,000 and 1,000, and takes minutes.
"""
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import resource
import signal
import socket
import tempfile
import threading
import time
import unittest

from harness import file_server

LONG = os.environ.get("TINYHTTP_LONG") == "1"
CROWD, READERS = (10_000, 1_000) if LONG else (300, 50)
SMALL, LARGE = 1000, 256 << 20
HEAD = "GET {} HTTP/1.1\r\nHost: a\r\n\r\n"


def asked(target):
    return HEAD.format(target).encode()


class among_crowds(unittest.TestCase):
    def setUp(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))  # the server inherits it
        if LONG and most[1] < CROWD + 1000:
            self.skipTest(f"{most[1]} descriptors are too few")
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        root = pathlib.Path(own.name)
        (root / "small").write_bytes(b"x" * SMALL)
        (root / "medium").write_bytes(b"y" * 200_000)
        with open(root / "large", "wb") as file:
            file.truncate(LARGE)
        self.server = file_server(root, "--quiet")
        self.addCleanup(self.server.stop)
        self.held = []
        self.addCleanup(lambda: [one.close() for one in self.held])

    def connect(self, count, receive_buffer=None):
        """Connections from several addresses of this machine, as one has too few ports and may not have them all."""
        made = []
        for i in range(count):
            one = socket.socket()
            self.held.append(one)
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
            one.bind((f"127.0.0.{2 + i % 8}", 0))
            one.settimeout(30)
            one.connect(("127.0.0.1", self.server.port))
            made.append(one)
        return made

    def ask_normally(self, count):
        """How long normal requests take, in seconds: some over one connection, some over new ones."""
        times = []
        kept = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        for i in range(count):
            begun = time.perf_counter()
            connection = kept if i % 2 else http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            connection.request("GET", "/small")
            self.assertEqual(len(connection.getresponse().read()), SMALL)
            times.append(time.perf_counter() - begun)
            if connection is not kept:
                connection.close()
        kept.close()
        return times

    def report(self, what, times, octets):
        times = sorted(times)
        print(f"note: {what}: {len(times)} requests, median {times[len(times) // 2] * 1e3:.1f} ms, "
              f"p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, {octets >> 10} KiB more memory", flush=True)
        self.assertLess(times[-1], 10)

    def test_idle_ones(self):
        self.ask_normally(50)
        memory, threads = self.server.memory(), self.server.threads()
        for i, one in enumerate(self.connect(CROWD)):
            if i % 2:  # half of them have asked before
                one.sendall(asked("/small"))
                self.assertTrue(one.recv(4096).startswith(b"HTTP/1.1 200 "))
        times = self.ask_normally(1000 if LONG else 100)
        grown = self.server.memory() - memory
        self.report(f"{CROWD} idle", times, grown)
        self.assertLess(grown, CROWD * 4096 + (8 << 20))
        self.assertEqual(self.server.threads(), threads)

    def test_those_that_drip(self):
        self.ask_normally(50)
        memory, threads = self.server.memory(), self.server.threads()
        crowd = self.connect(CROWD)
        for one in crowd:
            one.setblocking(False)
        enough, rounds = threading.Event(), []

        def drip():
            for octet in asked("/small")[:-4] + b"\r\nX: " + b"x" * 1000:
                begun = time.monotonic()
                for one in crowd:
                    with contextlib.suppress(OSError):
                        one.send(bytes([octet]))
                rounds.append(time.monotonic() - begun)
                if enough.wait(max(0.0, 1 - rounds[-1])):
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        end = time.monotonic() + (15 if LONG else 1.5)
        times, most = [], 0
        while time.monotonic() < end:
            times += self.ask_normally(50)
            most = max(most, self.server.memory() - memory)
        enough.set()
        dripping.join()
        self.report(f"{CROWD} that drip an octet a second ({len(rounds)} rounds)", times, most)
        self.assertLess(most, CROWD * 24 * 1024 + (8 << 20))
        self.assertEqual(self.server.threads(), threads)

    def test_those_that_ask_and_never_read(self):
        self.ask_normally(50)
        memory, threads = self.server.memory(), self.server.threads()
        for one in self.connect(READERS, receive_buffer=4096):
            one.sendall(asked("/large"))
        times = self.ask_normally(1000 if LONG else 100)
        grown = self.server.memory() - memory
        self.report(f"{READERS} that never read", times, grown)
        self.assertLess(grown, READERS * 16 * 1024 + (8 << 20))
        self.assertEqual(self.server.threads(), threads)

    def seconds_of_work(self):
        """CPU time that the server has used."""
        text = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    def test_out_of_descriptors(self):
        kept = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        kept.request("GET", "/medium")
        kept.getresponse().read()
        open_now = len(os.listdir(f"/proc/{self.server.process.pid}/fd"))
        resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE, (open_now + 20,) * 2)
        crowd = self.connect(100)  # 20 at most are taken, the others wait in the queue
        worked = self.seconds_of_work()
        kept.request("GET", "/medium")  # who is connected is answered, with the file if that is still open
        answer = kept.getresponse()
        self.assertIn((answer.status, len(answer.read()) == 200_000), [(200, True), (503, False)])
        kept.close()
        crowd[-1].sendall(asked("/small"))  # it is in the queue, and stays there
        with contextlib.suppress(TimeoutError):
            crowd[-1].settimeout(1)
            crowd[-1].recv(1)
            self.fail("nobody should have answered")
        self.assertLess(self.seconds_of_work() - worked, 0.5)  # it does not spin
        for one in crowd[:-1]:
            one.close()
        crowd[-1].settimeout(30)
        self.assertTrue(crowd[-1].recv(4096).startswith(b"HTTP/1.1 200 "))
        lines = [line for line in self.server.said().splitlines() if "too many open files" in line]
        self.assertEqual(len(lines), 1, lines)


class told_to_end(among_crowds):
    """SIGTERM under load: what was asked before is answered whole, and nothing is ever half an answer."""
    test_idle_ones = test_those_that_drip = test_those_that_ask_and_never_read = test_out_of_descriptors = None

    def setUp(self):
        super().setUp()
        self.answered = threading.Semaphore(0)  # once for each answer to `load`

    def read_answers(self, one, sizes, pause=0.0):
        """Reads as many answers as there are sizes; gives how many octets were missing."""
        reader = one.makefile("rb")
        for size in sizes:
            status = reader.readline()
            if status == b"":
                return size or 1
            self.assertTrue(status.startswith(b"HTTP/1.1 200 "), status)
            while reader.readline() not in (b"\r\n", b""):
                pass
            left = size
            while left and (piece := reader.read1(min(left, 1 << 20))):
                left -= len(piece)
                if pause and left > size - (4 << 20):
                    time.sleep(pause)
            if left:
                return left
        return 0

    def load(self, over):
        """Asks and asks, until the server ends the connection. Half an answer is a failure."""
        answers = 0
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as one:
            while True:
                one.sendall(asked("/small"))
                got = b""
                try:
                    while len(got) < SMALL or len(got) < got.find(b"\r\n\r\n") + 4 + SMALL:
                        piece = one.recv(65536)
                        if not piece:
                            break
                        got += piece
                except ConnectionError:
                    pass
                if not got:
                    break
                self.assertEqual(len(got), got.find(b"\r\n\r\n") + 4 + SMALL, "half an answer")
                answers += 1
                self.answered.release()
                if b"\r\nConnection: close\r\n" in got:
                    break
        over.append(answers)

    def test_under_load(self):
        kinds = [(asked("/small"), [SMALL], 0), (asked("/medium"), [200_000], 0),
                 (asked("/small") * 5 + asked("/medium") + asked("/small"), [SMALL] * 5 + [200_000, SMALL], 0),
                 (asked("/large"), [LARGE], 0.001)]
        with concurrent.futures.ThreadPoolExecutor(64) as threads:
            over = []
            loads = [threads.submit(self.load, over) for _ in range(8)]
            answers = []
            for i in range(24):
                octets, sizes, pause = kinds[i % len(kinds)] if i % 8 != 7 else kinds[0]
                one, = self.connect(1)
                one.sendall(octets)
                answers.append((one, sizes, pause))
            half, = self.connect(1)  # a request whose second half comes after the signal
            half.sendall(asked("/small")[:-10])
            self.ask_normally(5)  # now everything before has been seen by the server
            for _ in range(9):
                self.assertTrue(self.answered.acquire(timeout=30), "the load asks")
            begun = time.monotonic()
            self.server.process.send_signal(signal.SIGTERM)
            half.sendall(asked("/small")[-10:])
            answers.append((half, [SMALL], 0))
            reading = [threads.submit(self.read_answers, *one) for one in answers]
            self.assertEqual([one.result(60) for one in reading], [0] * len(answers))
            for one in loads:
                one.result(60)
            self.assertEqual(self.server.process.wait(timeout=30), 0)
            self.assertLess(time.monotonic() - begun, 9)
            self.assertEqual(len(over), 8)
            self.assertGreater(sum(over), 8)

    def test_again_and_again_at_any_moment(self):
        dice = random.Random(7)
        for _ in range(30 if LONG else 3):
            over = []
            with concurrent.futures.ThreadPoolExecutor(16) as threads:
                loads = [threads.submit(self.load, over) for _ in range(16)]
                time.sleep(dice.uniform(0, 0.1))
                self.server.process.send_signal(signal.SIGTERM)
                for one in loads:
                    one.result(60)
            self.assertEqual(self.server.process.wait(timeout=30), 0)
            self.server.stop()
            self.setUp()


if __name__ == "__main__":
    unittest.main()
