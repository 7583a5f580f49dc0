#!/usr/bin/env python3
"""Each .cpp file in this folder must be refused by the compilers, for the reason that it names.

A file holds one mistake and the line

    // error: REGEX

which is searched for in what the compiler says; of several such lines one is enough, since compilers
speak differently. A line `// compile: -std=c++17` has the mistake compiled with that. With -DCONTROL the same file must compile
without a warning: the mistake stands inside #ifndef CONTROL, so that nothing else can be what is refused.
The largest headers are compiled once for all files.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
from results import check, finish  # noqa: E402

SUITE = "must_not_compile"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]
COMPILERS = {"g++": "g++"}
if os.environ.get("TINYHTTP_QUICK") != "1":
    COMPILERS["clang++"] = os.environ.get("TINYHTTP_CLANG") or "clang++-16"
SHARED = "#include <tinyhttp/testing/fake_server.hpp>\n#include <tinyhttp/app/router.hpp>\n"


def compile_shared(compiler, folder):
    """Arguments by which a file sees what is shared. Where it does not compile, the files say why."""
    header = pathlib.Path(folder, "shared.hpp")
    header.write_text(SHARED, "utf-8")
    compiled = f"{header}.gch" if compiler == "g++" else f"{header}.pch"
    subprocess.run([compiler, "-std=c++20", *WARNINGS, f"-I{ROOT}/include", "-x", "c++-header", header, "-o", compiled],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    return ["-include", header]


def compile_file(compiler, file, *arguments):
    done = subprocess.run([compiler, "-std=c++20", *WARNINGS, f"-I{ROOT}/include", "-fsyntax-only",
                           *arguments, str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def faults_of(compiler, file, shared=()):
    text = file.read_text("utf-8")
    wanted = re.findall(r"^// error: (.+?)\s*$", text, re.M)
    more = re.findall(r"^// compile: (\S+)$", text, re.M)
    if not wanted:
        return ["it has no line `// error: REGEX`"]
    status, said = compile_file(compiler, file, "-DCONTROL", *shared)
    if status != 0:
        return ["with -DCONTROL it must compile:", *said.splitlines()]
    status, said = compile_file(compiler, file, *(more or shared))  # which was compiled without them
    if status == 0:
        return ["it compiles"]
    shown = ("error:", "note:", "= delete;")  # what is deleted says why on its line, which compilers quote
    errors = "\n".join(line for line in said.splitlines() if any(mark in line for mark in shown))
    if not any(re.search(pattern, errors) for pattern in wanted):
        return [f"it is refused, but for another reason than {' or '.join(wanted)}:", *said.splitlines()]
    return []


def self_test():
    mistakes = {
        "compiles after all": "// error: x\nint main() {}\n",
        "is refused for another reason": "// error: narrowing\n#ifndef CONTROL\nint f() { return y; }\n#endif\n",
        "has a mistake in its control": "// error: y\nint f() { return y; }\n",
        "names no error": "int f() { return y; }\n",
    }
    for what, text in mistakes.items():
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "x.cpp"
            file.write_text(text, "utf-8")
            check(SUITE, f"a file that {what} is noticed", [] if faults_of("g++", file) else ["it is not"])


def main():
    self_test()
    files = sorted(pathlib.Path(__file__).parent.glob("*.cpp"))
    wanted = [(name, file) for name in COMPILERS for file in files]
    with tempfile.TemporaryDirectory() as above, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folders = {name: pathlib.Path(above, name) for name in COMPILERS}
        for folder in folders.values():
            folder.mkdir()
        shared = dict(zip(COMPILERS, pool.map(lambda name: compile_shared(COMPILERS[name], folders[name]), COMPILERS)))
        judged = pool.map(lambda each: faults_of(COMPILERS[each[0]], each[1], shared[each[0]]), wanted)
        for (name, file), faults in zip(wanted, judged):
            check(SUITE, f"{file.name} is refused by {name}", faults)
    finish()


main()
