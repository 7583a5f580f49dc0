"""https, against real peers: curl and OpenSSL's own client ask our server; fetch asks nginx, Python and OpenSSL."""
import contextlib
import functools
import http.client
import http.server
import os
import pathlib
import random
import shutil
import ssl
import subprocess
import tempfile
import unittest
import warnings

from harness import (closed_port, file_server, find_nginx, http_server_of, nginx, program, run, running_example,
                     wait_until_listening)

OCTETS = random.Random(5).randbytes(3_000_000)


def make_certificates(home):
    """An authority and what it signed, by the openssl command: names, another name, one for clients."""
    def openssl(*arguments):
        done = run("openssl", *arguments, cwd=home)
        assert done.returncode == 0, done.stderr
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
    for name, subject, names in [("good", "localhost", "DNS:localhost,IP:127.0.0.1"), ("other", "other", "DNS:other.example"),
                                 ("star", "star", "DNS:*.star.example"),
                                 ("me", "me", "DNS:me")]:
        openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        (home / "names").write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "2", "-extfile", "names")


class https_server(running_example):
    def __init__(self, root, home, *names):
        super().__init__("https_server", root, *(home / f"{name}.{kind}" for name in names or ["good"] for kind in ("pem", "key")), "0")

    def url(self, target="/"):
        return f"https://localhost:{self.port}{target}"


