#!/usr/bin/python3
"""Compares us with h11 (Debian: python3-h11) over the wire table and seeded mutations of it.

second_opinion.py [MUTATIONS [SEED]]

What each makes of the first message: read, with which meaning; refused; or incomplete. Prints every
kind of disagreement with its count and one example. Fails when both read a message but not the same
one, or when we read what h11 refuses for a reason that docs/conformance.md does not explain.
"""
import collections
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
try:
    import h11
except ImportError:
    sys.exit("second_opinion.py: needs h11: apt-get install python3-h11, then run it with /usr/bin/python3")

# Where h11 refuses, and we read on purpose: a part of its reason, and why not we.
EXPLAINED = {
    "illegal header value": "obs-text and TAB are allowed in values (RFC 9110 5.5)",
    "illegal chunk header": "blanks around, and odd text in, chunk extensions are skipped",
    "no request line received": "empty lines in front of a request are skipped (RFC 9112 2.2)",
    "bad Content-Length": "no body is expected whatever the fields say (RFC 9112 6.3, rule 1)",
    "Transfer-Encoding": "no body is expected whatever the fields say (RFC 9112 6.3, rule 1)",
    "conflicting Content-Length": "no body is expected whatever the fields say (RFC 9112 6.3, rule 1)",
}


def opinion(role, asked, octets):
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
        subprocess.run(["g++", "-std=c++20", "-O1", f"-I{ROOT}/include", f"-I{ROOT}/tests",
                        f"{ROOT}/tests/fuzz/verdicts.cpp", "-o", ours], check=True)
        table = [line.split("\t") for line in subprocess.run([ours], check=True, capture_output=True, text=True)
                 .stdout.splitlines()]
        cases = [(role, asked, bytes.fromhex(octets), says) for role, asked, octets, says in table]
        for _ in range(count):
            role, asked, octets, says = dice.choice(cases[:len(table)])
            cases.append((role, asked, mutate(octets, dice), "mutated: " + says))
        text = "".join(f"{role}\t{asked}\t{octets.hex()}\n" for role, asked, octets, _ in cases)
        verdicts = subprocess.run([ours, "-"], input=text, check=True, capture_output=True, text=True).stdout.splitlines()
    kinds = collections.OrderedDict()
    wrong = agreed = 0
    for (role, asked, octets, says), we in zip(cases, verdicts):
        they = opinion(role, asked, octets)
        if we == they or we.split()[0] == they.split()[0] != "read":
            agreed += 1
            continue
        kind = None
        if we.startswith("read") and they.startswith("read"):
            kind, wrong = f"BOTH READ, NOT THE SAME ({role})", wrong + 1
        elif we.startswith("read"):
            reason = next((why for part, why in EXPLAINED.items() if part in they), None)
            wrong += reason is None
            kind = f"{role}: only we read: " + (reason or f"UNEXPLAINED: {they}")
        elif they.startswith("read"):
            kind = f"{role}: only h11 reads: {we}"
        else:
            kind = f"{role}: refused sooner or later: {we.split()[0]} and {they.split()[0]}"
        kinds.setdefault(kind, []).append((says, octets, we, they))
    for kind, examples in sorted(kinds.items(), key=lambda item: item[0]):
        says, octets, we, they = examples[0]
        print(f"{len(examples):6d}  {kind}\n        {says}: {octets[:160]!r}\n        {we[:100]} | {they[:100]}")
    print(f"{agreed} of {len(cases)} the same, {wrong} unexplained")
    sys.exit(wrong != 0)


main()
