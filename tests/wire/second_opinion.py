#!/usr/bin/python3
"""Compares us with h11 (Debian: python3-h11) and with Node's parser (nodejs) over the wire table and
seeded mutations of it.

second_opinion.py [MUTATIONS [SEED]]

What each makes of the first message: read, with which meaning; refused; or incomplete. Prints every
kind of disagreement with its count and one example. Fails when two read a message but not the same
one, when we read what the other refuses for a reason that docs/conformance.md does not explain, or when
neither of them is there.
"""
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
try:
    import h11
except ImportError:
    h11 = None
NODE = shutil.which("node")

# Where others refuse, and we read on purpose: of which messages, a part of the reason they give, and
# why not we. The table in docs/conformance.md says the same at more length.
EITHER, NO_BODY = "", "no body is expected whatever the fields say (RFC 9112 6.3, rule 1)"
EXTENSIONS = "blanks around, and odd text in, chunk extensions are skipped"
H11_EXPLAINED = [
    (EITHER, "illegal header value", "obs-text and TAB are allowed in values (RFC 9110 5.5)"),
    (EITHER, "illegal chunk header", EXTENSIONS),
    ("request", "no request line received", "empty lines in front of a request are skipped (RFC 9112 2.2)"),
    ("response", "bad Content-Length", NO_BODY),
    ("response", "Transfer-Encoding", NO_BODY),
    ("response", "conflicting Content-Length", NO_BODY),
]
NODE_EXPLAINED = [
    ("request", "HPE_INVALID_METHOD", "any token is a method (RFC 9110 9.1)"),
    ("request", "HPE_INVALID_VERSION: Expected HTTP/2", "PRI is a method like any other in HTTP/1.1"),
    (EITHER, "HPE_INVALID_VERSION: Invalid HTTP version", "later minor versions count as 1.1 (RFC 9110 2.5)"),
    ("request", "HPE_INVALID_URL: Unexpected char in url schema", "schemes may hold digits (RFC 3986 3.1)"),
    (EITHER, "HPE_INVALID_CHUNK_SIZE", EXTENSIONS),
    (EITHER, "in chunk extensions", EXTENSIONS),
    ("response", "HPE_UNEXPECTED_CONTENT_LENGTH", "equal lengths on two lines of a response are one (RFC 9112 6.3)"),
    ("response", "HPE_INVALID_CONTENT_LENGTH", NO_BODY),
    ("response", "HPE_INVALID_TRANSFER_ENCODING", NO_BODY),
    ("response", "HPE_CLOSED_CONNECTION", "close in an interim response is not the final one's"),
]

# Where both read, and not the same: what the octets have in them.
BOTH_EXPLAINED = [
    ("node", rb"(?i)chunked[ \t]*\t[ \t]*\r\n", "a TAB behind a value is no part of it (RFC 9110 5.6.3)"),
]


def h11_opinion(role, asked, octets):
    us = h11.SERVER if role == "request" else h11.CLIENT
    wire = h11.Connection(us, max_incomplete_event_size=64 * 1024)
    body, head = b"", None
    try:
        if role == "response":
            target = b"a:1" if asked == "CONNECT" else b"/"
            wire.send(h11.Request(method=asked, target=target, headers=[("Host", "a")]))
            wire.send(h11.EndOfMessage())
        if octets:
            wire.receive_data(octets)
        closed = False
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                if closed:
                    return "incomplete"
                wire.receive_data(b"")
                closed = True
            elif isinstance(event, h11.Request):
                head = event.method.decode("latin-1") + " " + event.target.decode("latin-1")
            elif isinstance(event, h11.Response):
                head = str(event.status_code)
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return f"read {head} {body.hex()}"
            elif isinstance(event, h11.ConnectionClosed):
                return "incomplete"
            elif event is h11.PAUSED:
                return f"read {head} {body.hex()}"
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as failed:
        return "incomplete" if "closed connection" in str(failed) or "without sending complete" in str(failed) \
            else f"refused {failed}"


PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"0", b"\0", b"\xff", b"chunked", b"Content-Length: 1\r\n",
          b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"\r\n\r\n", b"1\r\n", b"+", b"x"]


def mutate(octets, dice):
    for _ in range(dice.randint(1, 3)):
        at = dice.randint(0, len(octets))
        what = dice.randint(0, 4)
        if what == 0:
            octets = octets[:at] + dice.choice(PIECES) + octets[at:]
        elif what == 1:
            octets = octets[:at] + octets[at + dice.randint(1, 3):]
        elif what == 2:
            octets = octets[:at] + bytes([dice.randint(0, 255)]) + octets[at + 1:]
        elif what == 3:
            end = at + dice.randint(1, 20)
            octets = octets[:end] + octets[at:]
        else:
            octets = octets[:at] + octets[at:at + 1].swapcase() + octets[at + 1:]
    return octets


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    with tempfile.TemporaryDirectory() as scratch:
        ours = scratch + "/verdicts"
        subprocess.run(["g++", "-std=c++20", "-O0", f"-I{ROOT}/include", f"-I{ROOT}/tests",
                        f"{ROOT}/tests/fuzz/verdicts.cpp", "-o", ours], check=True)
        table = [line.split("\t") for line in subprocess.run([ours], check=True, capture_output=True, text=True)
                 .stdout.splitlines()]
        cases = [(role, asked, bytes.fromhex(octets), says) for role, asked, octets, says in table]
        for _ in range(count):
            role, asked, octets, says = dice.choice(cases[:len(table)])
            cases.append((role, asked, mutate(octets, dice), "mutated: " + says))
        text = "".join(f"{role}\t{asked}\t{octets.hex()}\n" for role, asked, octets, _ in cases)
        verdicts = subprocess.run([ours, "-"], input=text, check=True, capture_output=True, text=True).stdout.splitlines()
        others = []
        if h11:
            others.append(("h11", [h11_opinion(*case[:3]) for case in cases], H11_EXPLAINED))
        if NODE:
            node = subprocess.run([NODE, "--no-deprecation", ROOT / "tests/wire/node_opinion.js"], input=text, check=True,
                                  capture_output=True, text=True).stdout.splitlines()
            others.append(("node", node, NODE_EXPLAINED))
    if not others:
        sys.exit("second_opinion.py: nobody to ask: apt-get install python3-h11 nodejs, then run it with /usr/bin/python3")
    wrong = sum([compare(cases, verdicts, *other) for other in others])
    sys.exit(wrong != 0)


def compare(cases, verdicts, name, opinions, explained):
    """Prints where we and `name` disagree; gives the number of disagreements that nothing explains."""
    assert len(verdicts) == len(opinions) == len(cases)
    kinds = {}
    wrong = agreed = 0
    for (role, asked, octets, says), we, they in zip(cases, verdicts, opinions):
        if we == they or we.split()[0] == they.split()[0] != "read":
            agreed += 1
            continue
        if we.startswith("read") and they.startswith("read"):
            reason = next((why for of, part, why in BOTH_EXPLAINED if of == name and re.search(part, octets)), None)
            wrong += reason is None
            kind = f"{role}: both read, not the same: " + (reason or "UNEXPLAINED")
        elif we.startswith("read"):
            reason = next((why for of, part, why in explained if of in role and part in they), None)
            wrong += reason is None
            kind = f"{role}: only we read: " + (reason or f"UNEXPLAINED: {they}")
        elif they.startswith("read"):
            kind = f"{role}: only {name} reads: {we}"
        else:
            kind = f"{role}: refused sooner or later: {we.split()[0]} and {they.split()[0]}"
        kinds.setdefault(kind, []).append((says, octets, we, they))
    print(f"-- {name}")
    for kind, examples in sorted(kinds.items()):
        says, octets, we, they = examples[0]
        print(f"{len(examples):6d}  {kind}\n        {says}: {octets[:160]!r}\n        {we[:100]} | {they[:100]}")
    print(f"{agreed} of {len(cases)} the same, {wrong} unexplained")
    return wrong


main()
