#!/usr/bin/env python3
"""The tests of the fake server, again and again while the processors are busy with something else: none
may fail, ever. TINYHTTP_LONG=1: ten thousand times instead of twice, which takes an hour; then run this file
by itself, with TINYHTTP_BUILD=build/plain/examples, for tests/run would stop it."""
import contextlib
import os
import pathlib
import subprocess
import time
import unittest

# What is exact to the octet or waits for something; not what takes long or forks.
CORE = ('[sender],[journal],[script],[memory_stream],[call],'
        '[fake_server]~"a thousand fixtures in one process leave nothing behind"'
        '~"a refused port stays ours, and comes back as often as it is told to"'
        '~"a black hole neither accepts nor refuses",'
        '"a download may run in threads instead of processes"')
RUNS = 10_000 if os.environ.get("TINYHTTP_LONG") == "1" else 2


def tests():
    """The test program, where it was built with these tests in it."""
    build = os.environ.get("TINYHTTP_BUILD")
    made = pathlib.Path(build).parent / "tests" / "tests" if build else None
    if not made or not made.exists():
        raise unittest.SkipTest("the test program is not built")
    listed = subprocess.run([made, CORE], env={**os.environ, "TINYHTTP_TEST_LIST": "1"}, stdout=subprocess.PIPE)
    if len(listed.stdout.splitlines()) < 40:
        raise unittest.SkipTest("the test program is built without these tests")
    return made


@contextlib.contextmanager
def busy_processors():
    hogs = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


class Repeats(unittest.TestCase):
    def test_none_fails_however_often_it_runs(self):
        program = tests()
        begun = time.monotonic()
        with busy_processors():
            for number in range(RUNS):
                done = subprocess.run([program, CORE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
                self.assertEqual(done.returncode, 0, f"run {number + 1}:\n" + done.stdout.decode("utf-8", "replace"))
        print(f"note: the core of the fake server's tests passed {RUNS} times in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    unittest.main()
