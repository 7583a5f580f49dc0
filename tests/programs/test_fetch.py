#!/usr/bin/env python3
"""Runs fetch against nginx, Python's server and servers that lie, and looks at what it leaves."""
import functools
import gzip
import hashlib
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import (closed_port, fake_file_server, file_server, find_nginx, find_server, nginx, preloaded, program,
                     python_server, scripted_server, sha256, wait_until_listening)

FETCH = program("fetch")
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]  # the tests talk to this machine
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


def has(*option):
    """Whether this build can do that: some options need a library."""
    return "not in this build" not in done(*option, f"http://127.0.0.1:{closed_port()}/").err


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
        for option in ("-o", "-O", "-J", "-i", "-I", "-f", "-s", "-L", "-X", "-H", "-u", "-d", "-F", "-b", "-r", "-C", "--progress",
                       "--retry", "--parallel", "-x, --proxy", "--noproxy", "--unix-socket", "--resolve", "--interface", "--digest", "--max-time", "--connect-timeout", "--max-redirs",
                       "--compressed", "--limit"):
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
                                (["-C", "http://h/"], "-C needs -o FILE for each URL"),
                                (["--parallel", "4", "http://h/"], "--parallel needs -o FILE for each URL"),
                                (["--parallel", "17", "http://h/"], '--parallel wants a number, not "17"'),
                                (["--digest", "sha256:12", "http://h/"],
                                 '--digest wants sha256: and 64 hexadecimal digits, not "sha256:12"'),
                                (["-C", "-i", "-o", "f", "http://h/"],
                                 "-C goes with none of -i -I -r -d -F -X --compressed"),
                                (["-J", "http://h/"], "-J goes with -O"),
                                (["-O", "-o", "f", "http://h/"], "-O or -o, not both"),
                                (["-u", "ada", "http://h/"], "-u wants USER:PASSWORD"),
                                (["-F", "a", "http://h/"], '-F wants NAME=VALUE or NAME=@FILE, not "a"'),
                                (["-F", "a=<f", "http://h/"], '-F wants NAME=VALUE or NAME=@FILE, not "a=<f"'),
                                (["-F", "a=1", "-d", "b=2", "http://h/"], "-d or -F, not both"),
                                (["-F", "a=1", "-I", "http://h/"], "-I sends no -d or -F"),
                                (["-F", "a=1", "-H", "Content-Type: text/plain", "http://h/"],
                                 "-F brings its own Content-Type"),
                                (["-b", "jar", "http://h/"], '-b wants NAME=VALUE, not "jar"'),
                                (["-b", "a=\n", "http://h/"], '-b wants NAME=VALUE, not "a=\n"')):
            with self.subTest(arguments=arguments):
                self.fails(done(*arguments), f"{line}; try fetch --help", status=2)

    def test_an_option_that_needs_a_library_works_or_says_so(self):
        for option in ("--compressed",), ("--digest", "sha256:" + "0" * 64, "-o", self.dir / "f"):
            if not has(*option):
                self.assertRegex(done(*option, "http://h/").err, rf"^fetch: {option[0]} is not in this build: [^\n]*\n$")


