#!/usr/bin/env python3
"""Runs fetch against nginx, Python's server and servers that lie, and looks at what it leaves."""
import functools
import os
import pathlib
import resource
import subprocess
import tempfile
import unittest

from harness import closed_port, find_nginx, nginx, program, python_server, scripted_server, sha256

FETCH = program("fetch")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def ok(body, *lines):
    head = "".join(f"{line}\r\n" for line in lines)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


class done:
    """What a run of fetch printed and how it ended."""

    def __init__(self, *arguments, cwd=None, stdout=subprocess.PIPE):
        ran = subprocess.run([FETCH, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stdout,
                             stderr=subprocess.PIPE, timeout=120, cwd=cwd)
        self.status, self.out, self.err = ran.returncode, ran.stdout, ran.stderr.decode()


class fetching(unittest.TestCase):
    def setUp(self):
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        self.dir = pathlib.Path(own.name)

    def names(self):
        return sorted(file.name for file in self.dir.iterdir())

    def scripted(self, *answers):
        server = scripted_server(*answers)
        self.addCleanup(server.stop)
        return server

    def well(self, run):
        self.assertEqual((run.status, run.err), (0, ""))
        return run.out

    def fails(self, run, line, status=1):
        """One line on standard error, and no more."""
        self.assertEqual((run.status, run.err), (status, f"fetch: {line}\n"))


class usage(fetching):
    def test_help_tells_every_option(self):
        out = self.well(done("--help")).decode()
        for option in ("-o", "-i", "-I", "-L", "-X", "-H", "-d", "-r", "-C", "--max-time", "--connect-timeout",
                       "--max-redirs", "--compressed", "--limit"):
            self.assertIn(f"  {option} ", out)

    def test_bad_usage_is_one_line_and_status_2(self):
        for arguments, line in ((["-o", "f"], "no URL"), ([], "no URL"), (["-o"], "-o wants an operand"),
                                (["--frobnicate", "http://h/"], "unknown option --frobnicate"),
                                (["-Z", "http://h/"], "unknown option -Z"),
                                (["--max-time", "x", "http://h/"], '--max-time wants seconds, not "x"'),
                                (["--max-redirs", "-1", "http://h/"], '--max-redirs wants a number, not "-1"'),
                                (["-H", "novalue", "http://h/"], "-H wants 'Name: value', not \"novalue\""),
                                (["-H", "a b: c", "http://h/"], "-H wants 'Name: value', not \"a b: c\""),
                                (["-X", "G ET", "http://h/"], '-X wants a method, not "G ET"'),
                                (["-C", "http://h/"], "-C needs -o FILE for each URL")):
            with self.subTest(arguments=arguments):
                self.fails(done(*arguments), f"{line}; try fetch --help", status=2)

    def test_an_option_that_is_not_there_yet_says_so(self):
        run = done("--compressed", "http://h/")
        self.assertEqual(run.status, 2)
        self.assertRegex(run.err, r"^fetch: --compressed is not there yet: [^\n]*\n$")


class failures(fetching):
    def test_what_cannot_be_reached_is_one_line(self):
        port = closed_port()
        self.fails(done(f"http://127.0.0.1:{port}/"), f"connect 127.0.0.1:{port}: connection refused")
        self.fails(done(f"127.0.0.1:{port}"), f"connect 127.0.0.1:{port}: connection refused")
        self.fails(done("ftp://h/"), 'url "ftp://h/": the scheme is neither http nor https')
        self.fails(done("https://h/"), "connect https://h: no TLS in this build")

    def test_a_body_that_is_cut_off_is_an_error_and_leaves_no_file(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n"
        server = self.scripted((head + b"x" * 500000, "close"), (head + b"x" * 500000, "close"))
        line = f"GET {server.url('/x')}: connection closed after 500000 of 3145728 octets"
        run = done(server.url("/x"))
        self.fails(run, line)
        self.assertEqual(run.out, b"x" * 500000)
        (self.dir / "f").write_bytes(b"old")
        self.fails(done("-o", self.dir / "f", server.url("/x")), line)
        self.assertEqual(self.names(), ["f"])
        self.assertEqual((self.dir / "f").read_bytes(), b"old")

    def test_answers_that_lie_never_end_well(self):
        cases = (
            ((b"", "close"), "connection closed before any answer"),
            ((b"HTTP/1.1 200 OK\r\nContent-Len", "close"), "connection closed in the middle of the response head"),
            ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "close"),
             "connection closed after 5 octets"),
            ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX", "close"),
             "bad answer: chunk data not closed by CRLF, after 5 octets"),
            ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "close"),
             "bad answer: Content-Length lines that differ"),
            ((b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", "close"),
             "bad answer: Content-Length is not a number of octets"),
            ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "close"),
             "bad answer: both Content-Length and Transfer-Encoding"),
            ((b"nonsense\r\n\r\n", "close"), "bad answer: no HTTP version in the start line"),
        )
        for answer, line in cases:
            with self.subTest(answer=answer):
                server = self.scripted(answer)
                self.fails(done("-o", self.dir / "f", server.url("/")), f"GET {server.url('/')}: {line}")
                self.assertEqual(self.names(), [])

    def test_a_silent_server_is_given_up(self):
        server = self.scripted((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "stall"))
        self.fails(done("--max-time", "0.2", server.url("/")),
                   f"GET {server.url('/')}: timed out after 200 ms, after 2 of 5 octets")

    def test_more_than_the_limit_is_an_error(self):
        server = self.scripted(ok(b"x" * 11), ok(b"x" * 11))
        self.fails(done("--limit", "10", server.url("/")), f"{server.url('/')}: more than 10 octets")
        self.fails(done("--limit", "10", "-o", self.dir / "f", server.url("/")),
                   f"GET {server.url('/')}: more than 10 octets")
        self.assertEqual(self.names(), [])

    def test_a_place_that_cannot_be_written_is_named(self):
        server = self.scripted(OK)
        place = self.dir / "no" / "f"
        self.fails(done("-o", place, server.url("/")), f"open {place}.part: no such file or directory")
        self.fails(done("-o", self.dir, server.url("/")), f"open {self.dir}: is a directory")

    def test_standard_output_that_takes_nothing_is_an_error(self):
        server = self.scripted(OK)
        with open("/dev/full", "wb") as full:
            self.fails(done(server.url("/"), stdout=full), "write to standard output: No space left on device")

    def test_one_of_several_that_fails_does_not_stop_the_others(self):
        server = self.scripted(OK)
        port = closed_port()
        run = done(f"http://127.0.0.1:{port}/", server.url("/"))
        self.assertEqual(run.out, b"hi")
        self.fails(run, f"connect 127.0.0.1:{port}: connection refused")


