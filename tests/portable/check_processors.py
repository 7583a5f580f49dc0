#!/usr/bin/env python3
"""Builds the tests of core, http and h1 for another processor and runs them in an emulator.

check_processors.py aarch64 | s390x | i686

Everything that reads or writes the wire rests on the scan of heads, which is written with the compiler's vector types.
Those are NEON on aarch64. s390x has its octets in the other order, i686 has no vectors, and 32 bits in a size_t.
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
import merge  # noqa: E402
from results import finish, report  # noqa: E402

SUITE = sys.argv[1]
EMULATOR = {"i686": "qemu-i386"}.get(SUITE, f"qemu-{SUITE}")
COMPILER = [f"{SUITE}-linux-gnu-g++", "-std=c++20", "-O1", "-D_FILE_OFFSET_BITS=64", "-Wall", "-Wextra", "-Wpedantic",
            "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wno-subobject-linkage", f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests'}"]
CATCH = pathlib.Path("/usr/include/catch2")


def compiled(folder, number, text):
    """An object file, or what the compiler said."""
    source, result = folder / f"{number}.cpp", folder / f"{number}.o"
    source.write_text(text, "utf-8")
    done = subprocess.run([*COMPILER, "-isystem", folder / "catch", "-c", source, "-o", result],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    said = done.stdout.decode("utf-8", "replace")
    return (result, said) if done.returncode == 0 else (None, said or f"exit status {done.returncode}")


def program_of(folder, texts):
    """The test program. Whatever a compiler says is a failure."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda each: compiled(folder, *each), enumerate(texts)))
    said = "".join(text for _, text in made)
    if said:
        report("failed", SUITE, "the tests compile without warnings", said)
    if any(result is None for result, _ in made):
        finish()
    program = folder / "tests"
    subprocess.run([COMPILER[0], *(result for result, _ in made), "-o", program, "-pthread", "-static"], check=True)
    return program


def main():
    if not (CATCH / "catch.hpp").exists():
        report("skipped", SUITE, "tests of core, http and h1", "Catch2 3 is a library, of this machine's processor")
        finish()
    files = sorted(file for part in ("core", "http", "h1") for file in (ROOT / "tests" / part).glob("*.cpp"))
    groups = merge.groups(files, 24)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "catch").mkdir()
        shutil.copytree(CATCH, folder / "catch" / "catch2")  # alone: what stands beside it is for this machine
        own = [ROOT / "tests" / "main.cpp", ROOT / "tests" / "allocations.cpp"]
        texts = [f'#include "{file}"\n' for file in own]
        texts += [merge.merged(group) if len(group) > 1 else f'#include "{group[0]}"\n' for group in groups]
        program = program_of(folder, texts)
        start = folder / "start"
        start.write_text(f'#!/bin/sh\nexec {EMULATOR} "{program}" "$@"\n', "utf-8")
        start.chmod(0o755)
        runner = ROOT / "tests" / "runner" / "catch_run.py"
        sys.exit(subprocess.run([sys.executable, runner, SUITE, start]).returncode)


main()
