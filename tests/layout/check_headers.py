#!/usr/bin/env python3
"""Compiles every public header alone, and all of them in two translation units of one program.

Warnings are errors. Alone means: first and only in its translation unit, so that it includes what it
uses; twice, so that its guard works. What many of them include is compiled once for all that do. The
program of two units, by both compilers, shows that nothing is defined twice, and that a function static
and an inline variable are one thing in both. The examples, which the builds of tests/run compile with
g++, are compiled with clang here.
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

SUITE = "layout"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]
# Headers that stand apart: compiled only where their library is installed.
APART = {"tls.hpp": ["openssl/ssl.h"], "tls/session.hpp": ["openssl/ssl.h"], "tls/context.hpp": ["openssl/ssl.h"],
         "tls/authority.hpp": ["openssl/ssl.h"], "tls/resumption.hpp": ["openssl/ssl.h"],
         "testing_tls.hpp": ["openssl/ssl.h"], "digest.hpp": ["openssl/evp.h"],
         "compression.hpp": ["zlib.h", "brotli/decode.h", "zstd.h"], "compression/gzip.hpp": ["zlib.h"],
         "compression/encoded_body.hpp": [], "compression/gzip_encoder.hpp": ["zlib.h"],
         "compression/with_compression.hpp": ["zlib.h"], "compression/zstd_encoder.hpp": ["zstd.h"],
         "compression/brotli_encoder.hpp": ["brotli/encode.h"],
         "compression/brotli.hpp": ["brotli/decode.h"], "compression/zstd.hpp": ["zstd.h"]}
# Compiled once, for each header that includes it: that one sees no more than it would alone. Those that save
# most, the largest first.
SHARED = ["tls/resumption.hpp", "testing/behavior.hpp", "http/request.hpp", "http/body.hpp", "net/system.hpp",
          "core/ascii.hpp", "core/result.hpp"]
COMPILERS = {"g++": "g++"}
if os.environ.get("TINYHTTP_QUICK") != "1":
    COMPILERS["clang++"] = os.environ.get("TINYHTTP_CLANG") or "clang++-16"


def compile_text(compiler, text, arguments, include=ROOT / "include"):
    """What the compiler says about `text`, as lines; none when it is content."""
    return what_is_said([compiler, "-std=c++20", *WARNINGS, f"-I{include}", *arguments, "-x", "c++", "-"], text)


def what_is_said(command, text=""):
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    said = done.stdout.decode("utf-8", "replace").splitlines()
    return said or ([] if done.returncode == 0 else [f"exit status {done.returncode}"])


def alone(compiler, header, include=ROOT / "include", arguments=()):
    line = f"#include <tinyhttp/{header}>\n"
    return compile_text(compiler, line + line, ["-fsyntax-only", *arguments], include)


def reached(header, base, found):
    """The headers that `header` includes, whether itself or through others, are added to `found`."""
    for name in re.findall(r"^#include <tinyhttp/(.*)>", (base / header).read_text("utf-8"), re.M):
        if name not in found:
            found.add(name)
            reached(name, base, found)
    return found


def each_alone(headers, base):
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        once = {header: f"{folder}/{number}.hpp" for number, header in enumerate(SHARED)}

        def compile_shared(header):
            text = f"#include <tinyhttp/{header}>\n" * 2
            pathlib.Path(once[header]).write_text(text, "utf-8")  # where it does not compile, its users see the text
            return what_is_said(["g++", "-std=c++20", *WARNINGS, f"-I{base.parent}", "-x", "c++-header", once[header]])

        def faults_of(header):
            found = reached(header, base, {header})
            shared = [["-include", once[one]] for one in SHARED if one in found]
            return compiled.get(header) or alone("g++", header, arguments=shared[0] if shared else [])
        compiled = dict(zip(SHARED, pool.map(compile_shared, SHARED)))
        for header, faults in zip(headers, pool.map(faults_of, headers)):
            check(SUITE, f"{header} compiles alone", faults)


def example(file, compiled):
    return compile_text(COMPILERS["clang++"], f'#include "{file}"\n', ["-fsyntax-only", "-include-pch", compiled])


def compile_once(headers, result):
    """For clang's look at the examples. That they include what they use, g++ sees."""
    text = "".join(f"#include <tinyhttp/{header}>\n" for header in headers)
    subprocess.run([COMPILERS["clang++"], "-std=c++20", *WARNINGS, f"-I{ROOT / 'include'}", "-x", "c++-header",
                    "-", "-o", result], input=text.encode(), timeout=120, check=True)