class requests(fetching):
    def asked(self, *arguments, answer=OK):
        server = self.scripted(answer)
        self.well(done(*arguments, server.url("/a?b")))
        head, body = server.requests[0]
        return head.split("\r\n"), body

    def test_a_plain_one(self):
        head, _ = self.asked()
        self.assertEqual(head[0], "GET /a?b HTTP/1.1")
        self.assertRegex(head[1], r"^Host: 127\.0\.0\.1:\d+$")

    def test_fields_are_added_replaced_left_out_and_sent_empty(self):
        head, _ = self.asked("-H", "X-A: 1", "-HX-B:2", "-H", "User-Agent:", "-H", "X-C;")
        self.assertEqual([line for line in head[1:] if not line.startswith("Host")],
                         ["X-A: 1", "X-B: 2", "X-C: "])
        head, _ = self.asked("-H", "Host: other", "-H", "User-Agent: mine")
        self.assertEqual(head[1:], ["Host: other", "User-Agent: mine"])

    def test_data_makes_a_form_post(self):
        head, body = self.asked("-d", "a=1", "-d", "b=2")
        self.assertEqual(head[0], "POST /a?b HTTP/1.1")
        self.assertIn("Content-Type: application/x-www-form-urlencoded", head)
        self.assertEqual(body, b"a=1&b=2")

    def test_data_keeps_a_given_type_and_method(self):
        head, body = self.asked("-X", "PUT", "-d", "{}", "-H", "Content-Type: application/json")
        self.assertEqual(head[0], "PUT /a?b HTTP/1.1")
        self.assertEqual([line for line in head if line.startswith("Content-Type")],
                         ["Content-Type: application/json"])
        self.assertEqual(body, b"{}")

    def test_a_file_is_sent_as_it_is(self):
        content = bytes(range(256)) * 20000 + b"\r\n"
        (self.dir / "data").write_bytes(content)
        head, body = self.asked("-d", f"@{self.dir / 'data'}")
        self.assertIn(f"Content-Length: {len(content)}", head)
        self.assertIn("Expect: 100-continue", head)
        self.assertTrue(body == content)
        _, body = self.asked("-d", "a=", "-d", f"@{self.dir / 'data'}")
        self.assertTrue(body == b"a=&" + content)

    def test_a_file_that_is_not_there_is_named(self):
        self.fails(done("-d", "@/no/such", "http://127.0.0.1:9/"), "open /no/such: no such file or directory")

    def test_a_range_is_asked_for(self):
        head, _ = self.asked("-r", "2-5")
        self.assertIn("Range: bytes=2-5", head)

    def test_several_urls_reuse_the_connection(self):
        server = self.scripted(OK, OK, OK)
        self.assertEqual(self.well(done(*[server.url("/")] * 3)), b"hihihi")
        self.assertEqual(server.connections, 1)

    def test_each_o_belongs_to_a_url_in_order(self):
        server = self.scripted(ok(b"1"), ok(b"2"), ok(b"3"))
        urls = [server.url("/")] * 3
        self.assertEqual(self.well(done("-o", self.dir / "a", "-o", self.dir / "b", *urls)), b"3")
        self.assertEqual([(self.dir / name).read_text() for name in self.names()], ["1", "2"])