class failures(fetching):
    def test_what_cannot_be_reached_is_one_line(self):
        port = closed_port()
        self.fails(done(f"http://127.0.0.1:{port}/"), f"connect 127.0.0.1:{port}: connection refused")
        self.fails(done(f"127.0.0.1:{port}"), f"connect 127.0.0.1:{port}: connection refused")
        self.fails(done("ftp://h/"), 'url "ftp://h/": the scheme is neither http nor https')
        self.fails(done(f"https://127.0.0.1:{port}/"), f"connect 127.0.0.1:{port}: connection refused" if has("-k") else
                   f"connect https://127.0.0.1:{port}: TLS is off (client_options::tls, tls.hpp)")

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
        for option, operand in ("-d", "@/no/such"), ("-F", "a=@/no/such"):
            self.fails(done(option, operand, "http://127.0.0.1:9/"), "open /no/such: no such file or directory")

    def test_a_form_has_fields_and_files(self):
        content = bytes(range(256)) * 20000 + b"\r\n"
        (self.dir / "data.bin").write_bytes(content)
        head, body = self.asked("-F", "who=Ada = L", "-F", f"file=@{self.dir / 'data.bin'}")
        self.assertEqual(head[0], "POST /a?b HTTP/1.1")
        self.assertIn(f"Content-Length: {len(body)}", head)
        boundary = next(line for line in head if line.startswith("Content-Type: multipart/form-data; boundary="))[44:].encode()
        first, second, third, end = body.split(b"--" + boundary)
        self.assertEqual((first, end), (b"", b"--\r\n"))
        self.assertEqual(second, b'\r\nContent-Disposition: form-data; name="who"\r\n\r\nAda = L\r\n')
        self.assertTrue(third.startswith(b'\r\nContent-Disposition: form-data; name="file"; filename="data.bin"\r\n'))
        self.assertTrue(third.endswith(b"\r\n\r\n" + content + b"\r\n"))

    def test_cookies_are_sent_to_their_origin_only(self):
        head, _ = self.asked("-b", "a=1", "-b", "b=2; c=3")
        self.assertIn("Cookie: a=1; b=2; c=3", head)
        other = self.scripted(OK)
        away = f"HTTP/1.1 302 Found\r\nLocation: {other.url('/')}\r\nContent-Length: 0\r\n\r\n".encode()
        self.asked("-L", "-b", "a=1", answer=away)
        self.assertNotIn("Cookie", other.requests[0][0])

    def test_a_range_is_asked_for(self):
        part = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 2-3/4\r\n\r\nhi"
        head, _ = self.asked("-r", "2-5", answer=part)
        self.assertIn("Range: bytes=2-5", head)

    def test_another_range_than_asked_for_is_shown_and_said(self):
        def part(what):
            return (f"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n{what}\r\n\r\nhi").encode()

        other = "the server sent another range, not -r "
        for asked, answer, said in (("2-3", part("Content-Range: bytes 2-3/9"), None),
                                    ("8-20", part("Content-Range: bytes 8-9/10"), None),
                                    ("-2", part("Content-Range: bytes 8-9/10"), None),
                                    ("2-3", part("Content-Range: bytes 2-3/*"), None),
                                    ("0-0,2-3", part("Content-Type: multipart/byteranges; boundary=b"), None),
                                    ("2-3", OK, "the server sent the whole, not -r 2-3"),
                                    ("2-9", part("Content-Range: bytes 2-3/10"), other + "2-9"),
                                    ("-3", part("Content-Range: bytes 8-9/10"), other + "-3"),
                                    ("2-3", part("X-A: b"), other + "2-3"),
                                    ("2-3", b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 2\r\n\r\nno", None)):
            for more in [], ["-o", self.dir / "f"], ["-s"]:
                with self.subTest(asked=asked, answer=answer, more=more):
                    url = self.scripted(answer).url("/")
                    run = done("-r", asked, *more, url)
                    line = f"fetch: {url}: warning: {said}\n" if said and more != ["-s"] else ""
                    self.assertEqual((run.status, run.err), (0, line))

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
                   f"GET {server.url('/b')}: more than 2 redirects, in a loop")

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


class files(fetching):
    def test_names_come_from_the_url_or_from_the_server(self):
        named = ok(b"2", 'Content-Disposition: attachment; filename="../evil; name.txt"')
        server = self.scripted(ok(b"1"), named, named)
        self.well(done("-O", server.url("/dir/a%20b?c=/d"), cwd=self.dir))
        self.well(done("-OJ", server.url("/x"), cwd=self.dir))
        self.assertEqual(self.names(), ["a b", "evil; name.txt"])
        self.assertRegex(done("-OJ", server.url("/x"), cwd=self.dir).err, "^fetch: open evil; name.txt: file exists\n$")
        self.fails(done("-O", server.url("/"), cwd=self.dir), f"{server.url('/')}: -O finds no name in it")

    def test_retries_go_on_with_what_came(self):
        busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\nno"
        rest = (b'HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nETag: "v1"\r\nContent-Range: bytes 2-3/4\r\n\r\n')
        server = self.scripted((ok(b"abcd", 'ETag: "v1"')[:-2], "close"), rest + b"cd")
        self.well(done("--retry", "2", "-o", self.dir / "f", server.url("/f")))
        self.assertEqual((self.dir / "f").read_bytes(), b"abcd")
        server = self.scripted(busy, busy)  # the page of the last one is an answer, too, as for curl
        self.assertEqual(self.well(done("--retry", "1", server.url("/"))), b"no")
        self.assertEqual(len(server.requests), 2)

    def test_f_takes_no_error_page(self):
        page = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"
        server = self.scripted(page, page, page)
        run = done("-f", server.url("/"))
        self.fails(run, f"{server.url('/')}: 404 Not Found")
        self.assertEqual(run.out, b"")
        self.fails(done("-f", "-o", self.dir / "f", server.url("/")), f"GET {server.url('/')}: 404 Not Found")
        self.assertEqual(self.names(), [])
        self.assertEqual((lambda run: (run.status, run.err))(done("-sf", server.url("/"))), (1, ""))

    def test_progress_is_lines_where_there_is_no_terminal(self):
        server = self.scripted(ok(b"x" * 2048))
        run = done("--progress", "-o", self.dir / "f", server.url("/f"))
        self.assertEqual(run.status, 0)
        self.assertRegex(run.err, r"^.*/f: 2\.0 KiB of 2\.0 KiB 100%(, [0-9.]+ [KMGT]?i?B/s)?\n$")

    def test_progress_is_a_bar_on_a_terminal(self):
        server = self.scripted(ok(b"x" * 2048))
        ours, theirs = os.openpty()
        ran = subprocess.run([FETCH, "--progress", "-o", self.dir / "f", server.url("/f")], stderr=theirs, timeout=60)
        os.close(theirs)
        seen = os.read(ours, 4096).decode()
        os.close(ours)
        self.assertEqual(ran.returncode, 0)
        self.assertRegex(seen, r"^\r.*/f: 2\.0 KiB of 2\.0 KiB \[#{30}\] 100%.*\x1b\[K\r?\n$")

    def test_encodings_are_asked_for_and_undone(self):
        if not has("--compressed"):
            self.skipTest("fetch is built without zlib, brotli and zstd")
        packed = gzip.compress(b"hello, " * 1000)
        answers = [ok(packed, "Content-Encoding: gzip"), ok(packed, "Content-Encoding: gzip"),
                   ok(packed[:-9], "Content-Encoding: gzip"), ok(b"plain")]
        server = self.scripted(*answers)
        self.assertEqual(self.well(done("--compressed", server.url("/"))), b"hello, " * 1000)
        self.assertRegex(server.requests[0][0], "\r\nAccept-Encoding: .*gzip")
        self.well(done("--compressed", "-o", self.dir / "f", server.url("/")))
        self.assertEqual((self.dir / "f").read_bytes(), b"hello, " * 1000)
        self.assertEqual(done("--compressed", "-o", self.dir / "g", server.url("/")).status, 1)
        self.assertEqual(self.names(), ["f"])
        self.assertEqual(self.well(done("--compressed", server.url("/"))), b"plain")

    def test_a_digest_that_does_not_fit_leaves_nothing(self):
        if not has("--digest", "sha256:" + "0" * 64, "-o", self.dir / "f"):
            self.skipTest("fetch is built without OpenSSL")
        server = self.scripted(*[ok(b"hello")] * 2)
        good = hashlib.sha256(b"hello").hexdigest()
        self.well(done("--digest", f"sha256:{good}", "-o", self.dir / "f", server.url("/f")))
        bad = "0" * 64
        self.fails(done("--digest", f"sha256:{bad}", "-o", self.dir / "g", server.url("/f")),
                   f"GET {server.url('/f')}: its digest is {good}, not {bad}")
        self.assertEqual(self.names(), ["f"])


class ways(fetching):
    def test_a_unix_socket(self):
        place = str(self.dir / "s")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place)
            listener.listen()

            def answer():
                connection, _ = listener.accept()
                with connection:
                    self.asked = connection.recv(4096)
                    connection.sendall(OK)
            thread = threading.Thread(target=answer)
            thread.start()
            self.assertEqual(self.well(done("--unix-socket", place, "http://h.invalid/x")), b"hi")
            thread.join()
        self.assertTrue(self.asked.startswith(b"GET /x HTTP/1.1\r\nHost: h.invalid\r\n"))

    def test_the_environment_names_a_proxy(self):
        server = self.scripted(OK)
        os.environ["http_proxy"] = server.url("/")
        self.addCleanup(os.environ.pop, "http_proxy")
        self.assertEqual(self.well(done("http://h.invalid/x")), b"hi")
        self.assertEqual(server.requests[0][0].split("\r\n")[0], "GET http://h.invalid/x HTTP/1.1")


