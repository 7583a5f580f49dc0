#!/usr/bin/env python3
"""Real clients fetch real trees from file_server, directly and through nginx: octet for octet."""
import hashlib
import html
import os
import pathlib
import re
import shutil
import struct
import tempfile
import unittest
import urllib.parse

from harness import file_server, find_nginx, nginx, run, sha256

ALL = os.environ.get("TINYHTTP_ALL") == "1"
# Trees that Debian's compilers and packages bring; a part of them unless everything is asked for.
INCLUDE = pathlib.Path("/usr/include")
DOC = pathlib.Path("/usr/share/doc")
PARTS = ["c++", "linux", "rpc", "x86_64-linux-gnu", "aarch64-linux-gnu"]


def reachable(root, parts=None):
    """Relative names of the files below `root` that a server confined to it shows: no dot-files, and
    symbolic links only while they stay inside."""
    root = root.resolve()
    found, seen = [], set()

    def walk(folder):
        here = folder.resolve()
        if here in seen:  # a loop, or a second way to the same place
            return
        seen.add(here)
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") or entry.is_symlink() and pathlib.Path(os.readlink(entry)).is_absolute():
                continue
            target = entry.resolve()
            if not target.is_relative_to(root) or not os.access(target, os.R_OK):
                continue
            if target.is_dir():
                walk(entry)
            elif target.is_file():
                found.append(entry.relative_to(root).as_posix())

    for part in parts or [""]:
        if (root / part).is_dir():
            walk(root / part)
    return found


class trees(unittest.TestCase):
    def setUp(self):
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        self.dir = pathlib.Path(own.name)

    def served(self, root):
        server = file_server(root, "--quiet")
        self.addCleanup(server.stop)
        return server

    def proxied(self, server):
        """nginx in front, with connections kept to the server behind."""
        if not find_nginx():
            raise unittest.SkipTest("nginx is not there")
        front = nginx(self.dir, "location / { proxy_pass http://behind; proxy_http_version 1.1; "
                                'proxy_set_header Connection ""; proxy_buffering off; }',
                      f"upstream behind {{ server 127.0.0.1:{server.port}; keepalive 4; }}")
        self.addCleanup(front.stop)
        return front

    def assert_same(self, root, names, folder):
        different = [name for name in names
                     if not (folder / name).is_file() or sha256(folder / name) != sha256(root / name)]
        self.assertEqual(different[:10], [], f"{len(different)} of {len(names)} differ or are missing")

    def wget_tree(self, url):
        out = self.dir / "got"
        ran = run("wget", "--recursive", "--level=inf", "--no-parent", "--no-host-directories", "--no-verbose",
                  "--reject-regex=[?]", "--restrict-file-names=nocontrol", "--execute=robots=off", "--tries=1",
                  f"--directory-prefix={out}", url)
        return out, ran

    def names_of_include(self):
        parts = None if ALL else PARTS
        names = reachable(INCLUDE, parts)
        if len(names) < 1000:
            raise unittest.SkipTest(f"there are only {len(names)} files below {INCLUDE}")
        return names, parts

    def check_wget(self, server, front):
        names, parts = self.names_of_include()
        for part in parts or [""]:
            if (INCLUDE / part).is_dir():
                out, ran = self.wget_tree(front.url(f"/{part}/" if part else "/"))
                self.assertEqual(ran.returncode, 0, ran.stderr.decode()[-2000:])
        self.assert_same(INCLUDE, names, out)

    def check_every_name(self, front, root, names):
        """curl asks for each by its name, over kept connections."""
        config = self.dir / "config"
        with open(config, "w", encoding="utf-8") as file:
            for name in names:
                target = str(self.dir / "got" / name).replace("\\", "\\\\").replace('"', '\\"')
                file.write(f'url = "{front.url("/" + urllib.parse.quote(name))}"\noutput = "{target}"\n')
        ran = run("curl", "--silent", "--show-error", "--fail", "--create-dirs", "--globoff", "--config", config)
        self.assertEqual(ran.returncode, 0, ran.stderr.decode()[-2000:])
        self.assert_same(root, names, self.dir / "got")

    def check_resuming(self, front, path, url):
        whole = sha256(path)
        size = path.stat().st_size
        for tool in ("curl", "wget"):
            for kept in (0, 1, size // 3, size - 1):
                part = self.dir / f"{tool}-{kept}"
                with open(path, "rb") as file:
                    part.write_bytes(file.read(kept))
                if tool == "curl":
                    ran = run("curl", "--silent", "--show-error", "--fail", "-C", "-", "-o", part, url)
                else:
                    ran = run("wget", "--no-verbose", "-c", "-O", part, url)
                self.assertEqual(ran.returncode, 0, ran.stderr.decode())
                self.assertEqual(sha256(part), whole, f"{tool} with {kept} octets there already")

    def some_large_file(self):
        path = self.dir / "served" / "large"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(100_000)))
        return path


class directly(trees):
    def test_wget_recursive_brings_back_every_file(self):
        server = self.served(INCLUDE)
        self.check_wget(server, server)

    def test_every_file_of_the_documentation_by_name(self):
        names = reachable(DOC)
        self.check_every_name(self.served(DOC), DOC, names)

    def test_resumed_downloads_are_whole(self):
        path = self.some_large_file()
        server = self.served(path.parent)
        self.check_resuming(server, path, server.url("/large"))

    def test_links_that_leave_are_not_followed(self):
        (self.dir / "root").mkdir()
        (self.dir / "outside").write_text("secret")
        os.symlink(self.dir / "outside", self.dir / "root" / "away")
        (self.dir / "root" / "file").write_text("inside")
        os.symlink("file", self.dir / "root" / "here")
        server = self.served(self.dir / "root")
        out, ran = self.wget_tree(server.url("/"))
        self.assertEqual((out / "here").read_text(), "inside")
        self.assertFalse((out / "away").exists())