class answers(fetching):
    def test_the_head_is_shown_where_asked_for(self):
        answer = ok(b"hi", "X-A: b")
        shown = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n"
        server = self.scripted(answer, answer[:-2], answer, answer[:-2])
        self.assertEqual(self.well(done("-i", server.url("/"))), shown + b"hi")
        self.assertEqual(self.well(done("-I", server.url("/"))), shown)
        self.well(done("-i", "-o", self.dir / "f", server.url("/")))
        self.assertEqual((self.dir / "f").read_bytes(), shown + b"hi")
        self.assertEqual([head.split()[0] for head, _ in server.requests], ["GET", "HEAD", "GET"])

    def test_an_error_page_is_a_complete_answer(self):
        page = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"
        server = self.scripted(page, page)
        self.assertEqual(self.well(done(server.url("/"))), b"gone")
        self.well(done("-o", self.dir / "f", server.url("/")))
        self.assertEqual((self.dir / "f").read_bytes(), b"gone")

    def test_redirects_are_followed_with_L_only(self):
        there = b"HTTP/1.1 301 Moved Permanently\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nno"
        server = self.scripted(there, there, OK, *[there] * 4)
        self.assertEqual(self.well(done(server.url("/a"))), b"no")
        self.assertEqual(self.well(done("-L", server.url("/a"))), b"hi")
        self.assertEqual([head.split()[1] for head, _ in server.requests], ["/a", "/a", "/b"])
        self.fails(done("-L", "--max-redirs", "2", server.url("/a")),
                   f"GET {server.url('/b')}: more than 2 redirects")

    def test_a_post_that_is_redirected_becomes_a_get(self):
        server = self.scripted(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", OK)
        self.assertEqual(self.well(done("-iLd", "a=b", server.url("/a"))), OK)
        self.assertEqual(server.requests[1][0].split()[0], "GET")
        self.assertEqual(server.requests[1][1], b"")
        self.assertNotIn("Content-Type", server.requests[1][0])


class resuming(fetching):
    def test_a_download_goes_on_where_it_stopped(self):
        content = os.urandom(300000)
        head = b'HTTP/1.1 200 OK\r\nContent-Length: 300000\r\nETag: "v1"\r\n\r\n'
        rest = (b'HTTP/1.1 206 Partial Content\r\nContent-Length: 200000\r\nETag: "v1"\r\n'
                b"Content-Range: bytes 100000-299999/300000\r\n\r\n")
        server = self.scripted((head + content[:100000], "close"), rest + content[100000:])
        run = done("-o", self.dir / "f", server.url("/f"))
        self.fails(run, f"GET {server.url('/f')}: connection closed after 100000 of 300000 octets")
        self.assertEqual(self.names(), ["f.part", "f.part.from"])
        self.well(done("-C", "-", "-o", self.dir / "f", server.url("/f")))
        self.assertIn("Range: bytes=100000-\r\nIf-Range: \"v1\"", server.requests[1][0])
        self.assertEqual(self.names(), ["f"])
        self.assertTrue((self.dir / "f").read_bytes() == content)

    def test_halves_of_two_versions_are_never_joined(self):
        first = b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nETag: "v1"\r\n\r\naaa'
        second = b'HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nETag: "v2"\r\nContent-Range: bytes 3-5/6\r\n\r\nbbb'
        server = self.scripted((first, "close"), second, ok(b"bbbbbb", 'ETag: "v2"'))
        self.assertEqual(done("-C", "-o", self.dir / "f", server.url("/f")).status, 1)
        self.well(done("-C", "-o", self.dir / "f", server.url("/f")))
        self.assertEqual((self.dir / "f").read_bytes(), b"bbbbbb")

    def test_with_C_an_error_page_is_no_file(self):
        server = self.scripted(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")
        self.fails(done("-C", "-o", self.dir / "f", server.url("/f")), f"GET {server.url('/f')}: 404 Not Found")
        self.assertEqual(self.names(), [])


class python_peer(fetching):
    def test_files_and_pages_come_whole(self):
        content = os.urandom(2_000_000)
        (self.dir / "big").write_bytes(content)
        (self.dir / "a b.txt").write_text("hello\n")
        server = python_server(self.dir)
        self.addCleanup(server.stop)
        self.assertTrue(self.well(done(server.url("/big"))) == content)
        self.assertEqual(self.well(done(server.url("/a b.txt"))), b"hello\n")
        self.assertIn(b"a%20b.txt", self.well(done(server.url("/"))))


@unittest.skipUnless(find_nginx(), "needs nginx")
class nginx_peer(fetching):
    @classmethod
    def setUpClass(cls):
        own = tempfile.TemporaryDirectory()
        cls.addClassCleanup(own.cleanup)
        cls.root = pathlib.Path(own.name)
        cls.root.chmod(0o755)
        (cls.root / "small").write_text("hello\n")
        (cls.root / "big").write_bytes(os.urandom(3_000_000))
        with open(cls.root / "huge", "wb") as file:  # 2 GiB and a bit, sparse
            for at in (0, 1 << 20, 1 << 30, (1 << 31) + 4096):
                file.seek(at)
                file.write(os.urandom(8192))
        cls.server = nginx(cls.root, """
            location /moved { return 302 /small; }
            location /loop { return 302 /loop; }
            location /slowly/ { alias ROOT/; limit_rate 300k; }""".replace("ROOT", str(cls.root)))
        cls.addClassCleanup(cls.server.stop)

    def test_keep_alive_and_redirects(self):
        url = self.server.url
        self.assertEqual(self.well(done(url("/small"), url("/small"))), b"hello\n" * 2)
        self.assertEqual(self.well(done("-L", url("/moved"))), b"hello\n")
        self.assertIn(b"302 Found", self.well(done(url("/moved"))))
        self.fails(done("-L", url("/loop")), f"GET {url('/loop')}: more than 10 redirects")

    def test_ranges(self):
        whole = (self.root / "big").read_bytes()
        self.assertTrue(self.well(done("-r", "100-199", self.server.url("/big"))) == whole[100:200])
        self.assertTrue(self.well(done("-r", "-5", self.server.url("/big"))) == whole[-5:])

    def test_a_post_to_a_file_is_refused_and_complete(self):
        self.assertIn(b"405 Not Allowed", self.well(done("-d", "x", self.server.url("/small"))))
        (self.dir / "data").write_bytes(b"x" * 5_000_000)
        self.assertIn(b"413 Request Entity Too Large",
                      self.well(done("-d", f"@{self.dir / 'data'}", self.server.url("/small"))))

    def test_a_fetch_that_is_killed_goes_on_and_is_whole(self):
        target = self.dir / "big"
        part = self.dir / "big.part"
        process = subprocess.Popen([FETCH, "-C", "-o", target, self.server.url("/slowly/big")])
        while not (part.exists() and part.stat().st_size > 100_000):
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            try:
                process.wait(timeout=0.02)
            except subprocess.TimeoutExpired:
                pass
        process.kill()
        process.wait()
        self.assertFalse(target.exists())
        left = part.stat().st_size
        # The same representation under another name would not do: the part says where it is from.
        self.well(done("-C", "-o", target, self.server.url("/slowly/big")))
        self.assertGreater(left, 100_000)
        self.assertEqual(sha256(target), sha256(self.root / "big"))
        self.assertIn('" 206 ', self.server.log())
        self.assertEqual(self.names(), ["big"])

    @classmethod
    @functools.cache
    def digest_of_huge(cls):
        return sha256(cls.root / "huge")

    @staticmethod
    def little_memory():
        """Heap and stacks; code and libraries are a few MiB more, 32 in all."""
        resource.setrlimit(resource.RLIMIT_DATA, (24 << 20, 24 << 20))

    def test_two_gibibytes_pass_through_little_memory(self):
        digest = subprocess.Popen(["sha256sum"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        fetch = subprocess.Popen([FETCH, self.server.url("/huge")], stdout=digest.stdin,
                                 preexec_fn=self.little_memory)
        digest.stdin.close()
        digest.stdin = None
        self.assertEqual(fetch.wait(timeout=120), 0)
        out, _ = digest.communicate(timeout=120)
        self.assertEqual(out.split()[0].decode(), self.digest_of_huge())

    def test_two_gibibytes_into_a_file(self):
        fetch = subprocess.Popen([FETCH, "-o", self.dir / "huge", self.server.url("/huge")],
                                 preexec_fn=self.little_memory)
        self.assertEqual(fetch.wait(timeout=240), 0)
        self.assertEqual((self.dir / "huge").stat().st_size, (1 << 31) + 4096 + 8192)
        self.assertEqual(sha256(self.dir / "huge"), self.digest_of_huge())


if __name__ == "__main__":
    unittest.main()
