#!/usr/bin/env python3
"""fetch through proxies of others (tinyproxy, microsocks), and curl's opinion of our table of no_proxy."""
import contextlib
import http.server
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import ROOT, closed_port, program, wait_until_listening

TABLE = ROOT / "tests" / "client" / "no_proxy_table.hpp"


class echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked: the target, and the fields that a proxy may have touched."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        told = [self.path] + [f"{name}: {self.headers[name]}" for name in ("Host", "Via", "Proxy-Authorization")
                              if name in self.headers]
        body = "\n".join(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class through_proxies(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), echo)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}/a?b"

    def run_until_end(self, *command):
        tool = shutil.which(command[0])
        if not tool:
            raise unittest.SkipTest(f"{command[0]} is not there")
        running = subprocess.Popen([tool, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(running.wait)
        self.addCleanup(running.terminate)
        return running

    def tinyproxy(self, more=""):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        port = closed_port()
        with open(f"{home.name}/conf", "w") as file:
            file.write(f"Port {port}\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\nAllow 127.0.0.1\n"
                       f"LogFile \"{home.name}/log\"\n{more}\n")
        wait_until_listening(port, self.run_until_end("tinyproxy", "-d", "-c", f"{home.name}/conf"))
        return f"127.0.0.1:{port}"

    def microsocks(self, *more):
        port = closed_port()
        running = self.run_until_end("microsocks", "-i", "127.0.0.1", "-p", str(port), *more)
        wait_until_listening(port, running)
        return f"127.0.0.1:{port}"

    def fetch(self, *options, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        ran = subprocess.run([program("fetch"), *options], env=clean | environment, capture_output=True, text=True,
                             timeout=60)
        return ran.stdout, ran.stderr.removesuffix("\n")

    def test_an_http_proxy_passes_requests_on(self):
        proxy = self.tinyproxy("BasicAuth me secret")
        out, error = self.fetch("-x", f"http://me:secret@{proxy}", self.url, self.url)
        self.assertEqual(error, "")
        self.assertEqual(out.count("/a?b\nHost: 127.0.0.1"), 2)
        self.assertIn("tinyproxy", out)
        self.assertNotIn("Proxy-Authorization", out)
        out, error = self.fetch(self.url, http_proxy=f"me:secret@{proxy}")
        self.assertIn("tinyproxy", out)
        out, error = self.fetch(self.url, http_proxy=f"me:secret@{proxy}", no_proxy="127.0.0.0/8")
        self.assertNotIn("tinyproxy", out)
        out, error = self.fetch("-i", self.url, http_proxy=proxy)  # the proxy's answer is the answer
        self.assertIn("407 Proxy Authentication Required", out.splitlines()[0])

    def test_an_http_proxy_makes_a_tunnel(self):
        proxy = self.tinyproxy(f"BasicAuth me secret\nConnectPort {self.server.server_port}")
        out, error = self.fetch("-p", "-x", f"http://me:secret@{proxy}", self.url, "-d", "x" * 100_000)
        self.assertEqual((out, error), ("x" * 100_000, ""))
        out, error = self.fetch("-p", "-x", f"http://me:secret@{proxy}", self.url)
        self.assertEqual(error, "")
        self.assertNotIn("tinyproxy", out)
        out, error = self.fetch("-p", "-x", proxy, self.url)
        self.assertEqual((out, error), ("", f"fetch: proxy {proxy}: 407 Proxy Authentication Required"))
        out, error = self.fetch("-p", "-x", f"http://me:secret@{proxy}", "http://127.0.0.1:1/")
        self.assertEqual((out, error), ("", f"fetch: proxy {proxy}: 403 Forbidden"))

    def test_a_socks_proxy_is_asked_for_names_and_addresses(self):
        proxy = self.microsocks()
        for scheme in ("socks5", "socks5h"):
            for host in ("127.0.0.1", "localhost"):
                with self.subTest(scheme=scheme, host=host):
                    url = f"http://{host}:{self.server.server_port}/"
                    out, error = self.fetch("-x", f"{scheme}://{proxy}", url)
                    self.assertEqual((out, error), (f"/\nHost: {host}:{self.server.server_port}", ""))
        out, error = self.fetch("-x", f"socks5h://{proxy}", f"http://127.0.0.1:{closed_port()}/")
        self.assertEqual((out, error), ("", f"fetch: proxy {proxy}: connection refused"))

    def test_a_socks_proxy_wants_a_user_and_a_password(self):
        proxy = self.microsocks("-u", "me", "-P", "secret")
        out, error = self.fetch(self.url, all_proxy=f"socks5h://me:secret@{proxy}")
        self.assertTrue(out.startswith("/a?b\n"), error)
        out, error = self.fetch("-x", f"socks5h://me:wrong@{proxy}", self.url)
        self.assertEqual((out, error), ("", f"fetch: proxy {proxy}: user or password refused"))
        out, error = self.fetch("-x", f"socks5h://{proxy}", self.url)
        self.assertEqual((out, error), ("", f"fetch: proxy {proxy}: it wants a user and a password"))


class always(threading.Thread):
    """Answers every request with one status."""

    def __init__(self, status):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.where = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.answer = f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        self.start()

    def run(self):
        while True:
            with contextlib.suppress(OSError), self.listener.accept()[0] as peer:
                head = b""
                while b"\r\n\r\n" not in head and (piece := peer.recv(4096)):
                    head += piece
                peer.sendall(self.answer)


class curls_opinion(unittest.TestCase):
    def test_of_the_table_of_no_proxy(self):
        """One curl for all rows: 200 says that it went straight, a refused tunnel that it did not."""
        version = subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout.split()[1]
        if version.split(".")[:2] != ["7", "88"]:
            raise unittest.SkipTest(f"the table is of curl 7.88, this is {version}")
        rows = [row.split("\t") for row in re.search(r'R"\(\n(.*?)\n\)"', TABLE.read_text(), re.S)[1].split("\n")]
        self.assertGreater(len(rows), 90)
        straight, proxy = always(200), always(403)
        command = ["curl", "--silent"]
        for number, (_, _, url, exceptions) in enumerate(rows):
            if number:
                command += ["--next", "--silent"]
            command += ["--globoff", "--max-time", "20", "--proxy", proxy.where, "--noproxy", exceptions, "--connect-to",
                        f"::{straight.where}", "--write-out", "%{http_code} %{http_connect}\n", url]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout.splitlines()
        self.assertEqual(len(said), len(rows))
        seen = {"200 000": "direct", "000 403": "proxy"}
        for (theirs, _, url, exceptions), codes in zip(rows, said):
            with self.subTest(url=url, exceptions=exceptions):
                self.assertEqual(seen.get(codes, codes), theirs)


if __name__ == "__main__":
    unittest.main()
