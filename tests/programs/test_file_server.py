#!/usr/bin/env python3
"""Runs file_server as people do, and looks at what it prints, how it ends, and what it sends."""
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import closed_port, file_server, program, run

FILE_SERVER = program("file_server")


class serving(unittest.TestCase):
    def setUp(self):
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        self.dir = pathlib.Path(own.name)

    def served(self, *options):
        server = file_server(self.dir, *options)
        self.addCleanup(server.stop)
        return server

    def run_to_end(self, *arguments):
        return subprocess.run([FILE_SERVER, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=30, text=True)

    def get(self, server, target, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()


class command_line(serving):
    def test_first_line_says_where_it_listens(self):
        server = self.served()
        self.assertEqual(server.first_line, f"listening on http://127.0.0.1:{server.port}/\n")
        self.assertNotEqual(server.port, 0)

    def test_a_given_port_is_taken(self):
        port = closed_port()
        process = subprocess.Popen([FILE_SERVER, self.dir, "--port", str(port), "--host", "127.0.0.1"],
                                   stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), f"listening on http://127.0.0.1:{port}/\n")
        process.terminate()
        self.assertEqual(process.wait(timeout=20), 0)
        process.stdout.close()

    def test_a_taken_port_is_one_clear_line(self):
        server = self.served()
        ran = self.run_to_end(self.dir, "--port", server.port)
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertEqual(ran.stderr, f"file_server: listen on 127.0.0.1:{server.port}: address already in use\n")

    def test_usage_errors_end_with_2(self):
        for arguments in (["--port"], ["--port", "x"], ["--port", "65536"], ["--port", "-1"], ["--port", ""],
                          ["--threads", "many"], ["--nonsense"], ["a", "b"], ["--host"]):
            with self.subTest(arguments=arguments):
                ran = self.run_to_end(*arguments)
                self.assertEqual((ran.returncode, ran.stdout), (2, ""))
                self.assertTrue(ran.stderr.startswith("file_server: "), ran.stderr)
                self.assertIn("usage: file_server", ran.stderr)

    def test_help_is_an_answer_and_no_error(self):
        ran = self.run_to_end("--help")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertTrue(ran.stdout.startswith("usage: file_server"), ran.stdout)
        for name in ("hello", "assets", "upload_server", "proxy", "echo_server", "echo_client"):
            with self.subTest(name=name):
                ran = run(program(name), "--help", seconds=30)
                self.assertEqual((ran.returncode, ran.stderr), (0, b""))
                self.assertRegex(ran.stdout.decode(), rf"\Ausage: .*{name} .*\n\Z")

    def test_a_directory_that_is_none_is_one_clear_line(self):
        (self.dir / "file").write_text("x")
        for name, why in (("missing", "no such file or directory"), ("file", "not a directory")):
            ran = self.run_to_end(self.dir / name, "--port", "0")
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertEqual(ran.stderr.count("\n"), 1)
            self.assertIn(name, ran.stderr)
            self.assertIn(why, ran.stderr.lower())

    def test_a_host_that_is_none_is_one_clear_line(self):
        ran = self.run_to_end(self.dir, "--port", "0", "--host", "256.1.1.1")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertEqual(ran.stderr.count("\n"), 1)

    def test_one_log_line_a_request_unless_quiet(self):
        (self.dir / "a.txt").write_text("hello")
        for options in ([], ["--quiet"]):
            server = self.served(*options)
            self.get(server, "/a.txt")
            self.get(server, "/missing")
            self.assertEqual(server.stop(), 0)
            lines = [line.decode() for line in server.lines]
            if options:
                self.assertEqual(lines, [])
            else:
                self.assertEqual(len(lines), 2, lines)
                self.assertIn('"GET /a.txt', lines[0])
                self.assertIn(" 200 5 ", lines[0])
                self.assertIn(" 404 ", lines[1])

    def test_several_threads(self):
        (self.dir / "a.txt").write_text("hello")
        server = self.served("--threads", "2")
        for _ in range(20):
            self.assertEqual(self.get(server, "/a.txt")[1], b"hello")


class ending(serving):
    def test_a_running_download_is_finished(self):
        size = 64 << 20
        with open(self.dir / "large", "wb") as file:
            file.truncate(size)
        for which in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=which):
                server = self.served()
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                connection.request("GET", "/large")
                answer = connection.getresponse()
                got = len(answer.read(1000))
                server.process.send_signal(which)
                with self.assertRaises(OSError):  # nobody is let in any more
                    for _ in range(10_000):
                        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
                while piece := answer.read(1 << 20):
                    got += len(piece)
                self.assertEqual(got, size)
                connection.close()
                self.assertEqual(server.process.wait(timeout=20), 0)

    def test_idle_connections_do_not_hold_it_up(self):
        server = self.served()
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
        self.get(server, "/")
        server.process.terminate()
        self.assertEqual(server.process.wait(timeout=5), 0)
        for connection in idle:
            self.assertEqual(connection.recv(10), b"")
            connection.close()


class files(serving):
    def test_a_file_that_changes_while_it_is_sent_is_never_framed_wrongly(self):
        path = self.dir / "large"
        size = 32 << 20
        for change in ("shrink", "grow", "replace", "delete"):
            with self.subTest(change=change):
                path.write_bytes(b"x" * size)
                server = self.served("--quiet")
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                connection.request("GET", "/large")
                answer = connection.getresponse()
                got = len(answer.read(1000))
                if change == "shrink":
                    os.truncate(path, 1000)
                elif change == "grow":
                    with open(path, "ab") as file:
                        file.write(b"y" * 1000)
                elif change == "replace":
                    (self.dir / "new").write_bytes(b"z" * 10)
                    os.replace(self.dir / "new", path)
                else:
                    path.unlink()
                whole = True
                try:
                    while piece := answer.read(1 << 20):
                        # What was cut off may show as zeros: the system sends pages, not copies.
                        self.assertEqual(piece.strip(b"x\0"), b"")
                        got += len(piece)
                except (http.client.IncompleteRead, ConnectionError):
                    whole = False
                connection.close()
                self.assertEqual(whole and got == size, change != "shrink")
                self.assertEqual(self.get(server, "/")[0].status, 200)

    def test_a_fifo_never_blocks(self):
        os.mkfifo(self.dir / "fifo")
        server = self.served()
        self.assertIn(self.get(server, "/fifo")[0].status, (403, 404))
        self.assertEqual(self.get(server, "/")[0].status, 200)

    def test_nothing_outside_is_served(self):
        (self.dir / "root").mkdir()
        (self.dir / "secret").write_text("secret")
        os.symlink("../secret", self.dir / "root" / "link")
        server = file_server(self.dir / "root")
        self.addCleanup(server.stop)
        for target in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/link", "//secret", "/%00", "/..%5csecret",
                       f"{self.dir}/secret", f"/%2f{self.dir}/secret"):
            with self.subTest(target=target):
                with socket.create_connection(("127.0.0.1", server.port), timeout=20) as s:
                    s.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                    all_of_it = b""
                    while piece := s.recv(65536):
                        all_of_it += piece
                self.assertIn(all_of_it[9:12], (b"400", b"403", b"404"))
                self.assertNotIn(b"\r\n\r\nsecret", all_of_it)


if __name__ == "__main__":
    unittest.main()
