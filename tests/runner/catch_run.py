#!/usr/bin/env python3
"""Runs a Catch2 program and accounts for every single test case of it.

catch_run.py SUITE PROGRAM [--stall SECONDS] [Catch2 test specs...]

The tests run in one process. When that process crashes, or a test shows no end for `--stall`
seconds, the test that was running has failed and the rest go on in a new process; what still could
not be run counts as failed too. Output is shown only when something failed.
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time

from results import finish, report

MAX_PROCESSES = 20  # a suite in which more tests than this crash needs no further proof


def spec_of(names):
    """A Catch2 test spec that means exactly these names."""
    def quoted(name):
        return "".join("\\" + c if c in '\\,[]"*~' else c for c in name)
    return ",".join(quoted(name) for name in names)


def listed(program, specs):
    answer = subprocess.run([program, *specs], env={**os.environ, "TINYHTTP_TEST_LIST": "1"},
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=True)
    lines = answer.stdout.decode("utf-8", "replace").splitlines()
    return [line.split("\t", 1)[1] for line in lines if "\t" in line]


def read_journal(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n").split("\t", 2) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def run_once(program, specs, stall, folder):
    """One process. Returns its journal, what it printed, and how it ended ('' when regularly)."""
    journal = os.path.join(folder, "journal")
    output = os.path.join(folder, "output")
    if os.path.exists(journal):
        os.unlink(journal)
    with open(output, "wb") as out:
        child = subprocess.Popen([program, *specs, "--durations", "no"], stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                                 env={**os.environ, "TINYHTTP_TEST_JOURNAL": journal})
        seen, since, ended = 0, time.monotonic(), ""
        while child.poll() is None:
            time.sleep(0.05)
            size = os.path.getsize(journal) if os.path.exists(journal) else 0
            if size != seen:
                seen, since = size, time.monotonic()
            elif time.monotonic() - since > stall:
                ended = f"no end after {stall:g} seconds"
                os.killpg(child.pid, signal.SIGABRT)
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        if not ended and child.returncode < 0:
            ended = f"ended by {signal.Signals(-child.returncode).name}"
        elif not ended and child.returncode != 0:
            ended = f"exit status {child.returncode}"
    with open(output, "rb") as file:
        return read_journal(journal), file.read().decode("utf-8", "replace"), ended


def show(output):
    lines = output.splitlines()
    print("\n".join(lines[:2000]))
    if len(lines) > 2000:
        print(f"... and {len(lines) - 2000} lines more")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite")
    parser.add_argument("program")
    parser.add_argument("--stall", type=float, default=60)
    parser.add_argument("specs", nargs="*")
    options = parser.parse_intermixed_args()

    specs = list(options.specs)
    left = listed(options.program, specs)
    if not left:
        report("failed", options.suite, "no test case was selected", " ".join(specs))
        finish()

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(MAX_PROCESSES):
            journal, output, ended = run_once(options.program, specs, options.stall, folder)
            done, running, any_failed = set(), None, False
            for what, name, *why in journal:
                if what == "started":
                    running = name
                    continue
                running = None
                if name in done:
                    continue
                done.add(name)
                any_failed |= what == "failed"
                report(what, options.suite, name, *why)
            if running is not None:
                done.add(running)
                report("failed", options.suite, running, f"  while it ran: {ended or 'it vanished'}")
            if ended and running is None and not any_failed:
                # Every test passed and yet: a leak, a data race at exit, a crash in a destructor.
                report("failed", options.suite, "the test process", f"  {ended}")
            if ended or any_failed:
                show(output)
            left = [name for name in left if name not in done]
            if not left or not done:
                break
            specs = [spec_of(left)]
        for name in left:
            report("failed", options.suite, name, "  it did not run")
    finish()


if __name__ == "__main__":
    main()
