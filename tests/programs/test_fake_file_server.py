#!/usr/bin/env python3
"""Runs fake_file_server for real clients, and the tests of examples/test_a_downloader.cpp under every
framework that is there."""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness
from harness import ROOT, program

SIZE = 3 << 20
run = functools.partial(harness.run, stderr=subprocess.STDOUT)


class fake_server:
    """A running fake_file_server whose journal can be waited for."""

    def __init__(self, *arguments):
        self.home = tempfile.TemporaryDirectory()
        self.journal_file = pathlib.Path(self.home.name) / "journal.jsonl"
        self.process = subprocess.Popen([program("fake_file_server"), "--journal", str(self.journal_file),
                                         *arguments], stdout=subprocess.PIPE)
        self.rest = b""
        first = self.line()
        self.url = re.fullmatch(r"listening on (https?://127\.0\.0\.1:\d+)/", first).group(1)

    def line(self, seconds=20):
        end = time.monotonic() + seconds
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            octets = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not octets:
                raise AssertionError("no more lines")
            self.rest += octets
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def journal(self, count):
        """The first `count` exchanges, once they are over."""
        for _ in range(count):
            self.line()
        return self.entries()

    def all(self):
        """Every exchange, when the last client has gone and the server, told to, as well."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)  # lines that nobody has read must not hold it up
        return self.entries()

    def entries(self):
        entries = [json.loads(line) for line in self.journal_file.read_text().splitlines()]
        return sorted(entries, key=lambda entry: entry["number"])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)  # lines that nobody has read must not hold it up
        status = self.process.returncode
        self.home.cleanup()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.home.cleanup()


def field(entry, name):
    return dict((key.lower(), value) for key, value in entry["fields"]).get(name.lower())


def needs(*names):
    missing = [name for name in names if shutil.which(name) is None]
    return unittest.skipIf(missing, "not installed: " + ", ".join(missing))


class FakeFileServer(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.here = pathlib.Path(self.folder.name)

    def served(self, *arguments):
        server = fake_server(*arguments)
        self.addCleanup(server.__exit__)
        return server

    def good(self, server, path="/good"):
        done = run("curl", "-sf", server.url + path, "-o", str(self.here / "good"))
        self.assertEqual(done.returncode, 0)
        return hashlib.sha256((self.here / "good").read_bytes()).hexdigest()

    def check_file(self, server, name):
        got = hashlib.sha256((self.here / name).read_bytes()).hexdigest()
        self.assertEqual(got, self.good(server))

    def test_sigterm_ends_it_with_status_0(self):
        server = self.served("--text", "/x=hello")
        self.assertEqual(run("curl", "-s", server.url + "/x").stdout, b"hello")
        self.assertEqual(server.journal(1)[0]["status"], 200)
        self.assertEqual(server.stop(), 0)

    def test_a_journal_that_has_lost_a_line_is_an_error(self):
        server = self.served("--text", "/x=hello", "--journal", "/dev/full")
        self.assertEqual(run("curl", "-s", server.url + "/x").stdout, b"hello")
        self.assertIn("GET /x", server.line())
        self.assertEqual(server.stop(), 1)

    def test_help_names_every_behaviour_that_is_read(self):
        done = run(program("fake_file_server"), "--help")
        self.assertEqual(done.returncode, 0)
        script = (ROOT / "include" / "tinyhttp" / "testing" / "script.hpp").read_text()
        words = set(re.findall(r'word == "([a-z-]+)"', script)) - {"then"}
        self.assertGreater(len(words), 20)
        for word in words:
            self.assertRegex(done.stdout.decode(), rf"(?<![a-z-]){word}(?![a-z-])")

    def test_it_speaks_tls_with_certificates_good_and_bad(self):
        trusted = str(self.here / "ca.pem")
        refused = run(program("fake_file_server"), "--tls", trusted, "--certificate", "none").stdout
        if b"not in this build" in refused:
            self.skipTest("built without OpenSSL")
        self.assertTrue(refused.startswith(b"fake_file_server: --certificate none: no such kind (see --help)\n"))
        for kind, status, why in (("good", 0, "serve"), ("expired", 60, "TLS handshake"), ("not-yet-valid", 60, "TLS handshake"),
                                  ("self-signed", 60, "TLS handshake"), ("unknown-authority", 60, "TLS handshake"),
                                  ("other-host", 60, "")):  # curl looks for the name when the handshake is over
            with self.subTest(kind=kind):
                server = self.served("--tls", trusted, "--certificate", kind, "--text", "/f=hello")
                done = run("curl", "-s", "--cacert", trusted, server.url + "/f")
                self.assertEqual((done.returncode, done.stdout), (status, b"" if status else b"hello"))
                if why:
                    self.assertIn(why, server.line())

    def test_answers_are_recorded_and_then_given_without_the_origin(self):
        origin = self.served("--text", "/a/x=hello")
        here = f"/={self.here}/answers"
        recorder = self.served("--recorded", f"{here} {origin.url}/a")
        self.assertEqual(run("curl", "-sf", recorder.url + "/x").stdout, b"hello")
        self.assertEqual(recorder.journal(1)[0]["fired"], "serve, recorded as GET,x.http")
        self.assertEqual(origin.stop(), 0)
        server = self.served("--recorded", here, "--on", "/x cut 2 x1")
        self.assertEqual([run("curl", "-sf", server.url + path).stdout for path in ("/x", "/x", "/y")], [b"he", b"hello", b""])
        entries = server.journal(3)
        self.assertEqual([e["status"] for e in entries], [200, 200, 500])
        self.assertIn("GET,y.http; recorded() has no URL to ask", entries[2]["thrown"])

    def test_a_method_may_be_named(self):
        server = self.served("--file", "/f=1000", "--on", "GET /f cut 10 x1")
        self.assertEqual(run("curl", "-sI", server.url + "/f").returncode, 0)
        self.assertEqual(run("curl", "-s", server.url + "/f", "-o", str(self.here / "f")).returncode, 18)
        self.assertEqual([(e["fired"], e["rule"]) for e in server.journal(2)],
                         [("serve", None), ("cut after 10", "--on:1")])

    def test_nobody_who_does_not_read_the_lines_holds_it_up(self):
        """The pipe is full after some hundred lines, and then it is closed; FILE has every line."""
        server = self.served("--text", "/x=hello", "--on", "/gone reply 404")
        for _ in range(2):
            config = "".join(f'url = "{server.url}/x?{"a" * 400}"\noutput = "/dev/null"\n' for _ in range(300))
            done = subprocess.run(["curl", "-sf", "--max-time", "20", "-K", "-"], input=config.encode(), timeout=60)
            self.assertEqual(done.returncode, 0)
            server.process.stdout.close()
        self.assertEqual(run("curl", "-sf", server.url + "/x").stdout, b"hello")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=20), 0)
        self.assertEqual(len(server.entries()), 601)

    def test_wrong_arguments_are_named_and_end_it_with_status_2(self):
        for wrong in (["--on", "/x explode"], ["--on", "x cut 5"], ["--file", "/x=many"], ["--port", "70000"],
                      ["--on", "/x cut"], ["--on", "/x then serve"], ["--on", "GET"], ["--on", "GET /x"], ["--on", "/x basic-auth u"],
                      ["--on", "/x throttle 10KiB"], ["--tls", ""],
                      ["--on", "get /x cut 5"], ["--on", "/x redirect '/y"], ["--etag", "/x=v1"], ["--no-validators", "/x"],
                      ["--header", "/x=A"], ["--expect", "/x 2"], ["--expect", "x"], ["--tolerate", "/x x2"], ["--body", "5"], ["--body", "many"], ["--hang-up", "x"], ["--ignore", "-1"],
                      ["--nothing", "1"], ["--text"], ["--dir", "/d=/nowhere"],
                      ["--recorded", "/=d ftp://h/"]):
            done = run(program("fake_file_server"), *wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertRegex(done.stdout.decode(), r"^fake_file_server: [^\n]*\(see --help\)\n$")
            self.assertIn(wrong[0], done.stdout.decode())
        said = run(program("fake_file_server"), "--on", "get /f cut 5").stdout
        self.assertEqual(said, b"fake_file_server: --on 'get /f cut 5': method \"get\": capitals count, GET is meant (see --help)\n")

    def test_what_was_expected_did_not_come_and_what_came_was_not_expected(self):
        """One line for each, the journal once, and status 1."""
        def ended(arguments, *asked, until_eof=False):
            server = subprocess.Popen([program("fake_file_server"), "--text", "/f=hello", *arguments], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            url = server.stdout.readline().split()[-1]
            for more in asked:
                run("curl", "-s", "-o", "/dev/null", url + more, "-H", "X-Kind: a b")
            if not until_eof:
                server.send_signal(signal.SIGTERM)
                server.send_signal(signal.SIGTERM)  # whoever asks twice gets the status, too
            _, said = server.communicate(timeout=20)  # closes its standard input
            return server.returncode, said

        wish = ("--expect", "GET /f with 'X-Kind: a *' x2")
        self.assertEqual(ended(wish, "f", "f"), (0, ""))
        status, said = ended(wish, "f", "g")
        self.assertEqual(status, 1)
        self.assertIn("fake_file_server: --expect 'GET /f with 'X-Kind: a *' x2': expected 2 x GET /f with X-Kind: a *, saw 1\n", said)
        self.assertEqual(said.count("journal (2 exchanges"), 1)
        self.assertNotIn("--strict", said)
        self.assertEqual(ended(("--expect", "/f x1+"), "f", "f"), (0, ""))
        self.assertEqual(ended(("--expect", "/f x0"), "f")[0], 1)
        self.assertEqual(ended(("--strict", "--on", "/f cut 2 x1"), "f"), (0, ""))
        self.assertEqual(ended(("--strict", "--until-eof"), "f", until_eof=True), (0, ""))
        status, said = ended(("--strict", "--until-eof", "--on", "/f cut 2 x2"), "f", "g", until_eof=True)
        self.assertEqual(status, 1)
        self.assertIn("fake_file_server: --strict: expected only requests that something was declared for, saw\n #2 c2.1 GET /g  404", said)
        self.assertIn("the rule at --on:1 for any request for /f: cut after 2 x2, met 1 of 2 times\n", said)
        self.assertEqual(said.count("journal (2 exchanges"), 1)
        self.assertEqual(ended(("--strict", "--tolerate", "GET /fav*"), "f", "favicon.ico"), (0, ""))

    def test_files_have_tags_and_fields_and_the_journal_has_bodies(self):
        server = self.served("--text", "/f=hello", "--etag", "/f=v1", "--header", "/f=Content-Type: text/x; a=b", "--text", "/old=x",
                             "--no-validators", "/old", "--body", "3", "--on", "PUT /up reply 201 body '' header 'X-A: b c'",
                             "--on", "/up with-body *xyz* reply 200 body 'it is'")
        said = run("curl", "-si", server.url + "/f").stdout
        self.assertIn(b'\r\nETag: "v1"\r\n', said)
        self.assertIn(b"\r\nContent-Type: text/x; a=b\r\n", said)
        self.assertIn(b" 304 ", run("curl", "-si", "-H", 'If-None-Match: "v1"', server.url + "/f").stdout)
        self.assertNotRegex(run("curl", "-si", server.url + "/old").stdout, b"ETag|Last-Modified")
        (self.here / "up").write_bytes(b"\xffabcd")
        self.assertIn(b"\r\nX-A: b c\r\n", run("curl", "-si", "-T", self.here / "up", server.url + "/up").stdout)
        self.assertEqual(run("curl", "-s", "-d", "_xyz_", server.url + "/up").stdout, b"it is")
        entries = server.journal(5)
        self.assertEqual([(e["body"], e["body_size"]) for e in entries[3:]], [("\u00ffab", 5), ("_xy", 5)])

    def test_connections_are_hung_up_on_and_ignored(self):
        server = self.served("--text", "/x=hello", "--hang-up", "1", "--ignore", "1")
        got = [run("curl", "-s", "-m", seconds, server.url + "/x") for seconds in ("20", "0.2", "20")]
        self.assertIn(got[0].returncode, (52, 56))
        self.assertEqual([done.returncode for done in got[1:]], [28, 0])

    def test_an_upload_is_refused_or_reset_and_curl_says_so(self):
        (self.here / "up").write_bytes(bytes(8 << 20))
        server = self.served("--on", "/early reply 413 early", "--on", "/reset reset request+1MiB x1 then reply 201")
        upload = ("curl", "-s", "-T", "up", "-w", "%{http_code}")
        done = run(*upload, server.url + "/early", cwd=self.here)  # it waits for 100 Continue
        self.assertTrue(done.stdout.endswith(b"413"), done.stdout)
        self.assertIn(run(*upload, server.url + "/reset", cwd=self.here).returncode, (55, 56))
        done = run(*upload, server.url + "/reset", cwd=self.here)
        self.assertTrue(done.stdout.endswith(b"201"), done.stdout)
        early, reset, whole = server.journal(3)
        self.assertEqual((early["status"], early["body_size"], early["end"]), (413, 0, "FIN"))
        self.assertEqual((reset["status"], reset["end"], reset["fired"]), (0, "RST", "reset in the request at 1048576"))
        self.assertEqual(whole["body_size"], 8 << 20)

    def test_curl_is_cut_and_resumes(self):
        server = self.served("--file", f"/f={SIZE}:seed7", "--file", f"/good={SIZE}:seed7", "--on", "/f cut 500000 x1")
        command = ("curl", "-s", "-C", "-", "-o", "f", server.url + "/f")
        self.assertEqual(run(*command, cwd=self.here).returncode, 18)
        self.assertEqual((self.here / "f").stat().st_size, 500000)
        self.assertEqual(run(*command, cwd=self.here).returncode, 0)
        self.check_file(server, "f")
        first, second, _ = server.journal(3)
        self.assertEqual((first["acked"], first["end"], first["fired"]), (500000, "FIN", "cut after 500000"))
        self.assertEqual(field(second, "Range"), "bytes=500000-")
        self.assertEqual(second["acked"], SIZE - 500000)

    def test_curl_has_every_octet_before_a_reset(self):
        server = self.served("--file", f"/f={SIZE}:seed7", "--on", "/f reset 1MiB x1")
        done = run("curl", "-s", "-o", "f", server.url + "/f", cwd=self.here)
        self.assertEqual(done.returncode, 56)
        self.assertEqual((self.here / "f").stat().st_size, 1 << 20)
        self.assertEqual(server.journal(1)[0]["end"], "RST")

    def test_behaviours_of_the_command_line(self):
        (self.here / "raw").write_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        server = self.served("--text", "/t=hello world", "--on", "/reply reply 418", "--on", "/red redirect /t",
                             "--on", f"/raw raw {self.here / 'raw'}", "--on", "/busy retry-after 3 x1 then reply 204",
                             "--on", "/t length 5 x1 then no-length x1 then ignore-range x1 then swap 9 x1 "
                             "then basic-auth u:p")

        def got(path, *more):
            return run("curl", "-s", "-w", "%{http_code}", *more, server.url + path).stdout

        self.assertTrue(got("/reply").endswith(b"418"))
        self.assertEqual(got("/raw"), b"hi200")
        self.assertTrue(got("/busy", "-i").find(b"Retry-After: 3\r\n") > 0)
        self.assertEqual(got("/busy"), b"204")
        self.assertEqual(got("/t"), b"hello200")
        self.assertEqual(got("/t"), b"hello world200")
        self.assertEqual(got("/t", "-r", "0-1"), b"hello world200")
        self.assertNotEqual(got("/t"), b"hello world200")
        self.assertTrue(got("/red", "-L").endswith(b"401"))
        self.assertTrue(got("/red", "-L", "-u", "u:p").endswith(b"200"))

    @needs("wget")
    def test_wget_resumes_after_a_cut(self):
        server = self.served("--file", f"/f={SIZE}:seed7", "--file", f"/good={SIZE}:seed7", "--on", "/f cut 500000 x1")
        done = run("wget", "-q", "-t", "3", "--waitretry=0", server.url + "/f", cwd=self.here)
        self.assertEqual(done.returncode, 0)
        self.check_file(server, "f")
        self.assertEqual(field(server.journal(3)[1], "Range"), "bytes=500000-")

    @needs("aria2c")
    def test_aria2c_takes_parts_in_parallel_and_survives_a_reset(self):
        server = self.served("--file", f"/f={SIZE}:seed7", "--file", f"/good={SIZE}:seed7", "--on", "/f reset 100000 x1")
        done = run("aria2c", "-q", "-x", "4", "-s", "4", "-k", "1M", "--retry-wait=0", "--allow-overwrite=true",
                   server.url + "/f", cwd=self.here)
        self.assertEqual(done.returncode, 0)
        self.check_file(server, "f")
        entries = [entry for entry in server.all() if entry["target"] == "/f"]
        self.assertEqual([(e["acked"], e["end"], e["fired"]) for e in entries[:1]],
                         [(100000, "RST", "reset after 100000")])
        self.assertGreaterEqual(len({e["connection"] for e in entries}), 3)
        self.assertIn("bytes=100000-1048575", [field(e, "Range") for e in entries])

    @needs("gdal_translate")
    def test_gdal_reads_a_window_through_probes_that_find_nothing_and_a_busy_answer(self):
        side = 2048
        (self.here / "p.pgm").write_bytes(b"P5 %d %d 255\n" % (side, side) + os.urandom(side * side))
        (self.here / "served").mkdir()
        made = run("gdal_translate", "-q", "-co", "TILED=YES", "p.pgm", "served/p.tif", cwd=self.here)
        self.assertEqual(made.returncode, 0, made.stdout)
        server = self.served("--dir", f"/d={self.here / 'served'}", "--on", "HEAD /d/p.tif reply 503 x1")

        def window(source, into):
            done = run("env", "GDAL_HTTP_MAX_RETRY=2", "GDAL_HTTP_RETRY_DELAY=0.01", "gdal_translate", "-q", "-of",
                       "PNM", "-srcwin", "100", "1500", "200", "100", source, into, cwd=self.here)
            self.assertEqual(done.returncode, 0, done.stdout)
            return hashlib.sha256((self.here / into).read_bytes()).hexdigest()

        self.assertEqual(window(f"/vsicurl/{server.url}/d/p.tif", "far"), window("served/p.tif", "near"))
        entries = server.all()
        self.assertEqual([(e["method"], e["status"]) for e in entries[:2]], [("HEAD", 503), ("HEAD", 200)])
        parts = [e for e in entries if e["status"] == 206]
        self.assertEqual(field(parts[0], "Range"), "bytes=0-16383")
        self.assertTrue(all(e["acked"] == e["planned"] and e["end"] == "kept" for e in parts))
        self.assertLess(sum(e["acked"] for e in parts), side * side // 4)
        self.assertGreater(sum(e["status"] == 404 for e in entries), 20)  # it asks for files beside

    @needs("git")
    def test_git_clones_over_plain_files(self):
        work = self.here / "work"
        git = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main")
        run(*git, "init", "-q", str(work))
        (work / "a").write_text("a\n")
        run(*git, "add", "a", cwd=work)
        run(*git, "commit", "-qm", "a", cwd=work)
        run("git", "clone", "-q", "--bare", str(work), str(self.here / "bare.git"))
        run("git", "update-server-info", cwd=self.here / "bare.git")
        server = self.served("--dir", f"/repo.git={self.here / 'bare.git'}", "--on", "/repo.git/objects/* cut 3 x1")
        first = run("git", "clone", "-q", server.url + "/repo.git", str(self.here / "c1"))
        self.assertNotEqual(first.returncode, 0)
        second = run("git", "clone", "-q", server.url + "/repo.git", str(self.here / "c2"))
        self.assertEqual(second.returncode, 0, second.stdout)
        self.assertEqual((self.here / "c2" / "a").read_text(), "a\n")
        head = run("git", "rev-parse", "HEAD", cwd=work).stdout
        self.assertEqual(run("git", "rev-parse", "HEAD", cwd=self.here / "c2").stdout, head)
        entries = server.all()
        cut = [e for e in entries if e["fired"].startswith("cut")]
        self.assertEqual([(e["acked"], e["end"]) for e in cut], [(3, "FIN")])
        whole = [e for e in entries if e["target"] == cut[0]["target"] and e["number"] > cut[0]["number"]]
        self.assertEqual([(e["status"], e["acked"] == e["planned"]) for e in whole], [(200, True)])

    @needs("zsync")
    def test_zsync_takes_several_ranges_at_once(self):
        if shutil.which("zsyncmake") is None:
            self.skipTest("not installed: zsyncmake")
        old = bytearray(os.urandom(400_000))
        (self.here / "old").write_bytes(old)
        for at in (50_000, 150_000, 250_000, 350_000):
            old[at:at + 100] = os.urandom(100)
        (self.here / "new").write_bytes(old)
        run("zsyncmake", "-u", "new", "-o", "new.zsync", "new", cwd=self.here)
        server = self.served("--dir", f"/z={self.here}")
        out = self.here / "out"
        out.mkdir()
        done = run("zsync", "-q", "-i", str(self.here / "old"), "-o", "got", server.url + "/z/new.zsync", cwd=out)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual((out / "got").read_bytes(), bytes(old))
        several = [e for e in server.all() if e["target"] == "/z/new"]
        self.assertTrue(all(e["status"] == 206 for e in several))
        self.assertIn(",", field(several[0], "Range"))  # several in one request
        self.assertLess(sum(e["acked"] for e in several), 100_000)


FRAMEWORKS = {  # name: what to define, its header, what to link
    "Catch2 3": ("WITH_CATCH2", "catch2/catch_all.hpp", ("-lCatch2Main", "-lCatch2")),
    "Catch2 2": ("WITH_CATCH2", "catch2/catch.hpp", ()),
    "doctest": ("WITH_DOCTEST", "doctest/doctest.h", ()),
    "GoogleTest": ("WITH_GTEST", "gtest/gtest.h", ("-lgtest_main", "-lgtest")),
    "Boost.Test": ("WITH_BOOST", "boost/test/included/unit_test.hpp", ()),
}
# Two tests of one verdict each, without the server: what a framework makes of a true and of a false one.
VERDICTS = """
#include <tinyhttp/testing/journal.hpp>
using namespace tinyhttp::testing;
%s
static sightings two() {
  static journal_book book;
  exchange x;
  x.method = "GET";
  x.target = "/fw.img";
  x.fields.add("Range", "bytes=499999-");
  x.status = 206;
  x.end = ending::kept;
  if (book.snapshot().empty()) book.add(x);
  return {get("/fw.img").with("Range", "bytes=500000-"), book.snapshot(), book};
}
NAMED_TEST(holds, "holds") { CHECK(two().never()); }
NAMED_TEST(does_not, "does not") { CHECK(two().exactly(1)); }
"""


class ExampleTests(unittest.TestCase):
    """One source, every framework. All that is installed is compiled at once, two at a time."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        example = ROOT / "examples" / "test_a_downloader.cpp"
        text = example.read_text()
        verdicts = pathlib.Path(folder.name) / "verdicts.cpp"
        verdicts.write_text(VERDICTS % text[text.index("#if defined(WITH_CATCH2)"):text.index("// ---- the code under test")])
        pool = concurrent.futures.ThreadPoolExecutor(2)
        cls.addClassCleanup(pool.shutdown)
        cls.builds = {(framework, source.stem): pool.submit(cls.compile, framework, source, folder.name)
                      for framework in FRAMEWORKS if cls.is_installed(framework) for source in (example, verdicts)
                      if framework != "Boost.Test" or source == verdicts}  # half a minute less

    @staticmethod
    def is_installed(framework):
        probe = f"#if !__has_include(<{FRAMEWORKS[framework][1]}>)\n#error none\n#endif\n"
        return subprocess.run(["g++", "-std=c++20", "-E", "-x", "c++", "-"], input=probe.encode(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    @staticmethod
    def compile(framework, source, folder):
        """The program, and what the compiler had to say."""
        define, _, libraries = FRAMEWORKS[framework]
        program_file = f"{folder}/{source.stem}-{framework.replace(' ', '-')}"
        built = subprocess.run(["g++", "-std=c++20", f"-I{ROOT / 'include'}", f"-D{define}", str(source), "-pthread",
                                "-o", program_file, *libraries], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return program_file if built.returncode == 0 else None, built.stdout.decode()

    def compiled(self, framework, source):
        if (framework, source) not in self.builds:
            self.skipTest(f"not installed: {framework}")
        made, said = self.builds[framework, source].result()
        self.assertIsNotNone(made, said)
        return made

    def check_with(self, framework):
        done = run(self.compiled(framework, "test_a_downloader"))
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.assertIn(b"8", done.stdout)
        self.check_verdict(framework)

    def check_verdict(self, framework):
        """A verdict that is false is shown whole and once, by the framework's own means."""
        done = run(self.compiled(framework, "verdicts"))
        text = done.stdout.decode()
        self.assertNotEqual(done.returncode, 0, text)
        for line in ("expected 1 x GET /fw.img with Range: bytes=500000-, saw 0",
                     "nearest: #1  Range: bytes=499999-   1 octet too early", "journal (1 exchange, 0 connections)",
                     "GET /fw.img  Range: bytes=499999-  206  0/0 acked  kept"):
            self.assertEqual(text.count(line), 1, text)
        self.assertNotIn("expected 0 x", text)

    def test_with_none(self):
        begun = time.monotonic()
        done = run(program("test_a_downloader"))
        self.assertEqual(done.stdout, b"8 tests, 0 failed\n")
        print(f"note: the tests of the example took {time.monotonic() - begun:.2f} s")

    def test_with_catch2(self):
        three = pathlib.Path("/usr/include/catch2/catch_all.hpp").exists()
        self.check_with("Catch2 3" if three else "Catch2 2")

    def test_with_doctest(self):
        self.check_with("doctest")

    def test_with_googletest(self):
        self.check_with("GoogleTest")

    def test_with_boost_test(self):
        self.check_verdict("Boost.Test")


if __name__ == "__main__":
    unittest.main()
