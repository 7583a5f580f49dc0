#!/usr/bin/env python3
"""Real clients fetch files from file_server, assets and upload_server; what they get is checked by
checksum, and how they got it by the server's log."""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import select
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import devtools
from harness import closed_port, program, run, sha256, wait_until_listening

ALL = os.environ.get("TINYHTTP_ALL") == "1"


def needs(*commands):
    """Skips where a command is missing, and says which; those of large packages wait for --all."""
    small = {"curl", "wget", "git", "apt-get", "dpkg-deb", "gzip"}
    if not ALL and not small.issuperset(commands):
        return unittest.skip(f"needs {', '.join(commands)}: tests/run --all")
    missing = [c for c in commands if not (devtools.find() if c == "chromium" else shutil.which(c))]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


def some_octets(size, seed=1):
    return random.Random(seed).randbytes(size)


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


class serving(unittest.TestCase):
    """A folder `site`, a folder `own` for what clients write, and a server over the first."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.home = pathlib.Path(temporary.name)
        self.site, self.own = self.home / "site", self.home / "own"
        self.site.mkdir()
        self.own.mkdir()

    def start(self, name, *arguments, port_option=("--port",), env=None):
        self.port = closed_port()
        self.log_file = self.home / f"{name}.log"
        with open(self.log_file, "wb") as log:
            process = subprocess.Popen([program(name), *map(str, arguments), *port_option, str(self.port)],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={**os.environ, **(env or {})})
        self.addCleanup(self.stop, process)
        wait_until_listening(self.port, process)
        return process

    def serve(self):
        self.start("file_server", self.site)

    def stop(self, process):
        process.terminate()
        self.assertEqual(process.wait(timeout=20), 0)

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def log(self, target=None):
        """(method, target, status, octets) of every answer, or of those to one target."""
        self.asked = getattr(self, "asked", 0) + 1  # when this one is there, those before it are
        with contextlib.suppress(OSError):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url(f"/last?{self.asked}")).close()
        end = time.monotonic() + 20
        while f"/last?{self.asked}" not in (text := self.log_file.read_text()):
            self.assertLess(time.monotonic(), end, text)
            select.select([], [], [], 0.01)
        lines = [line for line in re.findall(r'"(\S+) (\S+)" (\d+) (\d+)', text) if "/last?" not in line[1]]
        return [(m, t, int(s), int(n)) for m, t, s, n in lines if target in (None, t)]

    def statuses(self, target):
        return [status for _, _, status, _ in self.log(target)]

    def file(self, name, octets):
        path = self.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return digest(octets)

    def well(self, ran):
        self.assertEqual(ran.returncode, 0, (ran.stdout + ran.stderr).decode(errors="replace"))
        return ran.stdout

    def curl(self, *arguments):
        return self.well(run("curl", "-sS", "--max-time", 60, *arguments, cwd=self.own))


@needs("curl")
class curl(serving):
    def test_downloads_resumes_and_asks_for_parts(self):
        whole = some_octets(3_000_000)
        self.file("a.bin", whole)
        self.serve()
        self.curl("-o", "a.bin", self.url("/a.bin"))
        self.assertEqual(sha256(self.own / "a.bin"), digest(whole))
        (self.own / "b.bin").write_bytes(whole[:1_234_567])
        self.curl("-C", "-", "-o", "b.bin", self.url("/a.bin"))
        self.assertEqual(sha256(self.own / "b.bin"), digest(whole))
        self.assertEqual(self.curl("-r", "10-19", self.url("/a.bin")), whole[10:20])
        self.assertEqual(self.curl("-r", "-7", self.url("/a.bin")), whole[-7:])
        many = self.curl("-r", "0-4,100-104,-5", self.url("/a.bin"))
        for part in (whole[:5], whole[100:105], whole[-5:]):
            self.assertIn(b"\r\n\r\n" + part + b"\r\n", many)
        self.assertEqual(self.statuses("/a.bin"), [200, 206, 206, 206, 206])

    def test_a_resume_at_the_end_is_told_so(self):
        whole = some_octets(1000)
        self.file("a.bin", whole)
        self.serve()
        (self.own / "a.bin").write_bytes(whole)
        run("curl", "-sS", "-C", "-", "-o", "a.bin", self.url("/a.bin"), cwd=self.own)
        self.assertEqual(self.statuses("/a.bin"), [416])
        self.assertEqual(sha256(self.own / "a.bin"), digest(whole))

    def test_a_copy_is_validated_by_tag_and_by_date(self):
        self.file("a.txt", b"hello")
        self.serve()
        self.curl("--etag-save", "tag", "-o", "a.txt", self.url("/a.txt"))
        self.curl("--etag-compare", "tag", "-o", "again", self.url("/a.txt"))
        self.curl("-R", "-o", "a.txt", self.url("/a.txt"))
        self.curl("-z", "a.txt", "-o", "again", self.url("/a.txt"))
        self.assertEqual(self.statuses("/a.txt"), [200, 304, 200, 304])

    def test_head_has_the_fields_of_get(self):
        self.file("a.txt", b"hello")
        self.file("d/b", b"")
        self.serve()
        for target in ("/a.txt", "/d/", "/d", "/none"):
            with self.subTest(target):
                heads = [re.sub(rb"(?im)^date: .*\n", b"", self.curl(*how, self.url(target)).split(b"\r\n\r\n")[0])
                         for how in (["-I"], ["-i"])]
                self.assertEqual(*heads)

    def test_a_file_beyond_four_gigabytes_is_read_at_its_end(self):
        with open(self.site / "big", "wb") as file:
            file.truncate((5 << 30) - 4)
            file.seek(0, os.SEEK_END)
            file.write(b"tail")
        self.serve()
        self.assertEqual(self.curl("-r", "-4", self.url("/big")), b"tail")
        self.assertEqual(self.curl("-r", f"{(5 << 30) - 6}-", self.url("/big")), b"\0\0tail")
        self.assertIn(b"Content-Length: 5368709120", self.curl("-I", self.url("/big")))


@needs("wget")
class wget(serving):
    def test_mirrors_a_tree_through_the_listings_and_then_only_what_changed(self):
        sums = {name: self.file(name, some_octets(size, size)) for name, size in
                (("a.bin", 100_000), ("sub/b c.bin", 5000), ("sub/deeper/\u00fc&<x>.bin", 77), ("empty", 0))}
        self.serve()
        mirror = ("wget", "-q", "-r", "-np", "-nH", "-N", "-e", "robots=off", "-R", "*sort=*", self.url("/"))
        for _ in range(2):
            self.well(run(*mirror, cwd=self.own))
            for name, wanted in sums.items():
                self.assertEqual(sha256(self.own / name), wanted, name)
        self.assertEqual(self.statuses("/a.bin"), [200, 304])

    def test_continues_where_it_was_cut(self):
        whole = some_octets(500_000)
        self.file("a.bin", whole)
        self.serve()
        (self.own / "a.bin").write_bytes(whole[:300_001])
        self.well(run("wget", "-q", "-c", self.url("/a.bin"), cwd=self.own))
        self.assertEqual(sha256(self.own / "a.bin"), digest(whole))
        self.assertEqual(self.log("/a.bin"), [("GET", "/a.bin", 206, 199_999)])


@needs("curl", "gzip")
class carried_along(serving):
    """examples/assets: contents in memory, with stored variants."""

    def setUp(self):
        super().setUp()
        self.page = b"<!DOCTYPE html><title>app</title>" + b"<p>again and again" * 500
        self.file("index.html", self.page)
        self.script = b"console.log('hi');\n" * 500
        self.file("app.3f9ab2c1.js", self.script)
        self.well(run("gzip", "-k", "-9", self.site / "app.3f9ab2c1.js"))
        self.picture = some_octets(70_000)
        self.file("img/p.png", self.picture)
        self.start("assets", self.site)

    def test_compressed_only_for_who_asks(self):
        target = self.url("/app.3f9ab2c1.js")
        stored = (self.site / "app.3f9ab2c1.js.gz").read_bytes()
        self.assertEqual(self.curl(target), self.script)
        self.assertEqual(self.curl("--compressed", target), self.script)
        self.assertEqual(self.curl("-H", "Accept-Encoding: gzip", target), stored)
        for refusal in ("gzip;q=0", "identity", "br", "*;q=0", "identity;q=0, br", ""):
            with self.subTest(refusal):
                got = self.curl("-i", "-H", f"Accept-Encoding: {refusal}", target)
                head, _, body = got.partition(b"\r\n\r\n")
                self.assertNotIn(b"content-encoding", head.lower())
                self.assertIn(b"vary: accept-encoding", head.lower())
                self.assertEqual(body, self.script)
        part = self.curl("-H", "Accept-Encoding: gzip", "-r", "10-19", target)
        self.assertEqual(part, stored[10:20])
        head = self.curl("-I", target)
        self.assertIn(b"immutable", head)
        self.assertNotIn(b"immutable", self.curl("-I", self.url("/")))

    def test_pages_fall_back_and_scripts_do_not(self):
        page = ("-H", "Accept: text/html")
        self.assertEqual(self.curl(*page, self.url("/users/7")), self.page)
        self.assertIn(b" 404 ", self.curl("-I", self.url("/users/7.js")))
        self.assertEqual(self.curl(self.url("/img/p.png")), self.picture)

    def test_made_into_source_text(self):
        header = self.own / "site.hpp"
        self.well(run(program("assets"), self.site, header))
        text = header.read_text()
        self.assertEqual(text.count("to.add("), 4)
        self.assertIn(', "gzip");', text)

        def no_room():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

        done = run(program("assets"), self.site, header, preexec_fn=no_room, restore_signals=False)
        self.assertEqual((done.returncode, done.stderr), (1, f"assets: write {header}.part: file too large\n".encode()))
        self.assertEqual(header.read_text(), text)  # half a header would be newer than what it is made of

    def test_wrong_arguments_neither_serve_nor_write(self):
        for wrong in (["--port"], ["--port", "x"], ["--port", "70000"], ["-h"], ["a.hpp", "b.hpp"]):
            done = run(program("assets"), self.site, *wrong, cwd=self.own, seconds=10)
            self.assertEqual((done.returncode, done.stderr[:6]), (2, b"usage:"), wrong)
        self.assertEqual(run(program("assets"), self.site, "/dev/full").returncode, 1)
        self.assertEqual([each.name for each in self.own.iterdir() if each.name.startswith("-")], [])


@needs("curl")
class uploads(serving):
    """examples/upload_server: PUT and DELETE."""

    def setUp(self):
        super().setUp()
        self.start("upload_server", self.site, port_option=(), env={"SECRET": "swordfish"})

    def code(self, *arguments):
        return int(self.curl("-o", "answer", "-w", "%{http_code}", *arguments))

    def put(self, name, octets, *arguments, login="me:swordfish"):
        (self.own / "up").write_bytes(octets)
        return self.code("-u", login, "-T", "up", *arguments, self.url(name))

    def test_a_port_that_is_none_is_refused(self):
        for wrong in ("x", "70000", ""):
            done = run(program("upload_server"), self.site, wrong, env={"SECRET": "swordfish"}, seconds=10)
            self.assertEqual((done.returncode, done.stderr[:6]), (2, b"usage:"), wrong)

    def test_a_file_goes_up_and_comes_back(self):
        for size in (0, 1, 5_000_000):
            octets = some_octets(size)
            self.assertEqual(self.put(f"/f{size}.bin", octets), 201)
            self.assertEqual(sha256(self.site / f"f{size}.bin"), digest(octets))
            self.assertEqual(digest(self.curl(self.url(f"/f{size}.bin"))), digest(octets))
        chunked = some_octets(200_000, 2)
        self.assertEqual(self.put("/f1.bin", chunked, "-H", "Transfer-Encoding: chunked"), 204)
        self.assertEqual(sha256(self.site / "f1.bin"), digest(chunked))
        self.assertEqual(self.code("-u", "me:swordfish", "-X", "DELETE", self.url("/f1.bin")), 204)
        self.assertEqual(self.code(self.url("/f1.bin")), 404)

    def test_strangers_write_nothing(self):
        self.assertEqual(self.put("/x", b"x", login="me:wrong"), 401)
        self.assertEqual(self.put("/x", some_octets(3_000_000), login="me:wrong"), 401)
        self.assertEqual(self.code("-X", "DELETE", self.url("/x")), 401)
        self.assertEqual(list(self.site.iterdir()), [])

    def test_an_update_is_not_lost(self):
        self.assertEqual(self.put("/x", b"1", "-H", "If-None-Match: *"), 201)
        self.assertEqual(self.put("/x", b"2", "-H", "If-None-Match: *"), 412)
        tag = re.search(rb'(?i)etag: (".*?")', self.curl("-I", self.url("/x")))[1].decode()
        self.assertEqual(self.put("/x", b"3", "-H", f"If-Match: {tag}"), 204)
        self.assertEqual(self.put("/x", b"4", "-H", f"If-Match: {tag}"), 412)
        self.assertEqual((self.site / "x").read_bytes(), b"3")

    def test_an_upload_that_is_cut_leaves_nothing(self):
        (self.site / "x").write_bytes(b"old")
        login = b"Authorization: Basic bWU6c3dvcmRmaXNo\r\n"
        for framing, body in ((b"Content-Length: 1000000\r\n", b"y" * 300_000),
                              (b"Transfer-Encoding: chunked\r\n", b"493e0\r\n" + b"y" * 300_000 + b"\r\n")):
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
                connection.sendall(b"PUT /x HTTP/1.1\r\nHost: h\r\n" + login + framing + b"\r\n" + body)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.makefile("rb").read()
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 ") or answer == b"", answer[:80])
            self.assertEqual([p.name for p in self.site.iterdir()], ["x"])
            self.assertEqual((self.site / "x").read_bytes(), b"old")


@needs("curl")
class full_disk(serving):
    """examples/upload_server over a disk of a megabyte, which no other process sees."""

    def setUp(self):
        super().setUp()
        self.new_names = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
        mount = 'mount -t tmpfs -o size=1m none "$1"'
        if not shutil.which("unshare") or run(*self.new_names, mount, "sh", self.site).returncode != 0:
            self.skipTest("no mounting here")
        self.port = closed_port()
        process = subprocess.Popen([*self.new_names, f'{mount} && exec "$2" "$1" "$3"', "sh", str(self.site),
                                    program("upload_server"), str(self.port)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "SECRET": "swordfish"})
        self.addCleanup(self.stop, process)
        wait_until_listening(self.port, process)

    def put(self, name, octets, *more):
        (self.own / "up").write_bytes(octets)
        code = self.curl("-o", "answer", "-w", "%{http_code}", "-u", "me:swordfish", "-T", "up", *more, self.url(name))
        return int(code), (self.own / "answer").read_bytes()

    def test_a_full_disk_is_507_and_keeps_what_was_there(self):
        old = some_octets(600_000)
        self.assertEqual(self.put("/old", old)[0], 201)
        for framing in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]):
            for name in ("/new", "/old"):
                code, said = self.put(name, some_octets(900_000, 2), *framing)
                self.assertEqual(code, 507)
                self.assertNotIn(str(self.site).encode(), said)
        self.assertEqual(self.curl(self.url("/old")), old)
        self.assertEqual(int(self.curl("-o", "answer", "-w", "%{http_code}", self.url("/new"))), 404)
        listed = json.loads(self.curl("-H", "Accept: application/json", self.url("/")))
        self.assertEqual([entry["name"] for entry in listed["entries"]], ["old"])
        # What failed gave its room back: as much as before still fits.
        self.assertEqual(self.put("/new", some_octets(300_000, 3))[0], 201)


@needs("git")
class git(serving):
    def test_clones_a_repository_that_is_only_files(self):
        quiet = {"HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
                 "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example", "GIT_COMMITTER_NAME": "a",
                 "GIT_COMMITTER_EMAIL": "a@example"}

        def git_in(folder, *arguments):
            return self.well(run("git", "-C", folder, *arguments, env=quiet)).decode().strip()
        source = self.home / "source"
        source.mkdir()
        git_in(source, "init", "-q", "-b", "main")
        for number in range(5):
            (source / f"f{number}").write_bytes(some_octets(50_000, number))
            git_in(source, "add", ".")
            git_in(source, "commit", "-q", "-m", f"number {number}")
            if number == 2:
                git_in(source, "repack", "-q", "-a", "-d")
        self.well(run("git", "clone", "-q", "--bare", source, self.site / "r.git", env=quiet))
        git_in(self.site / "r.git", "update-server-info")
        self.serve()
        self.well(run("git", "clone", "-q", self.url("/r.git"), self.own / "copy", env={**quiet, "GIT_SMART_HTTP": "0"}))
        git_in(self.own / "copy", "fsck", "--full", "--strict")
        self.assertEqual(git_in(self.own / "copy", "rev-parse", "HEAD"), git_in(source, "rev-parse", "HEAD"))
        for number in range(5):
            self.assertEqual(sha256(self.own / "copy" / f"f{number}"), sha256(source / f"f{number}"))


@needs("apt-get", "dpkg-deb")
class apt(serving):
    """A repository of packages, with a root of its own: the machine's apt is not touched."""

    def package(self, name, size):
        folder = self.home / "build" / name
        (folder / "DEBIAN").mkdir(parents=True)
        (folder / "data").write_bytes(some_octets(size, size))
        (folder / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example>\n"
            "Description: a test\n")
        made = self.site / f"{name}_1_all.deb"
        self.well(run("dpkg-deb", "--root-owner-group", "-Znone", "-b", folder, made))
        os.utime(made, (1_700_000_000, 1_700_000_000))
        return (f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example>\n"
                f"Filename: ./{made.name}\nSize: {made.stat().st_size}\nSHA256: {sha256(made)}\n"
                "Description: a test\n\n")

    def setUp(self):
        super().setUp()
        self.names = [f"p{n:02}" for n in range(20)]
        packages = "".join(self.package(name, 20_000 + 1000 * n) for n, name in enumerate(self.names))
        self.file("Packages", packages.encode())
        index = f" {sha256(self.site / 'Packages')} {len(packages)} Packages"
        self.file("Release", f"Date: Tue, 14 Nov 2023 22:13:20 UTC\nSHA256:\n{index}\n".encode())
        root = self.home / "root"
        for folder in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d",
                       "etc/apt/trusted.gpg.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial",
                       "var/lib/dpkg", "var/log/apt"):
            (root / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").write_text("")
        self.serve()
        (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] {self.url('/')} ./\n")
        self.configuration = root / "apt.conf"
        self.configuration.write_text(
            f'Dir "{root}/";\nDir::State::status "{root}/var/lib/dpkg/status";\nAPT::Architecture "amd64";\n'
            'APT::Architectures "amd64";\nAPT::Sandbox::User "";\nAcquire::http::Proxy "DIRECT";\n'
            'Acquire::Languages "none";\nDebug::NoLocking "true";\nAcquire::Retries "0";\n')
        self.archives = root / "var/cache/apt/archives"

    def apt(self, *arguments):
        return self.well(run("apt-get", *arguments, cwd=self.own, env={"APT_CONFIG": str(self.configuration)}))

    def test_lists_and_packages_are_fetched_validated_and_resumed(self):
        self.apt("update")
        self.apt("update")
        self.assertEqual(self.statuses("/./Release"), [301, 301])  # apt-get leaves dot segments standing
        self.assertEqual(self.statuses("/Release"), [200, 304])
        self.apt("download", *self.names[:-1])
        for name in self.names[:-1]:
            self.assertEqual(sha256(self.own / f"{name}_1_all.deb"), sha256(self.site / f"{name}_1_all.deb"))
            self.assertEqual(self.statuses(f"/{name}_1_all.deb"), [200])

        last = f"{self.names[-1]}_1_all.deb"
        whole = (self.site / last).read_bytes()
        partial = self.archives / "partial" / last
        partial.write_bytes(whole[:11_111])
        os.utime(partial, (1_700_000_000, 1_700_000_000))
        self.apt("-y", "--download-only", "install", self.names[-1])
        self.assertEqual(sha256(self.archives / last), digest(whole))
        self.assertEqual(self.statuses(f"/{last}"), [206])
        self.assertEqual(self.log(f"/{last}")[0][3], len(whole) - 11_111)


@needs("aria2c")
class aria2(serving):
    def test_fetches_in_parallel_parts(self):
        whole = some_octets(20_000_000)
        self.file("a.bin", whole)
        self.serve()
        self.well(run("aria2c", "-q", "-x", 8, "-s", 8, "-k", "1M", "--no-conf", "--file-allocation=none",
                      f"--checksum=sha-256={digest(whole)}", self.url("/a.bin"), cwd=self.own))
        self.assertEqual(sha256(self.own / "a.bin"), digest(whole))
        self.assertGreaterEqual(self.statuses("/a.bin").count(206), 7)


@needs("zsync", "zsyncmake")
class zsync(serving):
    def test_fetches_only_what_changed_in_many_ranges(self):
        old = some_octets(8_000_000)
        new = bytearray(old)
        for place in range(100_000, 8_000_000, 700_000):
            new[place:place + 3000] = some_octets(3000, place)
        self.file("a.bin", bytes(new))
        (self.own / "old").write_bytes(old)
        self.serve()
        self.well(run("zsyncmake", "-q", "-u", self.url("/a.bin"), "-o", self.site / "a.bin.zsync",
                      self.site / "a.bin"))
        self.well(run("zsync", "-q", "-i", "old", "-o", "new", self.url("/a.bin.zsync"), cwd=self.own))
        self.assertEqual(sha256(self.own / "new"), digest(bytes(new)))
        asked = self.log("/a.bin")
        self.assertEqual({status for _, _, status, _ in asked}, {206})
        self.assertLess(len(asked), 12)  # fewer requests than places: several ranges in one
        self.assertLess(sum(octets for *_, octets in asked), 400_000)


@needs("gdal_translate")
class gdal(serving):
    def test_reads_a_window_of_a_large_picture(self):
        side = 4096
        (self.home / "p.pgm").write_bytes(b"P5 %d %d 255\n" % (side, side) + some_octets(side * side))
        self.well(run("gdal_translate", "-q", "-co", "TILED=YES", self.home / "p.pgm", self.site / "p.tif"))
        self.serve()

        def window(source, made):
            self.well(run("gdal_translate", "-q", "-of", "PNM", "-srcwin", 1000, 3000, 200, 100, source,
                          self.own / made, env={"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}))
            return sha256(self.own / made)
        self.assertEqual(window(f"/vsicurl/{self.url('/p.tif')}", "far.pgm"), window(self.site / "p.tif", "near.pgm"))
        parts = [octets for _, _, status, octets in self.log("/p.tif") if status == 206]
        self.assertGreaterEqual(len(parts), 2)
        self.assertLess(sum(parts), side * side // 4)


def make_video(path, *codec):
    """Twenty seconds of moving noise, with a key frame each second."""
    ran = run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15:duration=20", "-g", 15,
              *codec, path, seconds=300)
    assert ran.returncode == 0, ran.stderr.decode()


@needs("ffmpeg")
class ffmpeg(serving):
    def test_seeks_in_a_film_whose_index_is_at_its_end(self):
        film = self.site / "film.mp4"
        make_video(film, "-c:v", "mpeg4", "-b:v", "6M")
        self.serve()

        def frame(source):
            return self.well(run("ffmpeg", "-v", "error", "-ss", 15, "-i", source, "-frames:v", 1, "-f", "md5", "-"))
        self.assertEqual(frame(self.url("/film.mp4")), frame(film))
        self.assertGreaterEqual(self.statuses("/film.mp4").count(206), 2)

        self.well(run("ffmpeg", "-v", "error", "-i", self.url("/film.mp4"), "-c", "copy", "-f", "avi", self.own / "a"))
        self.well(run("ffmpeg", "-v", "error", "-i", film, "-c", "copy", "-f", "avi", self.own / "b"))
        self.assertEqual(sha256(self.own / "a"), sha256(self.own / "b"))


@needs("chromium")
class chromium(serving):
    def open(self):
        self.serve()
        self.browser = devtools.browser()
        self.addCleanup(self.browser.stop)
        return self.browser

    def fetched(self, browser, target):
        """The checksum of what the page gets for a relative URL."""
        return browser.run(f"""(async () => {{
            const octets = await (await fetch({json.dumps(target)})).arrayBuffer();
            const sum = await crypto.subtle.digest('SHA-256', octets);
            return [...new Uint8Array(sum)].map(b => b.toString(16).padStart(2, '0')).join('') }})()""")

    def test_a_page_is_reloaded_with_304s(self):
        self.file("index.html", b"<!DOCTYPE html><link rel=icon href='data:,'><link rel=stylesheet href=s.css>"
                                b"<script type=module src=m.mjs></script><p>hi")
        self.file("s.css", b"p { color: rgb(1, 2, 3) }")
        wanted = self.file("m.mjs", b"document.title = 'module ran'")
        browser = self.open()
        browser.go(self.url("/"))
        self.assertEqual(browser.run("document.title"), "module ran")
        self.assertEqual(browser.run("getComputedStyle(document.querySelector('p')).color"), "rgb(1, 2, 3)")
        browser.reload()
        self.assertEqual(browser.run("document.title"), "module ran")
        for target in ("/", "/s.css", "/m.mjs"):
            self.assertEqual(self.statuses(target), [200, 304], target)
        self.assertEqual(self.fetched(browser, "m.mjs"), wanted)

    @needs("chromium", "ffmpeg")
    def test_a_video_is_seeked(self):
        make_video(self.site / "film.webm", "-c:v", "libvpx", "-b:v", "8M", "-deadline", "realtime", "-cpu-used", 8)
        self.file("index.html", b"<!DOCTYPE html><link rel=icon href='data:,'><video src=film.webm preload=metadata muted></video>")
        browser = self.open()
        browser.go(self.url("/"))
        at = browser.run("""new Promise((done, failed) => {
            const video = document.querySelector('video');
            const seek = () => { video.onseeked = () => done([video.currentTime, video.videoWidth, video.duration]);
                                 video.currentTime = 17 };
            video.onerror = () => failed(video.error.message);
            video.readyState >= 1 ? seek() : video.onloadedmetadata = seek })""")
        self.assertEqual([round(value) for value in at], [17, 640, 20])
        browser.run("{ const video = document.querySelector('video'); video.removeAttribute('src'); video.load() }")
        end = time.monotonic() + 20
        while 206 not in (parts := self.statuses("/film.webm")):  # an answer is logged once it is over
            self.assertLess(time.monotonic(), end, parts)  # how many there are is the browser's affair
        self.assertLessEqual(set(parts), {206, 304})  # it validates what it has, before it asks for more
        self.assertEqual(self.fetched(browser, "film.webm"), sha256(self.site / "film.webm"))

    def test_a_listing_is_looked_at(self):
        nasty = "<img src=x onerror=window.hurt=1>&\"'#?%41.txt"
        sums = {name: self.file(f"d/{name}", some_octets(size, size)) for name, size in
                ((nasty, 5), ("big.bin", 3_000_000), ("small.bin", 10), ("a" * 200, 100))}
        self.file("d/sub/x", b"x")
        browser = self.open()
        browser.go(self.url("/d/"))
        names = "[...document.querySelectorAll('td:first-child')].map(td => td.textContent)"
        self.assertEqual(browser.run(names), ["../", "sub/", nasty, "a" * 200, "big.bin", "small.bin"])
        self.assertEqual(browser.run("[document.images.length, window.hurt || 0, document.scripts.length]"), [0, 0, 0])
        self.assertEqual(browser.run("document.title"), "/d/")
        for name, wanted in sums.items():
            href = browser.run(f"[...document.links].find(a => a.textContent === {json.dumps(name)}).href")
            # The page's own policy allows no script to connect, so the checksum is taken from outside.
            self.assertEqual(digest(self.well(run("curl", "-sS", href))), wanted, name)
        self.assertIn("2.8 MiB", browser.run("document.body.innerText"))

        def click(column):
            browser.events.clear()
            browser.run(f"[...document.querySelectorAll('th a')].find(a => a.textContent.startsWith('{column}')).click()")
            browser.wait_for("Page.loadEventFired")
        click("Size")
        self.assertEqual(browser.run(names)[:3], ["../", "sub/", "big.bin"])
        click("Size")
        self.assertEqual(browser.run(names)[:3], ["../", "sub/", nasty])
        self.assertEqual(browser.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')"), "ascending")

        # On a phone nothing sticks out; in dark mode the page is dark.
        browser.call("Emulation.setDeviceMetricsOverride", width=360, height=640, deviceScaleFactor=2, mobile=True)
        browser.reload()
        self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), 360)
        contrast = """(() => { const css = getComputedStyle(document.documentElement);
            const probe = document.createElement('p'); probe.style.color = 'CanvasText'; document.body.append(probe);
            return getComputedStyle(probe).color })()"""
        light = browser.run(contrast)
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        browser.reload()
        self.assertEqual([light, browser.run(contrast)], ["rgb(0, 0, 0)", "rgb(255, 255, 255)"])
        link = browser.run("getComputedStyle(document.links[0]).color")
        self.assertEqual(link, "rgb(138, 180, 248)")
        self.assertEqual([e for e in browser.events if e.get("method") == "Log.entryAdded"
                          and e["params"]["entry"]["level"] == "error"], [])

    def test_a_hundred_thousand_entries_load(self):
        (self.site / "many").mkdir()
        for number in range(100_000):
            os.close(os.open(self.site / "many" / f"file-{number:06}", os.O_CREAT | os.O_WRONLY))
        browser = self.open()
        browser.go(self.url("/many/?sort=time"))
        self.assertEqual(browser.run("document.links.length >= 100000"), True)
        self.assertIn("100000 files", browser.run("document.querySelector('body > p').textContent"))


if __name__ == "__main__":
    unittest.main()