def linked(compiler, headers, include=ROOT / "include"):
    stricter = [] if compiler == "g++" else ["-Wdocumentation", "-Wrange-loop-bind-reference"]  # g++ knows neither
    includes = "".join(f"#include <tinyhttp/{header}>\n" for header in headers)
    with tempfile.TemporaryDirectory() as folder:
        one, two, program = (f"{folder}/{name}" for name in ("one.o", "two.o", "program"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            units = pool.map(lambda unit: compile_text(compiler, unit[0], [*stricter, "-c", "-o", unit[1]], include),
                             [(includes + "int other(); int main() { return other(); }\n", one),
                              ("".join(reversed(includes.splitlines(True)))
                               + "int other(); int other() { return 0; }\n", two)])
            faults = [line for said in units for line in said]
        if faults:
            return faults
        libraries = ["-lssl", "-lcrypto"] if "tls.hpp" in headers else []  # others are called by no header's own code
        done = subprocess.run([compiler, one, two, "-pthread", *libraries, "-o", program], timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            return done.stdout.decode("utf-8", "replace").splitlines()
        ran = subprocess.run([program], timeout=60)
        return [] if ran.returncode == 0 else [f"the program ended with {ran.returncode}"]


def costs_nothing_unused(compiler, header, include=ROOT / "include"):
    """No tables of virtual functions where nothing is used: compilers make them, and all they lead to,
    wherever the first virtual function that is not declared inline in its class is defined."""
    with tempfile.TemporaryDirectory() as folder:
        unit = f"{folder}/unit.o"
        faults = compile_text(compiler, f"#include <tinyhttp/{header}>\n", ["-c", "-o", unit], include)
        if faults:
            return faults
        symbols = subprocess.run(["nm", "-C", unit], stdout=subprocess.PIPE, check=True).stdout.decode()
    return [f"an unused {line.split(' ', 2)[2]}" for line in symbols.splitlines() if " V vtable for tinyhttp::" in line]


def in_a_unity_build(compiler, include=ROOT / "include"):
    """Handlers whose types have no linkage, in a source that another one includes: g++ warns of what would hold them."""
    source = """#include <tinyhttp/app/router.hpp>
        static tinyhttp::router site() {
          tinyhttp::router app;
          app.get("/", [](const tinyhttp::request& r) { return tinyhttp::text(r.body.text()); });
          return app;
        }
        """
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "site.cpp").write_text(source, "utf-8")
        both = '#include "site.cpp"\nint main() { return site()(tinyhttp::request::get("/")).status.code() == 200 ? 0 : 1; }\n'
        return compile_text(compiler, both, ["-fsyntax-only", f"-I{folder}"], include)


def usable(header, compiler):
    needed = "".join(f"#include <{name}>\n" for name in APART.get(header, []))
    return not needed or not compile_text(compiler, needed, ["-fsyntax-only"])


def self_test():
    bad = {
        "a name it does not include": ("inline std::string f();", alone),
        "a warning": ("inline int f(long x) { return x; }", alone),
        "a missing guard": (None, alone),
        "a function that is not inline": ("int f() { return 1; }", linked),
        "a table of virtual functions": ("namespace tinyhttp { struct s { virtual ~s() = default; virtual void f(); };\n"
                                         "inline void s::f() {} }", costs_nothing_unused),
    }
    for what, (body, test) in bad.items():
        with tempfile.TemporaryDirectory() as folder:
            include = pathlib.Path(folder)
            (include / "tinyhttp").mkdir()
            text = "struct s {};\n" if body is None else f"#pragma once\n{body}\n"
            (include / "tinyhttp" / "bad.hpp").write_text(text, "utf-8")
            header = ["bad.hpp"] if test is linked else "bad.hpp"
            noticed = test("g++", header, include)
            check(SUITE, f"the check of headers notices {what}", [] if noticed else ["it does not"])


def examples_compile_with_clang(headers):
    examples = sorted((ROOT / "examples").glob("*.cpp"))
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        compiled = f"{folder}/headers.pch"
        compile_once(headers, compiled)
        for file, faults in zip(examples, pool.map(lambda one: example(one, compiled), examples)):
            check(SUITE, f"{file.name} compiles with clang++", faults)


def main():
    self_test()
    base = ROOT / "include" / "tinyhttp"
    headers = [file.relative_to(base).as_posix() for file in sorted(base.rglob("*.hpp"))]
    headers = [header for header in headers if usable(header, "g++")]
    each_alone(headers, base)
    if "clang++" in COMPILERS:
        examples_compile_with_clang(headers)
    for umbrella in ("tinyhttp.hpp", *(header for header in ("tls.hpp",) if header in headers)):
        check(SUITE, f"{umbrella} costs nothing where it is not used", costs_nothing_unused("g++", umbrella))
    check(SUITE, "handlers in a unity build are not warned of", in_a_unity_build("g++"))
    for name, compiler in COMPILERS.items():
        check(SUITE, f"all headers compile and link in two translation units with {name}",
              linked(compiler, headers))
    finish()


main()
