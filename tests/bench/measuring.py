"""What every measurement needs: programs built, servers run on a core, their CPU time, load on them."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import platform
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("TINYHTTP_BUILD_ROOT", ROOT / "build")) / "bench"
CXX = os.environ.get("CXX", "g++")
FLAGS = ["-std=c++20", "-O2", "-DNDEBUG", f"-I{ROOT / 'include'}"]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]

# name: (source, libraries)
PROGRAMS = {
    "load": ("load.cpp", []),
    "floor": ("floor.cpp", []),
    "ours": ("ours.cpp", ["-pthread"]),
    "parse": ("parse.cpp", ["-lhttp_parser"]),
    "parse-native": ("parse.cpp", ["-march=native", "-lhttp_parser"]),
    "starts": ("starts.cpp", ["-pthread"]),
    "grow": ("grow.cpp", []),
    "fetch": ("fetch.cpp", ["-lcurl", "-pthread"]),
    "microhttpd": ("peers/microhttpd.cpp", ["-lmicrohttpd"]),
    "beast": ("peers/beast.cpp", ["-pthread"]),
    "httplib": ("peers/httplib.cpp", ["-DCPPHTTPLIB_OPENSSL_SUPPORT", "-DCPPHTTPLIB_ZLIB_SUPPORT",
                "-DCPPHTTPLIB_BROTLI_SUPPORT", "-lcpp-httplib", "-pthread"]),
}


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def build(name):
    """The program's path; None if it cannot be built, because a peer is not installed."""
    source, libraries = PROGRAMS[name]
    program = BUILD / name
    sources = [HERE / source]
    if "<tinyhttp/" in sources[0].read_text():
        sources += ROOT.glob("include/tinyhttp/**/*.hpp")
    if program.exists() and program.stat().st_mtime > max(p.stat().st_mtime for p in sources):
        return program
    BUILD.mkdir(parents=True, exist_ok=True)
    for given in (libraries, [l for l in libraries if l != "-lhttp_parser"]):  # parse does without it
        done = subprocess.run([CXX, *FLAGS, str(HERE / source), "-o", str(program), *given], capture_output=True, text=True)
        if done.returncode == 0:
            return program
    missing = re.search(r"fatal error: (\S+): No such file|cannot find (\S+)", done.stderr)
    if missing is None and source.startswith("peers/"):  # another version of it is installed
        missing = re.search(r"error: .*", done.stderr)
    if missing is None:
        sys.exit(done.stderr)
    say(f"left out: {name} ({missing[0]})")
    return None


def build_all(names):
    with concurrent.futures.ThreadPoolExecutor(len(CORES)) as pool:
        return dict(zip(names, pool.map(build, names)))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """A process and its descendants."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def cpu_seconds(pid):
    """CPU time of a process, its threads and its children, to the nanosecond."""
    total = 0
    for one in tree(pid):
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident(pid):
    return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{p}/status").read_text())[1]) * 1024
               for p in tree(pid))


def pinned(*cores):
    return lambda: os.sched_setaffinity(0, cores)


class Server:
    def __init__(self, name, command, port, cores=(SERVER_CORE,)):
        self.name, self.port = name, port
        self.process = subprocess.Popen([str(c) for c in command], preexec_fn=pinned(*cores),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                time.sleep(0.05)
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{name} does not listen")

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def request_file(scratch, target, fields=""):
    text = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n{fields}\r\n"
    file = scratch / f"request-{zlib.crc32(text.encode()):08x}"
    file.write_text(text, newline="")
    return file


def raise_descriptors():
    """As many as may be: for this process and for those that it starts."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def load(server, request, seconds, connections, pipeline=1, closes=False, most=None, cores=(LOAD_CORE,)):
    """What the load generator saw, with the CPU time of the server for each answer."""
    command = [BUILD / "load", server.port, request, connections, seconds, pipeline, "close" if closes else "keep"]
    if most:
        command.append(most)
    generator = subprocess.Popen([str(c) for c in command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, preexec_fn=pinned(*cores))
    if generator.stdout.readline():  # all are connected
        time.sleep(0.01)
        before = cpu_seconds(server.pid)
        generator.stdin.write("go\n")
        generator.stdin.flush()
    line = generator.stdout.readline()
    time.sleep(0.01)  # the kernel's account of who runs is behind
    after = cpu_seconds(server.pid)
    _, complaint = generator.communicate()
    if not line:
        raise RuntimeError(complaint.strip() or "the load generator ended")
    result = json.loads(line)
    result["cpu_us"] = (after - before) * 1e6 / max(1, result["answers"])
    lost = result["answers"] // 100 if closes else 0
    if result["bad"] or result["failures"] > lost:
        raise RuntimeError(f"{result['bad']} bad answers, {result['failures']} failures")
    return result


def lines_of(name, arguments, core=SERVER_CORE):
    done = subprocess.run([str(BUILD / name), *map(str, arguments)], capture_output=True, text=True,
                          preexec_fn=pinned(core))
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def quartiles(values):
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpu": cpu[1] if cpu else platform.machine(), "cores": len(CORES), "kernel": platform.release(),
            "load": os.getloadavg()[0], "flags": " ".join(FLAGS[:-1]),
            "compiler": subprocess.check_output([CXX, "--version"], text=True).splitlines()[0]}