class behind_nginx(trees):
    def test_wget_recursive_brings_back_every_file(self):
        server = self.served(INCLUDE)
        self.check_wget(server, self.proxied(server))

    def test_every_file_of_the_documentation_by_name(self):
        names = reachable(DOC)
        self.check_every_name(self.proxied(self.served(DOC)), DOC, names)

    def test_resumed_downloads_are_whole(self):
        path = self.some_large_file()
        front = self.proxied(self.served(path.parent))
        self.check_resuming(front, path, front.url("/large"))


def tiny_font():
    """A TrueType font with one glyph for `A`: just enough that a browser takes it."""
    def table_sum(data):
        data += b"\0" * (-len(data) % 4)
        return sum(struct.unpack(f">{len(data) // 4}I", data)) & 0xFFFFFFFF

    square = struct.pack(">5h", 1, 0, 0, 500, 500) + struct.pack(">2H", 3, 0) + bytes([1] * 4) + \
        struct.pack(">4h", 0, 500, 0, -500) + struct.pack(">4h", 0, 0, 500, 0)
    glyph = square + b"\0" * (-len(square) % 4)
    cmap = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + struct.pack(">7H", 4, 32, 0, 4, 4, 1, 0) + \
        struct.pack(">2H", 65, 0xFFFF) + struct.pack(">H", 0) + struct.pack(">2H", 65, 0xFFFF) + \
        struct.pack(">2h", -64, 1) + struct.pack(">2H", 0, 0)
    texts = [(1, "Tiny"), (2, "Regular"), (3, "Tiny"), (4, "Tiny"), (5, "Version 1.0"), (6, "Tiny")]
    strings, records = b"", b""
    for number, text in texts:
        octets = text.encode("utf-16-be")
        records += struct.pack(">6H", 3, 1, 0x409, number, len(octets), len(strings))
        strings += octets
    name = struct.pack(">3H", 0, len(texts), 6 + len(records)) + records + strings
    os2 = struct.pack(">HhHHH", 4, 500, 400, 5, 0) + struct.pack(">11h", *[100] * 10, 0) + bytes(10) + \
        struct.pack(">4I", 1, 0, 0, 0) + b"TINY" + struct.pack(">3H", 64, 65, 65) + \
        struct.pack(">3h2H", 800, -200, 0, 800, 200) + struct.pack(">2I", 1, 0) + \
        struct.pack(">2h3H", 400, 500, 0, 32, 1)
    tables = {
        b"OS/2": os2,
        b"cmap": cmap,
        b"glyf": glyph + glyph,
        b"head": struct.pack(">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, 1000, 0, 0, 0, 0, 500, 500,
                             0, 8, 2, 1, 0),
        b"hhea": struct.pack(">IhhhHhhh", 0x10000, 800, -200, 0, 500, 0, 0, 500) + struct.pack(">8hH", 1, *[0] * 7, 2),
        b"hmtx": struct.pack(">HhHh", 500, 0, 500, 0),
        b"loca": struct.pack(">3I", 0, len(glyph), 2 * len(glyph)),
        b"maxp": struct.pack(">I14H", 0x10000, 2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": name,
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    at = 12 + 16 * len(tables)
    directory, body = struct.pack(">I4H", 0x10000, len(tables), 128, 3, len(tables) * 16 - 128), b""
    for tag, data in tables.items():
        directory += tag + struct.pack(">3I", table_sum(data), at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return directory + body


PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>x</title>
<link rel="icon" href="image.png"><link rel="stylesheet" href="style.css"></head>
<body><p id="text">A</p><img id="image" src="image.png"><p id="told">nothing yet</p>
<script src="script.js"></script></body></html>"""
SCRIPT = """addEventListener('load', async () => {
  const faces = await document.fonts.load('20px Tiny', 'A');
  const image = document.getElementById('image');
  const color = getComputedStyle(document.getElementById('text')).color;
  document.getElementById('told').textContent =
    `told: fonts ${faces.length} image ${image.naturalWidth} color ${color}`;
});"""
STYLE = "@font-face { font-family: Tiny; src: url(font.ttf); } #text { font-family: Tiny; color: rgb(1, 2, 3); }"


@unittest.skipUnless(ALL, "a browser is a large package: tests/run --all")
class in_a_browser(trees):
    def test_a_page_with_all_it_needs_loads_without_a_word_on_the_console(self):
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if not browser:
            raise unittest.SkipTest("chromium is not there")
        root = self.dir / "root"
        root.mkdir()
        for name, content in (("index.html", PAGE.encode()), ("script.js", SCRIPT.encode()),
                              ("style.css", STYLE.encode()), ("image.png", png()), ("font.ttf", tiny_font())):
            (root / name).write_bytes(content)
        server = self.served(root)
        ran = run(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                  "--disable-background-networking", "--disable-component-update", "--disable-sync",
                  "--disable-dev-shm-usage", f"--user-data-dir={self.dir / 'profile'}", "--enable-logging=stderr",
                  "--timeout=20000", "--virtual-time-budget=10000", "--dump-dom", server.url("/"), seconds=120)
        told = re.search(r'id="told">([^<]*)<', ran.stdout.decode())
        said = [line for line in ran.stderr.decode().splitlines() if "CONSOLE" in line]
        self.assertEqual(said, [])
        self.assertIsNotNone(told, ran.stdout.decode()[-2000:] + ran.stderr.decode()[-2000:])
        self.assertEqual(html.unescape(told[1]), "told: fonts 1 image 1 color rgb(1, 2, 3)")


def png():
    """One pixel."""
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + chunk(b"IEND", b"")


if __name__ == "__main__":
    unittest.main()
