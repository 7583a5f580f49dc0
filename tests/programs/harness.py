"""What the tests of programs share: built examples, servers on free loopback ports, waiting without
sleeping."""
import contextlib
import functools
import hashlib
import http.server
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


@functools.cache
def _own():
    """A folder for as long as this process, made for who needs one: some processes end by os._exit."""
    return tempfile.TemporaryDirectory()


def program(name):
    """The built example, or one compiled here when there is no build."""
    build = os.environ.get("TINYHTTP_BUILD")
    if build:
        for place in (pathlib.Path(build) / "examples" / name, pathlib.Path(build) / name):
            if place.exists():
                return str(place)
    made = pathlib.Path(_own().name) / name
    if not made.exists():
        subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O1", f"-I{ROOT / 'include'}",
                        str(ROOT / "examples" / f"{name}.cpp"), "-pthread", "-o", str(made)], check=True)
    return str(made)


def closed_port():
    """A loopback port where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*command, seconds=300, **more):
    """A command without standard input (unless given) and without the environment's proxies; what it said is kept."""
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environment.update(more.pop("env", {}))
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run([str(part) for part in command], timeout=seconds, env=environment, **{**streams, **more})


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def wait_until_listening(port, process, seconds=20):
    """Connects until somebody answers; fails when `process` ends first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
    raise AssertionError(f"nobody listens on port {port}")


def preloaded(name):
    """A library out of this folder that changes what a program does, compiled."""
    made = pathlib.Path(_own().name) / f"{name}.so"
    if not made.exists():
        subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O1", "-shared", "-fPIC",
                        str(ROOT / "tests" / "programs" / f"{name}.cpp"), "-ldl", "-o", str(made)], check=True)
    return str(made)


def find_server(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def find_nginx():
    return find_server("nginx")


class nginx:
    """nginx on a loopback port, serving `root`; `locations` go into its server block, `http` in front."""

    def __init__(self, root, locations="", http=""):
        self.home = tempfile.TemporaryDirectory()
        home = pathlib.Path(self.home.name)
        self.port = closed_port()
        paths = "".join(f"{kind}_temp_path {home}/{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        owner = "user root;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(f"""
            daemon off; {owner} pid {home}/pid; error_log {home}/error.log; worker_processes 1;
            events {{ worker_connections 64; }}
            http {{ access_log {home}/access.log; {paths} sendfile on; default_type text/plain; {http}
              server {{ listen 127.0.0.1:{self.port}; root {root}; {locations} }} }}""")
        self.process = subprocess.Popen([find_nginx(), "-e", f"{home}/error.log", "-c", f"{home}/nginx.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until_listening(self.port, self.process)

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def log(self):
        return (pathlib.Path(self.home.name) / "access.log").read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.home.cleanup()


class running_example:
    """An example that listens and says so in its first line; what it says on standard error is kept.

    Whoever writes a line must never wait for a reader that is not there: `lines` takes them all."""

    def __init__(self, name, *arguments):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([program(name), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        self.first_line = self.process.stdout.readline().decode()
        if not self.first_line.startswith("listening on http"):
            raise AssertionError(f"{name} said {self.first_line!r}")
        self.port = int(re.search(r":(\d+)", self.first_line).group(1))
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def said(self):
        """What came on standard error."""
        self.log.seek(0)
        return self.log.read().decode()

    def memory(self, what="VmRSS"):
        """Octets, as the system counts them."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) * 1024

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def stop(self):
        """Gives the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=30)
        self.reader.join(timeout=30)
        self.process.stdout.close()
        self.log.close()
        return status


class file_server(running_example):
    """The example of that name over `root`, on a free port."""

    def __init__(self, root, *options):
        super().__init__("file_server", root, "--port", "0", *options)


class fake_file_server(running_example):
    """The example of that name, on a free port."""

    def __init__(self, *options):
        super().__init__("fake_file_server", *options)


class http_server_of:
    """Python's http.server with a class of handlers, in threads; over TLS by `context`."""

    def __init__(self, handler, context=None):
        self.origin = "http://127.0.0.1" if context is None else "https://localhost"
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that are killed are part of the tests
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def url(self, target="/"):
        return f"{self.origin}:{self.server.server_address[1]}{target}"

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class python_server(http_server_of):
    """Python's http.server over `root`."""

    class quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

    def __init__(self, root):
        super().__init__(functools.partial(self.quiet, directory=str(root)))


class scripted_server:
    """Says exactly what a test wrote down: `answers` are given in turn, one a request, over however
    many connections; each is octets, or a pair of octets and what to do then ("close", "reset",
    "stall"). `requests` holds what was asked, one (head, body) each; `connections` counts."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.connections = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def run(self):
        while self.answers:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                self.serve(connection)

    def serve(self, connection):
        waiting = b""
        while self.answers:
            while b"\r\n\r\n" not in waiting:
                octets = connection.recv(65536)
                if not octets:
                    return
                waiting += octets
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            lines = [line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:]]
            length = int(dict(lines).get(b"content-length", b"0"))
            if any(name == b"expect" for name, _ in lines):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            while len(waiting) < length:
                waiting += connection.recv(65536)
            self.requests.append((head.decode(), waiting[:length]))
            waiting = waiting[length:]
            answer = self.answers.pop(0)
            octets, then = answer if isinstance(answer, tuple) else (answer, "")
            connection.sendall(octets)
            if then == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if then == "stall":
                self.over.wait(30)
            if then:
                return

    def stop(self):
        self.answers = []
        self.over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self.listener.close()
        self.thread.join(timeout=30)
