#!/usr/bin/env python3
"""Runs proxy between curl or wget and nginx, Python and servers that lie: octet for octet, or a
visible failure."""
import contextlib
import hashlib
import http.server
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import (closed_port, find_nginx, http_server_of, nginx, program, python_server, run, running_example,
                     scripted_server, sha256)


class proxy(running_example):
    """The example of that name, on a free port."""

    def __init__(self, *routes):
        super().__init__("proxy", "0", *routes)


class digest_server(http_server_of):
    """Answers PUT and POST with the SHA-256 of the body, however it was framed."""

    class handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def pieces(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                left = int(self.headers["Content-Length"])
                while left:
                    piece = self.rfile.read(min(left, 1 << 16))
                    left -= len(piece)
                    yield piece
                return
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def do_PUT(self):
            digest = hashlib.sha256()
            for piece in self.pieces():
                digest.update(piece)
            answer = digest.hexdigest().encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("X-Framed", self.headers.get("Transfer-Encoding", "length"))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_PUT

    def __init__(self):
        super().__init__(self.handler)


def curl(*arguments, **more):
    return run("curl", "-sS", "--noproxy", "*", *arguments, **more)


class proxied(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.home.name)
        self.addCleanup(self.home.cleanup)

    def through(self, *upstreams, routes=None):
        """A proxy in front of the first of `upstreams`; all of them end with the test."""
        for upstream in upstreams:
            self.addCleanup(upstream.stop)
        front = proxy(*(routes or [f"/={upstreams[0].url('')}"]))
        self.addCleanup(front.stop)
        return front

    def file(self, name, size):
        path = self.dir / name
        path.write_bytes(os.urandom(1 << 16) * (size >> 16))
        return path


class whole_messages(proxied):
    def test_large_download_from_nginx(self):
        if not find_nginx():
            self.skipTest("nginx is not there")
        large = self.file("large", 64 << 20)
        front = self.through(nginx(self.dir))
        got = curl(front.url("/large"), "-o", f"{self.dir}/by_curl")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(sha256(self.dir / "by_curl"), sha256(large))
        got = run("wget", "-q", "--no-proxy", "-O", f"{self.dir}/by_wget", front.url("/large"))
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(sha256(self.dir / "by_wget"), sha256(large))
        self.assertLess(front.memory(), 32 << 20)

    def test_ranges_conditions_and_head_reach_nginx(self):
        if not find_nginx():
            self.skipTest("nginx is not there")
        small = self.file("small", 1 << 16)
        server = nginx(self.dir)
        front = self.through(server)
        self.assertEqual(curl("-r", "100-199", front.url("/small")).stdout, small.read_bytes()[100:200])
        for how, status in ((["-I"], "200 OK"), (["-i", "-z", str(small)], "304 Not Modified")):
            heads = [{line for line in curl(*how, base("/small")).stdout.decode().splitlines()
                      if not line.startswith(("Date", "Connection"))} for base in (front.url, server.url)]
            self.assertEqual(heads[0], heads[1])
            self.assertIn(f"HTTP/1.1 {status}", heads[0])
        self.assertEqual(curl("-o", "/dev/null", "-w", "%{http_code}", front.url("/no")).stdout, b"404")

    def test_uploads_by_length_and_in_chunks(self):
        large = self.file("large", 16 << 20)
        front = self.through(digest_server())
        with large.open("rb") as content:
            for arguments, framed in ((["-T", str(large)], "length"), (["-T", "-"], "chunked"),
                                      (["--data-binary", f"@{large}"], "length")):
                content.seek(0)
                got = curl(*arguments, "-i", front.url("/up"), stdin=content)
                self.assertEqual(got.returncode, 0, got.stderr)
                self.assertIn(sha256(large).encode(), got.stdout)
                self.assertIn(f"X-Framed: {framed}\r\n".encode(), got.stdout)

    def test_chunks_trailers_and_informational_responses(self):
        server = scripted_server(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            b"Trailer: X-Sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
        front = self.through(server)
        got = curl("-i", front.url("/x"))
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertIn(b"\r\n\r\nabcde", got.stdout)
        with socket.create_connection(("127.0.0.1", front.port)) as s:
            s.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            octets = b"".join(iter(lambda: s.recv(65536), b""))
        self.assertTrue(octets.endswith(b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"), octets)


class one_request(proxied):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n\r\nhi"

    def test_what_upstream_sees(self):
        server = scripted_server(self.answer, self.answer)
        front = self.through(server)
        for _ in range(2):
            got = curl("-i", "-A", "me", "-H", "X-Forwarded-For: 1.2.3.4", "-H", "Connection: X-Hop",
                       "-H", "X-Hop: 1", "-H", "Upgrade: h2c", front.url("/a%20b?c=d"))
            self.assertTrue(got.stdout.endswith(b"hi"), got)
            self.assertNotIn(b"Keep-Alive", got.stdout)
        self.assertEqual(server.requests[0][0].splitlines(),
                         ["GET /a%20b?c=d HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "User-Agent: me",
                          "Accept: */*", "X-Forwarded-For: 127.0.0.1", f"X-Forwarded-Host: 127.0.0.1:{front.port}",
                          "X-Forwarded-Proto: http", "Via: 1.1 tinyhttp"])
        self.assertEqual(server.connections, 1)

    def seen_behind(self, front, server, *arguments):
        """The client's address as the last server hears it from the last proxy: the client is 127.0.0.2."""
        got = curl("--interface", "127.0.0.2", *arguments, front.url("/x"))
        self.assertEqual(got.stdout, b"hi", got)
        said = [line for line in server.requests[-1][0].splitlines() if line.lower().startswith("x-forwarded-for")]
        self.assertEqual(len(said), 1)
        return said[0].partition(": ")[2]

    def test_a_proxy_behind_nginx_knows_the_client(self):
        if not find_nginx():
            self.skipTest("nginx is not there")
        for trust, client in ((["--trust", "10.0.0.0/8", "--trust", "127.0.0.1"], "127.0.0.2"), ([], "127.0.0.1")):
            server = scripted_server(self.answer, self.answer, self.answer)
            ours = self.through(server, routes=[*trust, f"/={server.url('')}"])
            front = nginx(self.dir, locations=f"""location / {{ proxy_pass http://127.0.0.1:{ours.port};
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}""")
            self.addCleanup(front.stop)
            self.assertEqual(self.seen_behind(front, server), client)
            self.assertEqual(self.seen_behind(front, server, "-H", "X-Forwarded-For: 6.6.6.6, 127.0.0.1"), client)
            self.assertEqual(self.seen_behind(front, server, "-H", 'X-Forwarded-For: "', "-H", "X-Forwarded-For: ,6.6.6.6"), client)

    def test_a_proxy_behind_a_proxy_of_ours_knows_the_client(self):
        server = scripted_server(self.answer, self.answer)
        ours = self.through(server, routes=["--trust", "127.0.0.1", f"/={server.url('')}"])
        front = self.through(routes=[f"/={ours.url('')}"])
        self.assertEqual(self.seen_behind(front, server), "127.0.0.2")
        self.assertEqual(self.seen_behind(front, server, "-H", "X-Forwarded-For: 6.6.6.6"), "127.0.0.2")

    def test_a_target_reaches_nginx_as_it_was_sent_and_nothing_above_the_prefix(self):
        if not find_nginx():
            self.skipTest("nginx is not there")
        server = nginx(self.dir, locations="""location / { return 200 "$request_uri\\n$uri"; }""")
        front = self.through(server, routes=[f"/={server.url('')}", f"/api={server.url('')}"])

        def asks(target):
            with socket.create_connection(("127.0.0.1", front.port), timeout=20) as s:
                s.sendall(f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
                head, _, body = b"".join(iter(lambda: s.recv(65536), b"")).partition(b"\r\n\r\n")
            return int(head.split()[1]), body.decode().split("\n")

        for target, path in (("/api", "/api"), ("/api?", "/api"), ("/api/a|b\"<>^`{}?c|d", "/api/a|b\"<>^`{}"),
                             ("//a/./b", "/a/b"), ("/@a%2fb%7c", "/@a/b|"), ("/api/%252e%252e/b", "/api/%2e%2e/b"),
                             ("/api/a..b/...?/../c", "/api/a..b/..."), ("/", "/"), ("/?a", "/"), ("//api/b", "/api/b")):
            self.assertEqual(asks(target), (200, [target, path]))
        self.assertEqual(asks("http://h/api/a|b?"), (200, ["/api/a|b?", "/api/a|b"]))
        self.assertEqual(asks("http://h"), (200, ["/", "/"]))
        for target in ("/api/../b", "/api/..", "/api/%2e%2E/b", "/api/.%2e%2fb", "/api/a/..%5cb", "/api/..;x/b",
                       "http://h/api/../b", "/api/a\\..\\b", "/../b", "/a/..", "/a%2f..%2fb", "/%2e%2e/b", "/..;/b", "/..\\b",
                       "/a%zz", "*", "/a b", "/#b", "a"):
            self.assertIn(asks(target)[0], (400, 404), target)
        self.assertEqual(asks("/last")[0], 200)
        self.assertEqual(sum(" /last " not in line for line in server.log().splitlines()), 12)  # the good ones

    def test_the_longest_prefix_counts(self):
        api, rest = python_server(self.dir), scripted_server(self.answer, self.answer)
        (self.dir / "api").mkdir()
        (self.dir / "api" / "f").write_text("from the api")
        front = self.through(api, rest, routes=[f"/api={api.url('')}", f"/={rest.url('')}"])
        self.assertEqual(curl(front.url("/api/f")).stdout, b"from the api")
        self.assertEqual(curl(front.url("/apiary")).stdout, b"hi")
        self.assertEqual(curl(front.url("/")).stdout, b"hi")

    def test_mistakes_in_its_arguments(self):
        for arguments, status, says in ((["0"], 2, "usage"), (["0", "/"], 2, "not PREFIX=URL"),
                                        (["x", "/=http://h"], 2, "usage"),
                                        (["0", "--trust"], 2, "not PREFIX=URL"), (["0", "--trust", "h"], 1, "h: no address"), (["0", "/=h"], 1, "url"),
                                        (["0", "/a=http://h", "/a/=http://h"], 1, "route")):
            got = run(program("proxy"), *arguments)
            self.assertEqual(got.returncode, status, got)
            self.assertIn(says, got.stderr.decode())


class failing_upstreams(proxied):
    def test_a_cut_is_seen_downstream(self):
        for head in (b"Content-Length: 100000\r\n", b"Transfer-Encoding: chunked\r\n"):
            for size in (0, 50_000):
                body = b"x" * size if b"Length" in head else b"%x\r\n%s" % (size + 9, b"x" * size)
                for then in ("close", "reset"):
                    with self.subTest(head=head, size=size, then=then):
                        server = scripted_server((b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body, then))
                        front = self.through(server)
                        got = curl("-o", "/dev/null", "-w", "%{http_code}", front.url("/x"))
                        self.assertIn(got.returncode, (18, 56) if got.stdout == b"200" else (0,), got)
                        self.assertIn(got.stdout, (b"200", b"502") if then == "reset" else (b"200",))
                        server = scripted_server((b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body, then))
                        front = self.through(server)
                        got = run("wget", "-q", "--no-proxy", "-t", "1", "-O", "/dev/null", front.url("/x"))
                        self.assertNotEqual(got.returncode, 0)

    def test_no_upstream(self):
        port = closed_port()
        front = self.through(routes=[f"/=http://127.0.0.1:{port}"])
        got = curl("-i", front.url("/x"))
        self.assertIn(b" 502 ", got.stdout.splitlines()[0])
        self.assertNotIn(str(port).encode(), got.stdout)
        self.assertIn(f"proxy: connect 127.0.0.1:{port}: connection refused\n", front.said())

    def test_an_upstream_that_talks_nonsense(self):
        for octets in (b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
                       b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b""):
            front = self.through(scripted_server((octets, "close")))
            got = curl("-o", "/dev/null", "-w", "%{http_code}", front.url("/x"))
            self.assertEqual(got.stdout, b"502", octets)

    def test_nginx_killed_and_back(self):
        if not find_nginx():
            self.skipTest("nginx is not there")
        self.file("large", 64 << 20)
        server = nginx(self.dir, http="keepalive_timeout 60;")
        front = self.through(server)
        status = lambda: curl("-o", "/dev/null", "-w", "%{http_code}", front.url("/")).stdout  # noqa: E731
        self.assertEqual(status(), b"403")
        slow = subprocess.Popen(["curl", "-sS", "--noproxy", "*", "--limit-rate", "20M", "-o", "/dev/null",
                                 front.url("/large")], stderr=subprocess.PIPE)
        with contextlib.suppress(subprocess.TimeoutExpired):
            slow.wait(timeout=0.5)
        self.assertIsNone(slow.returncode)
        workers = run("pgrep", "-P", str(server.process.pid)).stdout.split()
        server.process.send_signal(signal.SIGKILL)
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        server.process.wait()
        self.assertEqual(status(), b"502")
        self.assertIn(slow.wait(timeout=30), (18, 56))  # partial file, reset
        slow.stderr.close()


class two_sides(proxied):
    def listening(self):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(20)
        self.addCleanup(listener.close)
        front = self.through(routes=[f"/=http://127.0.0.1:{listener.getsockname()[1]}"])
        return listener, front

    def asked(self, listener, front, request=b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"):
        down = socket.create_connection(("127.0.0.1", front.port), timeout=20)
        self.addCleanup(down.close)
        down.sendall(request)
        up, _ = listener.accept()
        self.addCleanup(up.close)
        up.settimeout(20)
        while b"\r\n\r\n" not in up.recv(65536):
            pass
        return down, up

    def pour(self, into, most):
        """How much goes into `into` until nobody takes it for a while."""
        into.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError, socket.timeout):
            while sent < most:
                sent += into.send(b"x" * 65536)
        return sent

    def test_a_slow_reader_slows_the_upstream(self):
        down, up = self.asked(*self.listening())
        up.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        self.assertLess(self.pour(up, 1 << 30), 40 << 20)  # what the kernel's four buffers hold
        down.recv(1)

    def test_a_slow_upstream_slows_the_sender(self):
        down, up = self.asked(*self.listening(),
                              b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
        self.assertLess(self.pour(down, 1 << 30), 40 << 20)
        up.recv(1)

    def test_a_client_that_leaves_ends_the_exchange_upstream(self):
        for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun"):
            down, up = self.asked(*self.listening())
            up.sendall(answer)
            if answer:
                down.recv(1)
            down.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            down.close()
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(up.recv(1), b"")


if __name__ == "__main__":
    unittest.main()
