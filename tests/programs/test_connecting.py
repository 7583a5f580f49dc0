#!/usr/bin/env python3
"""fetch where one family of addresses is dead, slow, or both are: Happy Eyeballs (RFC 8305) on a
network of our own.

Each test runs in a network namespace with one point-to-point device. Whatever is sent to its far end
comes back to us with source and destination exchanged, after a delay for each family, or never: so a
client that connects to 10.9.0.2 reaches a server on 10.9.0.1, and no checksum changes."""
import concurrent.futures
import fcntl
import functools
import http.server
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from harness import program

PORT = 8080
NEAR = {4: "10.9.0.1", 6: "fd00:9::1"}
FAR = {4: "10.9.0.2", 6: "fd00:9::2"}
APART = ["unshare", "--user", "--map-root-user", "--net"]


# ---- inside the namespace ------------------------------------------------------------------------

def open_device():
    """A device t0 with both families, and the descriptor at its far end."""
    far_end = os.open("/dev/net/tun", os.O_RDWR)
    tun, no_packet_information, set_interface = 0x0001, 0x1000, 0x400454ca
    fcntl.ioctl(far_end, set_interface, struct.pack("16sH22x", b"t0", tun | no_packet_information))
    for command in ("link set lo up", "link set t0 up", f"addr add {NEAR[4]}/24 dev t0",
                    f"-6 addr add {NEAR[6]}/64 dev t0 nodad"):
        subprocess.run(["ip", *command.split()], check=True)
    return far_end


def reflect(far_end, delays, attempts):
    """Sends TCP back where it came from. `attempts` collects the client's ports for each family."""
    while True:
        packet = os.read(far_end, 65536)
        version = packet[0] >> 4
        at, size, header = (12, 4, (packet[0] & 15) * 4) if version == 4 else (8, 16, 40)
        if packet[9 if version == 4 else 6] != socket.IPPROTO_TCP:
            continue
        source_port, target_port = struct.unpack_from("!HH", packet, header)
        if target_port == PORT:
            attempts[version].add(source_port)
        delay = delays[version]
        if delay is None:
            continue
        middle = at + size
        turned = packet[:at] + packet[middle:middle + size] + packet[at:middle] + packet[middle + size:]
        send = functools.partial(os.write, far_end, turned)
        if delay:
            later = threading.Timer(delay, send)
            later.daemon = True
            later.start()
        else:
            send()


class greeter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        family = b"4" if self.client_address[0] == FAR[4] else b"6"
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(family)

    def log_message(self, *arguments):
        pass


class greeter6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def inside(fetch, delay4, delay6, *options):
    """Runs fetch, and prints how it went."""
    far_end = open_device()
    delays = {4: delay4, 6: delay6}
    attempts = {4: set(), 6: set()}
    threading.Thread(target=reflect, args=(far_end, delays, attempts), daemon=True).start()
    for kind, family in ((http.server.ThreadingHTTPServer, 4), (greeter6, 6)):
        server = kind((NEAR[family], PORT), greeter)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    begin = time.monotonic()
    ran = subprocess.run([fetch, *options], capture_output=True, text=True, timeout=60)
    print(json.dumps({"seconds": time.monotonic() - begin, "status": ran.returncode, "out": ran.stdout,
                      "error": ran.stderr, "attempts": {f: len(attempts[f]) for f in (4, 6)}}))
    sys.stdout.flush()
    os._exit(0)  # timers may still run


# ---- outside -------------------------------------------------------------------------------------

@functools.cache
def obstacle():
    """Why there can be no network of our own, or None."""
    for tool in ("unshare", "ip"):
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"{tool} is not there"
    probe = "import sys; sys.path.insert(0, sys.argv[1]); import test_connecting; test_connecting.open_device()"
    ran = subprocess.run([*APART, sys.executable, "-c", probe, os.path.dirname(__file__)],
                         capture_output=True, text=True)
    return None if ran.returncode == 0 else "no network namespace with a tun device here: " + \
        (ran.stderr.strip().splitlines() or ["no reason given"])[-1]


def fetch(delay4, delay6, *options, urls=1):
    """What fetch does with a name of both families, IPv6 first."""
    where = f"h.test:{PORT}:[{FAR[6]}],{FAR[4]}"
    arguments = [program("fetch"), delay4, delay6, "--noproxy", "*", "--resolve", where, *options,
                 *[f"http://h.test:{PORT}/"] * urls]
    ran = subprocess.run([*APART, sys.executable, __file__, "--inside", json.dumps(arguments)],
                         capture_output=True, text=True, timeout=90)
    return json.loads(ran.stdout) if ran.returncode == 0 else {"failed": ran.stderr}


class two_families(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """All of them at once: they mostly wait."""
        if obstacle():
            raise unittest.SkipTest(obstacle())
        program("fetch")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            cls.running = {
                "first dead": pool.submit(fetch, 0, None),
                "second dead": pool.submit(fetch, None, 0),
                "first slow": pool.submit(fetch, 0, 4),
                "second slower": pool.submit(fetch, 4, 0.2),  # a handshake takes 0.4 s, so both are under way
                "both dead": pool.submit(fetch, None, None, "--connect-timeout", "1"),
                "three times": pool.submit(fetch, 0, None, urls=3),  # the server closes after each answer
            }

    def outcome(self, name):
        done = self.running[name].result()
        self.assertNotIn("failed", done)
        return done

    def got(self, name, expected):
        done = self.outcome(name)
        self.assertEqual((done["status"], done["error"], done["out"]), (0, "", expected))
        return done

    def test_the_first_family_is_dead(self):
        done = self.got("first dead", "4")
        self.assertGreaterEqual(done["seconds"], 0.25)
        self.assertLess(done["seconds"], 8)  # a lost SYN alone would take the whole 10 s

    def test_the_second_family_is_dead(self):
        self.got("second dead", "6")

    def test_the_first_family_is_slow(self):
        self.assertLess(self.got("first slow", "4")["seconds"], 8)

    def test_the_second_family_is_slower(self):
        self.assertEqual(self.got("second slower", "6")["attempts"], {"4": 1, "6": 1})

    def test_both_are_dead(self):
        done = self.outcome("both dead")
        self.assertEqual((done["status"], done["out"]), (1, ""))
        self.assertEqual(done["error"], f"fetch: connect h.test:{PORT}: timed out\n")
        self.assertGreaterEqual(done["seconds"], 1)
        self.assertLess(done["seconds"], 8)
        self.assertEqual(done["attempts"], {"4": 1, "6": 1})

    def test_the_winner_is_remembered(self):
        self.assertEqual(self.got("three times", "444")["attempts"], {"4": 3, "6": 1})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*json.loads(sys.argv[2]))
    unittest.main()