@unittest.skipUnless(shutil.which("curl"), "needs curl")
class as_curl(fetching):
    """The same command line for both: the same requests, the same output, both well or both not."""

    def both(self, answers, *arguments, files=()):
        seen = []
        for program in FETCH, "curl":
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "data").write_bytes(b"line\n\0line")
                server = self.scripted(*answers)
                quiet = ["-s"] if program == "curl" else []
                ran = subprocess.run([program, *quiet, *(a.replace("URL", server.url("")).replace("PORT", str(server.port)) for a in arguments)],
                                     cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                server.stop()
                seen.append((ran.returncode == 0, ran.stdout, [self.essence(*each) for each in server.requests],
                             [(pathlib.Path(folder) / file).read_bytes() for file in files]))
        self.assertEqual(seen[0], seen[1])

    @staticmethod
    def essence(head, body):
        ignored = ["host", "user-agent", "accept", "proxy-connection"]  # the last is curl's own, of no standard
        if boundary := head.partition("boundary=")[2].partition("\r\n")[0]:  # each has its own, and its own length
            head, body = head.replace(boundary, "B"), body.replace(boundary.encode(), b"B")
            ignored += ["content-length"]
        first, *lines = head.split("\r\n")
        return first, sorted(line.rstrip() for line in lines if line.split(":")[0].lower() not in ignored), body

    def test_options_mean_the_same(self):
        moved = b"HTTP/1.1 302 Found\r\nLocation: /b?c\r\nContent-Length: 2\r\n\r\nno"
        gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n"
        part = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/9\r\n\r\nhi"
        cases = (
            ([OK], ["URL/a?b=c%20d#e"], ()),
            ([OK, ok(b"2")], ["URL/1", "URL/2"], ()),
            ([OK], ["-o", "f", "URL/"], ["f"]),
            ([OK, ok(b"2")], ["-o", "f", "-o", "g", "URL/1", "URL/2"], ["f", "g"]),
            ([OK], ["-O", "URL/dir/name.txt?x=y"], ["name.txt"]),
            ([head + b"hi"], ["-i", "URL/"], ()),
            ([head], ["-I", "URL/"], ()),
            ([head + b"hi"], ["-i", "-o", "f", "URL/"], ["f"]),
            ([moved], ["URL/"], ()),
            ([moved, OK], ["-L", "URL/"], ()),
            ([moved, moved, moved], ["-L", "--max-redirs", "1", "URL/"], ()),
            ([OK], ["-X", "DELETE", "URL/"], ()),
            ([OK], ["-H", "X-A: 1", "-H", "X-B;", "-H", "Accept:", "URL/"], ()),
            ([OK], ["-d", "a=1", "-d", "b=2", "URL/"], ()),
            ([OK], ["-X", "PUT", "-H", "Content-Type: text/plain", "-d", "x", "URL/"], ()),
            ([moved, OK], ["-L", "-d", "a=1", "URL/"], ()),
            ([OK], ["-F", "a=1", "-F", 'b"=2', "-F", "c=", "-F", "f=@data", "URL/"], ()),
            ([OK], ["-b", "a=1; b=2", "URL/"], ()),
            ([moved, OK], ["-L", "-b", "a=1", "URL/"], ()),
            ([part], ["-r", "1-2", "URL/"], ()),
            ([part], ["-r", "-500", "URL/"], ()),
            ([OK], ["-u", "ada:se cret", "URL/"], ()),
            ([OK], ["-u", "ada:", "URL/"], ()),
            ([gone], ["URL/"], ()),
            ([gone], ["-f", "URL/"], ()),
            ([gone], ["-o", "f", "URL/"], ["f"]),
            ([gone], ["-f", "-o", "f", "URL/"], ()),
            ([(b"", "close")], ["URL/"], ()),
            ([(OK[:-1], "close")], ["URL/"], ()),
            ([b"HTTP/1.1 204 No Content\r\n\r\n"], ["URL/"], ()),
            ([OK], ["-x", "URL", "http://nowhere.invalid:81/a?b"], ()),
            ([OK], ["--proxy", "URL", "--noproxy", "*", "URL/"], ()),
            ([OK], ["-x", "", "URL/"], ()),
            ([b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"], ["-p", "-x", "URL", "http://h.invalid/"], ()),
            ([OK], ["--resolve", "h.invalid:PORT:127.0.0.1", "http://h.invalid:PORT/"], ()),
            ([OK], ["--connect-to", "h.invalid:81:127.0.0.1:PORT", "http://h.invalid:81/"], ()),
            ([OK], ["--interface", "127.0.0.1", "URL/"], ()),
            ([OK], ["-m", "20", "-Y", "1", "-y", "9", "URL/"], ()),
        )
        for answers, arguments, files in cases:
            with self.subTest(arguments=arguments):
                self.both(answers, *arguments, files=files)


NODE_SERVER = """
const http = require('http'), fs = require('fs'), path = require('path');
const server = http.createServer((question, answer) => {
  const file = fs.createReadStream(path.join(process.argv[1], decodeURIComponent(question.url)));
  file.on('error', () => { answer.statusCode = 404; answer.end('not here'); });
  file.pipe(answer);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


class configured_server:
    """A server with a configuration file, on a port that was free a moment ago."""

    def __init__(self, name, text, *arguments):
        self.home = tempfile.TemporaryDirectory()
        self.port = closed_port()
        file = pathlib.Path(self.home.name) / "conf"
        file.write_text(text.replace("PORT", str(self.port)))
        self.process = subprocess.Popen([find_server(name), *arguments, str(file)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_until_listening(self.port, self.process)

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.home.cleanup()


class node_server(configured_server):
    def __init__(self, root):
        self.process = subprocess.Popen(["node", "-e", NODE_SERVER, str(root)], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=20)
        self.process.stdout.close()


class every_peer(fetching):
    """A file of 5 MB from each server, whole, in pieces, and after a kill in the middle."""

    SIZE = 5_000_000

    def peers(self):
        root = self.dir / "www"
        root.mkdir()
        (root / "big").write_bytes(os.urandom(self.SIZE))
        (root / "empty").write_bytes(b"")
        yield "ours", lambda: file_server(root)
        yield "python", lambda: python_server(root)
        if find_server("nginx"):
            self.dir.chmod(0o755)
            yield "nginx", lambda: nginx(root)
        if find_server("lighttpd"):
            yield "lighttpd", lambda: configured_server(
                "lighttpd", f'server.document-root = "{root}"\nserver.bind = "127.0.0.1"\nserver.port = PORT\n'
                'mimetype.assign = ("" => "application/octet-stream")\n', "-D", "-f")
        if find_server("h2o"):
            owner = "user: root\n" if os.geteuid() == 0 else ""
            yield "h2o", lambda: configured_server(
                "h2o", f"listen: {{host: 127.0.0.1, port: PORT}}\nnum-threads: 1\n{owner}"
                f'hosts: {{default: {{paths: {{"/": {{file.dir: {root}}}}}}}}}\n', "-c")
        if shutil.which("node"):
            yield "node", lambda: node_server(root)

    def test_files_come_whole_and_in_pieces_and_after_a_kill(self):
        killer = {**os.environ, "LD_PRELOAD": preloaded("kill_at"), "KILL_AT": "60", "KILL_WRITES": "65536"}
        for name, start in self.peers():
            with self.subTest(peer=name):
                server = start()
                try:
                    wanted = sha256(self.dir / "www" / "big")
                    url = server.url("/big")
                    target = self.dir / name
                    target.mkdir()
                    self.well(done("-o", target / "empty", server.url("/empty")))
                    self.well(done("-o", target / "whole", url))
                    self.well(done("--parallel", "4", "-o", target / "pieces", url))
                    for file, how in (("killed", ("-C",)), ("killed pieces", ("-C", "--parallel", "4"))):
                        ran = subprocess.run([FETCH, *how, "-o", target / file, url], env=killer, timeout=60)
                        self.assertEqual(ran.returncode, -signal.SIGKILL)
                        self.assertGreater((target / f"{file}.part").stat().st_size, 1_000_000)
                        self.well(done(*how, "-o", target / file, url))
                    self.assertEqual({sha256(file) for file in target.iterdir() if file.name != "empty"}, {wanted})
                    self.assertEqual(sorted(f.name for f in target.iterdir()),
                                     ["empty", "killed", "killed pieces", "pieces", "whole"])
                finally:
                    server.stop()


class kill_sweep(fetching):
    """SIGKILL in front of the n-th call that changes a file, for n = 1, 2, 3 and so on until the
    download gets through: whatever is left, the old file is there, and the next run makes it whole."""

    OLD = b"the old one"

    def sweep(self, size, octets, every, *options):
        server = fake_file_server("--file", f"/f={size}:seed7")
        self.addCleanup(server.stop)
        target = self.dir / "f"
        url = server.url("/f")
        self.well(done("-o", target, url))
        wanted = target.read_bytes()
        base = {**os.environ, "LD_PRELOAD": preloaded("kill_at"), "KILL_WRITES": str(octets)}
        command = [FETCH, "-C", *options, "-o", target, url]
        kills, resumed = 0, 0
        for place in range(1, 100_000, every):
            target.write_bytes(self.OLD)
            ran = subprocess.run(command, env={**base, "KILL_AT": str(place)}, timeout=60, close_fds=False)
            left = target.read_bytes()
            self.assertIn(left, (self.OLD, wanted), f"at place {place}")
            if ran.returncode == 0:
                break
            self.assertEqual(ran.returncode, -signal.SIGKILL)
            kills += 1
            resumed += left == self.OLD and (self.dir / "f.part.from").exists()
            ran = subprocess.run(command, env={**base, "KILL_AT": "0"}, timeout=60, close_fds=False)
            self.assertEqual(ran.returncode, 0, f"at place {place}")
            self.assertTrue(target.read_bytes() == wanted, f"at place {place}")
            self.assertEqual(self.names(), ["f"], f"at place {place}")
        return kills, resumed

    def test_in_two_hundred_places_of_one_connection(self):
        kills, resumed = self.sweep(200_000, 1000, 1)
        self.assertGreater(kills, 200)
        self.assertGreater(resumed, 190)

    def test_in_fifty_places_of_four_connections(self):
        kills, resumed = self.sweep(5_000_000, 25_000, 4)
        self.assertGreater(kills, 50)
        self.assertGreater(resumed, 40)


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
        self.fails(done("-L", url("/loop")), f"GET {url('/loop')}: more than 10 redirects, in a loop")

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
