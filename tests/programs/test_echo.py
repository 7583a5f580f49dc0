#!/usr/bin/env python3
"""Runs echo_server and echo_client and holds what they print to what their first comments promise."""
import os
import re
import select
import socket
import struct
import subprocess
import time
import unittest

from harness import closed_port, program

MESSAGE = "This is the message.  It will be repeated."
PIECES = ["This is the mess", "age.  It will be", " repeated."]


class server:
    """A running echo_server whose lines can be waited for."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([program("echo_server"), *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.lines = []
        self.rest = b""
        first = self.read_until(lambda line: line == "waiting for a connection")
        self.host, self.port = re.fullmatch(r"starting up on (.*) port (\d+)", first[0]).groups()

    def read_until(self, is_last, seconds=20):
        """The lines up to and with the one that `is_last`, each read as soon as it was printed."""
        got = []
        end = time.monotonic() + seconds
        while True:
            while b"\n" in self.rest:
                line, self.rest = self.rest.split(b"\n", 1)
                got.append(line.decode())
                if is_last(got[-1]):
                    return got
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            octets = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not octets:
                raise AssertionError(f"no more lines after {got}")
            self.rest += octets

    def stop(self):
        if self.process.stderr.closed:
            return ""
        self.process.kill()
        said = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()
        return said


def client(*arguments):
    return subprocess.run([program("echo_client"), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30, text=True)


def exchange_lines():
    return [f'sending "{MESSAGE}"'] + [f'received "{piece}"' for piece in PIECES] + ["closing socket"]


class echo(unittest.TestCase):
    def serve(self, *arguments):
        running = server(*arguments)
        self.addCleanup(running.stop)
        return running

    def conversation(self, running, peer):
        lines = running.read_until(lambda line: line == "waiting for a connection")
        expected = [f"connection from {peer}"]
        for piece in PIECES:
            expected += [f'received "{piece}"', "sending data back to the client"]
        expected += ['received ""', f"no more data from {peer}", "waiting for a connection"]
        self.assertEqual(lines, expected)

    def test_both_programs_print_what_their_comments_show(self):
        running = self.serve("localhost", "0")
        self.assertEqual(running.host, "localhost")
        for _ in range(2):  # one client after the other
            done = client("localhost", running.port)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout.splitlines(),
                             [f"connecting to localhost port {running.port}"] + exchange_lines())
            lines = running.read_until(lambda line: line == "waiting for a connection")
            peer = re.fullmatch(r"connection from (\('(127\.0\.0\.1|::1)', \d+\))", lines[0]).group(1)
            self.assertEqual(lines[-2], f"no more data from {peer}")

    def test_every_line_of_the_server_is_printed_at_once(self):
        running = self.serve("127.0.0.1", "0")
        with socket.create_connection(("127.0.0.1", int(running.port))) as s:
            peer = str(s.getsockname())
            s.sendall(MESSAGE.encode())
            echoed = b""
            while len(echoed) < len(MESSAGE):
                echoed += s.recv(64)
            self.assertEqual(echoed.decode(), MESSAGE)
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(s.recv(1), b"")
        self.conversation(running, peer)

    def test_info_shows_what_the_connector_got(self):
        running = self.serve("127.0.0.1", "0")
        done = client("--info", "127.0.0.1", running.port)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), ["Family  : AF_INET", "Type    : SOCK_STREAM",
                                                    "Protocol: IPPROTO_TCP", ""] + exchange_lines())

    def test_an_empty_address_listens_everywhere_and_prints_the_real_name(self):
        running = self.serve("", "0")
        self.assertIn(running.host, ("::", "0.0.0.0"))
        self.assertNotEqual(running.port, "0")
        self.assertEqual(client("127.0.0.1", running.port).returncode, 0)
        lines = running.read_until(lambda line: line == "waiting for a connection")
        self.assertRegex(lines[0], r"^connection from \('127\.0\.0\.1', \d+\)$")

    def test_a_client_that_resets_does_not_stop_the_server(self):
        running = self.serve("127.0.0.1", "0")
        with socket.create_connection(("127.0.0.1", int(running.port))) as s:
            running.read_until(lambda line: line.startswith("connection from"))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        running.read_until(lambda line: line == "waiting for a connection")
        self.assertEqual(client("127.0.0.1", running.port).returncode, 0)
        self.assertRegex(running.stop(), r"^echo_server: read from .*: connection reset by peer\n$")

    def test_a_port_in_use_is_named_with_its_cause(self):
        running = self.serve("127.0.0.1", "0")
        second = subprocess.run([program("echo_server"), "127.0.0.1", running.port], timeout=30,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(second.returncode, 1)
        self.assertEqual(second.stdout, "")
        self.assertEqual(second.stderr,
                         f"echo_server: listen on 127.0.0.1:{running.port}: address already in use\n")

    def test_a_refused_connection_is_one_line(self):
        port = str(closed_port())
        done = client("127.0.0.1", port)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"echo_client: connect 127.0.0.1:{port}: connection refused\n")

    def test_a_name_without_address_is_one_line(self):
        done = client("no such host", "80")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "echo_client: resolve no?such?host: not a host name\n")

    def test_a_server_that_stops_talking_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            process = subprocess.Popen([program("echo_client"), "127.0.0.1", str(listening.getsockname()[1])],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            connection, _ = listening.accept()
            connection.recv(100)
            connection.sendall(b"This is")
            connection.shutdown(socket.SHUT_WR)
            out, err = process.communicate(timeout=30)
            connection.close()
        self.assertEqual(process.returncode, 1)
        self.assertEqual(out.splitlines()[-2:], ['received "This is"', "closing socket"])
        self.assertEqual(err, "echo_client: the server closed too early\n")

    def test_bad_arguments_are_a_matter_of_usage(self):
        for name, arguments in (("echo_server", ["localhost", "http"]), ("echo_server", ["a", "1", "2"]),
                                ("echo_server", ["localhost", "65536"]), ("echo_client", ["localhost", "0"]),
                                ("echo_client", ["localhost", "-1"]), ("echo_client", ["--info", "a", "1", "2"])):
            with self.subTest(name=name, arguments=arguments):
                done = subprocess.run([program(name), *arguments], timeout=30, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr.startswith(f"usage: {name} "), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