class secured_python(http_server_of):
    """Python's http.server behind its ssl, with what `settle` says of the context."""

    class handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

    def __init__(self, root, home, settle=lambda context: None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(home / "good.pem", home / "good.key")
        settle(context)
        self.sessions = context.session_stats
        super().__init__(functools.partial(self.handler, directory=str(root)), context)


@unittest.skipIf(shutil.which("openssl") is None, "not installed: openssl")
class secured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.home = pathlib.Path(cls.folder.name)
        make_certificates(cls.home)
        cls.root = cls.home / "root"
        cls.root.mkdir()
        (cls.root / "big").write_bytes(OCTETS)
        (cls.root / "small").write_bytes(b"hello")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def running(self, server):
        self.addCleanup(server.stop)
        return server

    def trusting(self, *arguments):
        return ["--cacert", self.home / "ca.pem", *arguments]


class our_server(secured):
    def test_curl_gets_files_over_one_connection(self):
        server = self.running(https_server(self.root, self.home))
        got = run("curl", "-sS", "--noproxy", "*", *self.trusting(server.url("/big"), server.url("/small")), "-o", self.home / "a",
                  "-o", self.home / "b", "-w", "%{num_connects} %{http_version} %{ssl_verify_result}\n")
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.assertEqual(got.stdout, b"1 1.1 0\n0 1.1 0\n")
        self.assertEqual((self.home / "a").read_bytes(), OCTETS)
        self.assertEqual((self.home / "b").read_bytes(), b"hello")

    def test_curl_goes_on_where_it_stopped(self):
        server = self.running(https_server(self.root, self.home))
        (self.home / "part").write_bytes(OCTETS[:1_000_001])
        got = run("curl", "-sS", "--noproxy", "*", "-C", "-", *self.trusting(server.url("/big")), "-o", self.home / "part")
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.assertEqual((self.home / "part").read_bytes(), OCTETS)

    def test_a_file_that_changes_under_a_reader_is_the_old_one_whole_or_cut(self):
        server = self.running(https_server(self.root, self.home))
        file, old = self.root / "changing", OCTETS * 7  # more than the sockets between the two hold
        self.addCleanup(file.unlink, missing_ok=True)

        def replace():
            (self.home / "new").write_bytes(bytes(len(old)))
            (self.home / "new").rename(file)

        def append():
            with open(file, "ab") as to:
                to.write(b"more")

        def received(change):
            file.write_bytes(old)
            asked = http.client.HTTPSConnection("localhost", server.port, timeout=60,
                                                context=ssl.create_default_context(cafile=self.home / "ca.pem"))
            with contextlib.closing(asked):
                asked.request("GET", "/changing")
                answer = asked.getresponse()
                start = answer.read(100_000)
                change()
                try:
                    return start + answer.read(), True
                except http.client.IncompleteRead as cut:
                    return start + cut.partial, False
        for change in (replace, append, file.unlink):
            self.assertEqual(received(change), (old, True), change)
        octets, whole = received(lambda: os.truncate(file, 20_000_001))
        self.assertEqual((octets, whole), (old[:20_000_001], False))
        octets, whole = received(lambda: os.truncate(file, 0))
        self.assertEqual((old.startswith(octets), whole), (True, False))

    @unittest.skipIf(shutil.which("wget") is None, "not installed: wget")
    def test_wget_mirrors_and_goes_on_where_it_stopped(self):
        server = self.running(https_server(self.root, self.home))
        wget = ["wget", "-q", "--no-config", f"--ca-certificate={self.home / 'ca.pem'}", "-P", self.home / "w"]
        (self.home / "w").mkdir()
        (self.home / "w" / "big").write_bytes(OCTETS[:1_000_001])
        self.assertEqual(run(*wget, "-c", server.url("/big")).returncode, 0)
        self.assertEqual((self.home / "w" / "big").read_bytes(), OCTETS)
        self.assertEqual(run(*wget, "-m", "-nH", server.url("/")).returncode, 0)
        self.assertEqual((self.home / "w" / "small").read_bytes(), b"hello")

    @unittest.skipIf(shutil.which("aria2c") is None, "not installed: aria2c")
    def test_aria2_fetches_in_parallel_parts(self):
        server = self.running(https_server(self.root, self.home))
        got = run("aria2c", "-q", "--no-conf", "-x8", "-s8", "-k1M", f"--ca-certificate={self.home / 'ca.pem'}", "-d", self.home,
                  "-o", "parts", server.url("/big"))
        self.assertEqual((got.returncode, (self.home / "parts").read_bytes() == OCTETS), (0, True), got.stdout)

    @unittest.skipIf(shutil.which("git") is None, "not installed: git")
    def test_git_clones_a_repository_that_is_only_files(self):
        server = self.running(https_server(self.root, self.home))
        made, files = self.home / "made", self.root / "r.git"
        for command in (["init", "-q", made], ["-C", made, "add", "."],
                        ["-C", made, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"],
                        ["clone", "-q", "--bare", made, files], ["-C", files, "update-server-info"]):
            done = run("git", *command)
            self.assertEqual(done.returncode, 0, done.stderr)
            made.joinpath("file").write_bytes(OCTETS)
        done = run("git", "clone", "-q", server.url("/r.git"), self.home / "clone",
                   env={"GIT_SSL_CAINFO": str(self.home / "ca.pem"), "GIT_CONFIG_NOSYSTEM": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.home / "clone" / "file").read_bytes(), OCTETS)

    def test_an_upload_that_is_refused_is_not_sent(self):
        server = self.running(https_server(self.root, self.home))
        got = run("curl", "-sS", "--noproxy", "*", "--expect100-timeout", 60, *self.trusting("-H", "Expect: 100-continue"), "-T",
                  self.root / "big", "-o", self.home / "said", "-w", "%{http_code} %{size_upload}", server.url("/up"))
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"405 0", b""))

    def test_versions_and_protocols(self):
        server = self.running(https_server(self.root, self.home))
        for version, works in [("1.3", True), ("1.2", True), ("1.1", False)]:
            got = run("curl", "-sS", "--noproxy", "*", "--ciphers", "DEFAULT@SECLEVEL=0", f"--tlsv{version}", "--tls-max", version,
                      *self.trusting(server.url("/small")))
            self.assertEqual((version, got.returncode == 0, got.stdout == b"hello"), (version, works, works))
        got = run("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-alpn", "h2,http/1.1", "-quiet", "-ign_eof",
                  input=b"GET /small HTTP/1.0\r\n\r\n", stdin=None)
        self.assertTrue(got.stdout.endswith(b"\r\n\r\nhello"), got.stdout)

    def test_openssl_resumes_by_tickets_alone(self):
        server = self.running(https_server(self.root, self.home))
        session = self.home / "session"

        def said(*options):
            got = run("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *options, stdin=None,
                      input=b"GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            return [line.split(",")[0] for line in got.stdout.decode().splitlines() if line.startswith(("New,", "Reused,"))]
        for version in "-tls1_2", "-tls1_3":
            self.assertEqual(said("-ign_eof", version, "-sess_out", session), ["New"])
            self.assertEqual(said("-ign_eof", version, "-sess_in", session), ["Reused"])
        self.assertEqual(said("-tls1_2", "-reconnect"), ["New"] + ["Reused"] * 5)
        self.assertEqual(said("-tls1_2", "-reconnect", "-no_ticket"), ["New"] * 6)

    def test_each_name_has_its_certificate(self):
        server = self.running(https_server(self.root, self.home, "good", "other", "star"))
        at = f"127.0.0.1:{server.port}"
        for name in "localhost", "OTHER.example", "any.star.example":
            got = run("curl", "-sS", "--noproxy", "*", "--resolve", f"{name}:{server.port}:127.0.0.1",
                      *self.trusting(f"https://{name}:{server.port}/small"))
            self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hello", b""), name)
        for name in "two.labels.star.example", "star.example", "unknown.example":
            got = run("curl", "-sS", "--noproxy", "*", "--resolve", f"{name}:{server.port}:127.0.0.1",
                      *self.trusting(f"https://{name}:{server.port}/small"))
            self.assertEqual((got.returncode, got.stdout), (60, b""), name)
        for how, subject in [(["-servername", "other.example"], b"CN = other"), (["-servername", "other.example."], b"CN = other"),
                             (["-servername", "x.star.example"], b"CN = star"), (["-servername", "x.example"], b"CN = localhost"),
                             (["-noservername"], b"CN = localhost")]:
            for version in "-tls1_2", "-tls1_3":
                got = run("openssl", "s_client", "-connect", at, version, *how)
                self.assertIn(b"subject=" + subject + b"\n", got.stdout, how)

        def said(name, version, *options):
            got = run("openssl", "s_client", "-connect", at, version, "-servername", name, "-ign_eof", *options, stdin=None,
                      input=b"GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            self.assertIn(b"\r\n\r\nhello", got.stdout)
            return [line.split(",")[0] for line in got.stdout.decode().splitlines() if line.startswith(("New,", "Reused,"))]
        session = self.home / "session"
        for version in "-tls1_2", "-tls1_3":
            self.assertEqual(said("other.example", version, "-sess_out", session), ["New"])
            self.assertEqual(said("other.example", version, "-sess_in", session), ["Reused"])
            self.assertEqual(said("localhost", version, "-sess_in", session), ["New"])

    def test_octets_that_are_no_tls_disturb_nobody(self):
        server = self.running(https_server(self.root, self.home))
        for octets in (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\x80\x2e\x01\x00\x02", bytes(100_000)):
            with tempfile.TemporaryFile() as said:
                said.write(octets)
                said.seek(0)
                run("curl", "-sS", "--max-time", "1", f"telnet://127.0.0.1:{server.port}", stdin=said)
        got = run("curl", "-sS", "--noproxy", "*", *self.trusting(server.url("/small")))
        self.assertEqual((got.returncode, got.stdout), (0, b"hello"))
        self.assertEqual(server.stop(), 0)

    def test_help_is_an_answer_and_no_error(self):
        got = run(program("https_server"), "--help")
        self.assertEqual((got.returncode, got.stdout[:20], got.stderr), (0, b"usage: https_server ", b""))

    def test_bad_certificates_are_told_at_the_start(self):
        for name, why in [("none", "https_server: TLS: open {}/none.pem: no such file\n"),
                          ("mixed", "https_server: TLS: use {}/mixed.key: key values mismatch\n")]:
            shutil.copy(self.home / "good.pem", self.home / "mixed.pem")
            shutil.copy(self.home / "me.key", self.home / "mixed.key")
            got = run(program("https_server"), self.root, self.home / f"{name}.pem", self.home / f"{name}.key", "0")
            self.assertEqual((got.returncode, got.stdout, got.stderr.decode()), (1, b"", why.format(self.home)))


class our_client(secured):
    def fetch(self, *arguments):
        return run(program("fetch"), *arguments, cwd=self.home)

    def test_sessions_of_others_are_resumed(self):
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            def settle(context):
                context.maximum_version = version
            server = self.running(secured_python(self.root, self.home, settle))
            got = self.fetch("-H", "Connection: close", *self.trusting(*[server.url("/small")] * 4))
            self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hello" * 4, b""))
            self.assertEqual((server.sessions()["accept"], server.sessions()["hits"]), (4, 3))

    def test_python_nginx_and_our_own_server(self):
        servers = {"ours": self.running(https_server(self.root, self.home)), "python": self.running(secured_python(self.root, self.home))}
        if find_nginx():
            port = closed_port()
            settings = (f"listen 127.0.0.1:{port} ssl; ssl_certificate {self.home}/good.pem; ssl_certificate_key {self.home}/good.key;")
            self.running(nginx(self.root, settings))
            servers["nginx"] = f"https://localhost:{port}"
        for name, server in servers.items():
            with self.subTest(name):
                base = server if isinstance(server, str) else server.url("")
                got = self.fetch(*self.trusting(base + "/big", "-o", f"from_{name}"))
                self.assertEqual((got.returncode, got.stderr), (0, b""))
                self.assertEqual((self.home / f"from_{name}").read_bytes(), OCTETS)
                (self.home / f"from_{name}").unlink()
                got = self.fetch(*self.trusting(base + "/small", base + "/small"))
                self.assertEqual((got.returncode, got.stdout), (0, b"hellohello"))

    def test_who_is_trusted(self):
        good = self.running(https_server(self.root, self.home))
        other = self.running(https_server(self.root, self.home, "other"))
        where = f"fetch: connect https://localhost:{{}}: TLS: "
        for server, arguments, why in [
                (good, [], "unable to get local issuer certificate"),
                (other, self.trusting(), "hostname mismatch"),
                (good, ["--cacert", self.home / "me.pem"], "unable to get local issuer certificate")]:
            got = self.fetch(*arguments, server.url("/small"))
            self.assertEqual((got.returncode, got.stdout), (1, b""))
            self.assertEqual(got.stderr.decode(), where.format(server.port) + why + "\n")
        for flag in ("-k", "--insecure"):
            self.assertEqual(self.fetch(flag, other.url("/small")).stdout, b"hello")
        got = self.fetch("--cacert", "missing.pem", good.url("/small"))
        self.assertEqual((got.returncode, got.stderr), (2, b"fetch: TLS: open missing.pem: no such file; try fetch --help\n"))

    def test_a_server_that_asks_who_we_are(self):
        def ask(context):
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.home / "ca.pem")
        server = self.running(secured_python(self.root, self.home, ask))
        got = self.fetch(*self.trusting("--cert", "me.pem", "--key", "me.key", server.url("/small")))
        self.assertEqual((got.returncode, got.stdout), (0, b"hello"))
        (self.home / "both.pem").write_bytes((self.home / "me.pem").read_bytes() + (self.home / "me.key").read_bytes())
        self.assertEqual(self.fetch(*self.trusting("-E", "both.pem", server.url("/small"))).stdout, b"hello")
        got = self.fetch(*self.trusting(server.url("/small")))
        self.assertEqual((got.returncode, got.stdout), (1, b""))  # an alert, or the reset behind it

    def test_old_versions_are_refused(self):
        def only(version):
            def settle(context):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that 1.1 is old is the point
                    context.minimum_version = context.maximum_version = version
                context.set_ciphers("DEFAULT@SECLEVEL=0")
            return settle
        for version, works in [(ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)]:
            server = secured_python(self.root, self.home, only(version))
            got = self.fetch(*self.trusting(server.url("/small")))
            server.stop()
            self.assertEqual((version, got.stdout == b"hello"), (version, works))
            if not works:
                self.assertIn(b": TLS: ", got.stderr)

    def test_openssl_itself_as_a_server(self):
        port = closed_port()
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", self.home / "good.pem", "-key",
                                   self.home / "good.key", "-WWW", "-quiet"], cwd=self.root, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_listening(port, server)
            got = self.fetch(*self.trusting(f"https://localhost:{port}/small"))
            self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hello", b""))
        finally:
            server.kill()
            server.wait()

    def test_http_and_https_are_told_apart(self):
        plain = self.running(file_server(self.root))
        got = self.fetch("-k", f"https://127.0.0.1:{plain.port}/small")
        self.assertEqual((got.returncode, got.stderr.decode()),
                         (1, f"fetch: connect https://127.0.0.1:{plain.port}: TLS: wrong version number, as where no TLS is spoken\n"))


del secured  # it has no tests of its own

if __name__ == "__main__":
    unittest.main()
