#!/usr/bin/env python3
"""Holds include/tinyhttp to the plan of the house: floors, costs, and the safe subset of coroutines.

Every check is a function from a tree of sources to a list of faults, and each is first shown a tree
that breaks its rule: a check that cannot fail proves nothing. Run by tests/run, or by hand.

With --write-umbrella it writes include/tinyhttp/tinyhttp.hpp anew from the headers that are there.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
from results import check, finish  # noqa: E402

SUITE = "layout"

# What each floor may include besides itself. The root holds the umbrella, which may include all,
# and headers that stand apart because they need a third-party library.
BELOW = {
    "core": [],
    "http": ["core"],
    "compression": ["app", "http", "core"],
    "h1": ["http", "core"],
    "net": ["core"],
    "tls": ["net", "core"],
    "app": ["http", "core"],
    "files": ["app", "http", "core"],
    "server": ["files", "app", "h1", "net", "http", "core"],
    "client": ["files", "app", "h1", "net", "http", "core"],
    "testing": ["client", "server", "files", "app", "h1", "net", "http", "core"],
}
UMBRELLA = "tinyhttp.hpp"
TESTING = "testing.hpp"  # the umbrella of floor 6, which the other one leaves out: only tests pay for it
# What neither has: for the few tests that name it.
BY_NAME = {"testing/recording.hpp": "needs the client, which testing.hpp does not"}
# Headers and folders that need a third-party library: never in the umbrella, which changes nothing by them.
APART = {"tls.hpp": "OpenSSL", "tls": "OpenSSL", "testing_tls.hpp": "OpenSSL", "digest.hpp": "OpenSSL",
         "compression.hpp": "zlib, brotli and zstd", "compression": "zlib, brotli or zstd"}

# Who may talk to the operating system, apart from the whole of net/.
MAY_TOUCH_THE_SYSTEM = {
    "core/thread.hpp": "starts threads, sleeps in them",
    "files/directory.hpp": "opens files, beneath a root",
    "files/segment_walk.hpp": "the same where the kernel can't confine",
    "files/system.hpp": "descriptors, errno in words, chance: what the two share",
    "files/upload.hpp": "writes files beneath a root: temporary file, fsync, rename",
    "client/local_file.hpp": "opens the user's own files to send",
    "client/part_file.hpp": "writes the user's own files: what is downloaded",
    "server/signals.hpp": "waits for signals, for programs that ask for it",
    "testing/": "makes temporary directories, reads the clock",
}
SYSTEM_HEADER = re.compile(
    r"^(sys|netinet|arpa|net|linux)/|^(unistd|fcntl|poll|netdb|dirent|signal|pthread|dlfcn|termios|"
    r"syslog|pwd|grp|sched|semaphore|glob|ifaddrs)\.h$|^csignal$")

# Standard headers that cost every user's compile more than they bring.
COSTLY = {"regex", "iterator", "iostream", "fstream", "sstream", "filesystem", "functional", "iomanip", "locale",
          "random", "future", "ostream", "istream", "execution"}
# In tests programs pay for these anyway, and where a library is needed it is as large.
COSTLY_BUT_IN_TESTS = {"algorithm", "atomic", "condition_variable", "memory", "mutex", "thread"}
# What of a costly header is needed, in place of all of it: the header of ours, theirs, and the part that libstdc++ has.
PARTS = {"core/chrono.hpp": ("chrono", "bits/chrono.h"), "core/mutex.hpp": ("mutex", "bits/std_mutex.h")}

# Lines that the preprocessor leaves (g++ -E -P). `budget` is where the design wants us; `ceiling`
# is where we are, so that it can only get better: lower it whenever the count has fallen.
LINES = {
    "core, http and h1": {"floors": ["core", "http", "h1"], "budget": 40_000, "ceiling": 36_400},
    "tinyhttp.hpp": {"floors": ["core", "http", "h1", "net", "app", "files", "server", "client"], "budget": 60_000, "ceiling": 52_300},
    "the whole library": {"floors": None, "budget": 60_000, "ceiling": 77_300},
}


def load(root=ROOT):
    """The headers: {path below include/tinyhttp: text}."""
    base = root / "include" / "tinyhttp"
    return {file.relative_to(base).as_posix(): file.read_text("utf-8")
            for file in sorted(base.rglob("*.hpp"))}


def includes(text):
    """(line number, name, whether in angle brackets) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[2], found[1] == "<"


def floor_of(path):
    return path.split("/")[0] if "/" in path else ""


def is_apart(path):
    return path in APART or floor_of(path) in APART


def code_of(text):
    """The text without comments and without what stands in quotes; lines stay where they are."""
    def blank(match):
        token = match[0]
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + "_" * (len(token) - 2) + token[-1] if len(token) > 1 else token
    pattern = (r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"'
               r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'")
    return re.sub(pattern, blank, text, flags=re.S)


# ---- the checks ----------------------------------------------------------------------------------

def point_down(tree):
    faults = []
    for path, text in tree.items():
        floor = floor_of(path)
        if floor and floor not in BELOW:
            faults.append(f"{path}: the folder {floor} is no floor")
        for number, name, angled in includes(text):
            if not angled:
                faults.append(f"{path}:{number}: include \"{name}\" with <> and its path from include/")
            if not name.startswith("tinyhttp/"):
                continue
            target = name.removeprefix("tinyhttp/")
            if target not in tree:
                faults.append(f"{path}:{number}: {name} does not exist")
            elif not floor or target == "version.hpp":
                continue
            elif floor_of(target) == "":
                faults.append(f"{path}:{number}: {floor} includes {name}, which stands on no floor")
            elif floor_of(target) not in [floor, *BELOW.get(floor, [])]:
                faults.append(f"{path}:{number}: {floor} may not include {name}")
    return faults


def acyclic(tree):
    """No header includes itself by way of others."""
    graph = {path: [name.removeprefix("tinyhttp/") for _, name, _ in includes(text)
                    if name.startswith("tinyhttp/")] for path, text in tree.items()}
    faults, done = [], set()

    def visit(path, trail):
        if path in trail:
            faults.append(" -> ".join([*trail[trail.index(path):], path]))
        elif path not in done:
            for target in graph.get(path, []):
                visit(target, [*trail, path])
            done.add(path)
    for path in graph:
        visit(path, [])
    return faults


def leave_the_system_alone(tree):
    faults = []
    for path, text in tree.items():
        if floor_of(path) == "net" or is_apart(path):
            continue
        if any(path == allowed or (allowed.endswith("/") and path.startswith(allowed))
               for allowed in MAY_TOUCH_THE_SYSTEM):
            continue
        faults += [f"{path}:{number}: <{name}> is the operating system's"
                   for number, name, _ in includes(text) if SYSTEM_HEADER.search(name)]
    return faults


def include_nothing_costly(tree):
    faults = []
    for path, text in tree.items():
        everywhere = floor_of(path) == "testing" or is_apart(path)
        for number, name, _ in includes(text):
            if name in PARTS.get(path, ()):
                continue
            if name in COSTLY or name == "chrono" or (not everywhere and name in COSTLY_BUT_IN_TESTS):
                faults.append(f"{path}:{number}: <{name}> costs too many lines here")
    return faults


def need_no_library(tree):
    """Besides tinyhttp, only headers of C++, C and the system."""
    allowed = re.compile(r"^[a-z_]+$|^(emm|xmm|imm|tmm|smm|nmm)intrin\.h$|^(arm_neon|stdint|time)\.h$")
    return [f"{path}:{number}: <{name}> belongs to no standard"
            for path, text in tree.items() if not is_apart(path)
            for number, name, _ in includes(text)
            if not name.startswith("tinyhttp/") and not allowed.match(name)
            and not SYSTEM_HEADER.search(name) and name not in PARTS.get(path, ())]


def umbrella_is_complete(tree):
    if UMBRELLA not in tree:
        return [f"{UMBRELLA} is missing"]
    listed = [name.removeprefix("tinyhttp/") for _, name, _ in includes(tree[UMBRELLA])]
    small = [name.removeprefix("tinyhttp/") for _, name, _ in includes(tree.get(TESTING, ""))]
    faults = []
    for path in tree:
        if path in (UMBRELLA, TESTING) or path in BY_NAME or is_apart(path):
            continue
        home, place = (TESTING, small) if floor_of(path) == "testing" else (UMBRELLA, listed)
        if path not in place:
            faults.append(f"{path} is missing from {home}")
    faults += [f"{UMBRELLA} includes {path}, which only tests should pay for" for path in listed
               if floor_of(path) == "testing" or path == TESTING]
    faults += [f"{UMBRELLA} includes {path}, which stands apart" for path in listed if is_apart(path)]
    faults += [f"{UMBRELLA} includes {path} twice" for path in set(listed) if listed.count(path) > 1]
    order = ["", *BELOW]
    floors = [order.index(floor_of(path)) for path in listed if floor_of(path) in order]
    if floors != sorted(floors):
        faults.append(f"{UMBRELLA} is not grouped floor by floor: " + ", ".join(BELOW))
    return faults


def open_with_their_name(tree):
    faults = []
    for path, text in tree.items():
        first = text.split("\n", 1)[0]
        if not re.match(rf"// tinyhttp/{re.escape(path)} -- \S", first):
            faults.append(f"{path}:1: must be `// tinyhttp/{path} -- purpose`, is `{first}`")
        if text.count("#pragma once") != 1:
            faults.append(f"{path}: wants one `#pragma once`")
    return faults


def define_no_macros(tree):
    return [f"{path}:{number}: {line.strip()}"
            for path, text in tree.items() if path != "version.hpp"
            for number, line in enumerate(code_of(text).splitlines(), 1)
            if re.match(r"\s*#\s*(define|undef)\b", line)]


def name_nothing_as_macros_do(tree):
    """Words that a program's other libraries make macros of, in small letters: Qt's."""
    return [f"{path}:{number}: `{word}`"
            for path, text in tree.items()
            for number, line in enumerate(code_of(text).splitlines(), 1)
            if not line.lstrip().startswith("#")
            for word in re.findall(r"\b(slots|signals|emit|foreach|forever)\b", line)]


def closing(code, start):
    """The position behind the bracket that closes the one at `start`."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    depth = 0
    for position in range(start, len(code)):
        if code[position] in pairs:
            depth += 1
        elif code[position] in pairs.values():
            depth -= 1
            if depth == 0:
                return position + 1
    return len(code)


def awaited(code, start):
    """The operand of the co_await whose keyword ends at `start`."""
    depth, position = 0, start
    while position < len(code):
        c = code[position]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth < 0:
                break
        elif c == ";" or (c == "," and depth == 0):
            break
        position += 1
    return code[start:position]


OWNING = re.compile(r"\b(std\s*::\s*)?(string|vector|function|make_unique|make_shared|to_string|"
                    r"unique_ptr|shared_ptr|any_handler|response|request|fields)\s*(<[^<>;]*>)?\s*\(")


def awaits_safely(tree):
    """The patterns for which some g++ since 10 makes wrong code: a lambda, braces or an owning
    temporary inside an awaited expression, a structured binding of its result, and a coroutine
    destroyed from within await_suspend."""
    faults = []
    for path, text in tree.items():
        code = code_of(text)
        def fault(position, what):
            faults.append(f"{path}:{code.count(chr(10), 0, position) + 1}: {what}")
        for found in re.finditer(r"\bco_await\b", code):
            operand = awaited(code, found.end())
            if re.search(r"(^|[(,=&|?:{]|\breturn)\s*\[", operand):
                fault(found.start(), "a lambda inside an awaited expression")
            elif "{" in operand:
                fault(found.start(), "braces inside an awaited expression")
            if OWNING.search(operand):
                fault(found.start(), "an owning temporary inside an awaited expression")
            if re.search(r"\bauto\s*(const)?\s*&{0,2}\s*\[[^\]]*\]\s*=\s*\(*\s*$", code[:found.start()]):
                fault(found.start(), "a structured binding of what was awaited")
        for found in re.finditer(r"\bawait_suspend\s*\(", code):
            head = closing(code, found.end() - 1)
            body = re.match(r"[^;{]*\{", code[head:])
            if body:
                begin = head + body.end() - 1
                inside = code[begin:closing(code, begin)]
                destroyed = re.search(r"(\.|->)\s*destroy\s*\(", inside)
                if destroyed:
                    fault(begin + destroyed.start(), "a coroutine destroyed from within await_suspend")
    return faults


def version_is_one(tree, build=None):
    build = (ROOT / "meson.build").read_text("utf-8") if build is None else build
    wanted = re.search(r"^\s*version:\s*'([^']+)'", build, re.M)
    text = tree.get("version.hpp", "")
    parts = [re.search(rf"#define TINYHTTP_VERSION_{part} (\d+)", text)
             for part in ("MAJOR", "MINOR", "PATCH")]
    whole = re.search(r'#define TINYHTTP_VERSION "([^"]+)"', text)
    if not wanted or not whole or not all(parts):
        return ["meson.build or version.hpp does not tell its version"]
    told = {wanted[1], whole[1], ".".join(part[1] for part in parts)}
    return [] if len(told) == 1 else ["the versions differ: " + ", ".join(sorted(told))]


def preprocessed_lines(tree, floors, root=ROOT):
    source = "".join(f"#include <tinyhttp/{path}>\n" for path in tree
                     if not is_apart(path) and (floors is None or floor_of(path) in floors))
    done = subprocess.run(["g++", "-std=c++20", f"-I{root}/include", "-E", "-P", "-x", "c++", "-"],
                          input=source.encode(), stdout=subprocess.PIPE, timeout=60, check=True)
    return done.stdout.count(b"\n")


def are_short(tree):
    """A header has one subject, and fewer than 350 lines but for an addition of late; what needs more has two."""
    return [f"{path}: {text.count(chr(10))} lines" for path, text in tree.items() if text.count("\n") > 360]


def cost(lines, ceiling):
    return [] if lines <= ceiling else [f"{lines:,} preprocessed lines; the ceiling is {ceiling:,}"]


# ---- each check against a tree that breaks its rule ----------------------------------------------

def good_tree(**changes):
    tree = {
        "tinyhttp.hpp": "// tinyhttp/tinyhttp.hpp -- all\n#pragma once\n"
                        "#include <tinyhttp/version.hpp>\n#include <tinyhttp/core/a.hpp>\n"
                        "#include <tinyhttp/h1/b.hpp>\n#include <tinyhttp/net/c.hpp>\n",
        "version.hpp": "// tinyhttp/version.hpp -- v\n#pragma once\n#define TINYHTTP_VERSION_MAJOR 1\n"
                       "#define TINYHTTP_VERSION_MINOR 2\n#define TINYHTTP_VERSION_PATCH 3\n"
                       '#define TINYHTTP_VERSION "1.2.3"\n',
        "core/a.hpp": "// tinyhttp/core/a.hpp -- a\n#pragma once\n#include <string>\n",
        "h1/b.hpp": "// tinyhttp/h1/b.hpp -- b\n#pragma once\n#include <tinyhttp/core/a.hpp>\n",
        "net/c.hpp": "// tinyhttp/net/c.hpp -- c\n#pragma once\n#include <sys/socket.h>\n",
    }
    for path, extra in changes.items():
        path = path.replace("__", "/") + ".hpp"
        tree[path] = tree.get(path, f"// tinyhttp/{path} -- x\n#pragma once\n") + extra + "\n"
    return tree


def coroutine(body):
    return good_tree(net__c="task<int> f() {\n" + body + "\n}")


BAD = {
    point_down: [
        good_tree(core__a="#include <tinyhttp/h1/b.hpp>"),
        good_tree(h1__b="#include <tinyhttp/net/c.hpp>"),
        good_tree(net__c="#include <tinyhttp/h1/b.hpp>"),
        good_tree(net__c="#include <tinyhttp/tinyhttp.hpp>"),
        good_tree(net__c="#include <tinyhttp/net/none.hpp>"),
        good_tree(net__c='#include "d.hpp"'),
        good_tree(detail__d=""),
    ],
    acyclic: [good_tree(core__a="#include <tinyhttp/h1/b.hpp>")],
    leave_the_system_alone: [
        good_tree(core__a="#include <sys/stat.h>"),
        good_tree(h1__b="#  include <unistd.h>"),
        good_tree(files__plan="#include <fcntl.h>"),
        good_tree(app__x="#include <netinet/in.h>"),
        good_tree(server__x="#include <csignal>"),
    ],
    include_nothing_costly: [
        good_tree(net__c="#include <regex>"), good_tree(testing__x="#include <functional>"),
        good_tree(h1__b="#include <algorithm>"), good_tree(net__c="#include <chrono>"), good_tree(app__a="#include <memory>"),
    ],
    need_no_library: [good_tree(net__c="#include <openssl/ssl.h>"), good_tree(net__c="#include <bits/chrono.h>"),
                      good_tree(net__c="#include <boost/asio.hpp>")],
    umbrella_is_complete: [
        good_tree(net__d=""), good_tree(tinyhttp="#include <tinyhttp/core/a.hpp>"),
        good_tree(tls="", tinyhttp="#include <tinyhttp/tls.hpp>"),
        good_tree(compression__x="", tinyhttp="#include <tinyhttp/compression/x.hpp>"),
        {path: text for path, text in good_tree().items() if path != UMBRELLA},
        good_tree(core__z="", tinyhttp="#include <tinyhttp/core/z.hpp>"),
        good_tree(testing__y="", testing=""),
        good_tree(testing__y="", testing="#include <tinyhttp/testing/y.hpp>",
                  tinyhttp="#include <tinyhttp/testing/y.hpp>"),
    ],
    open_with_their_name: [
        {**good_tree(), "core/a.hpp": "// a.hpp\n#pragma once\n"},
        {**good_tree(), "core/a.hpp": "// tinyhttp/core/a.hpp -- a\n"},
    ],
    define_no_macros: [good_tree(core__a="#define MAX 1"), good_tree(core__a=" # undef MAX")],
    name_nothing_as_macros_do: [good_tree(core__a="struct a { int slots; };"), good_tree(net__c="void emit();")],
    awaits_safely: [
        coroutine("co_await run([x] { return 1; });"),
        coroutine("co_await [] () -> task<int> { co_return 1; }();"),
        coroutine("co_await send(options{.port = 1});"),
        coroutine("co_await send(std::string(text));"),
        coroutine("co_await send(std::vector<int>(3));"),
        coroutine("auto [a, b] = co_await pair();"),
        coroutine("const auto& [a, b] = co_await pair();"),
        good_tree(net__c="struct a { void await_suspend(std::coroutine_handle<> h) noexcept "
                         "{ if (x) { h.destroy(); } } };"),
    ],
    version_is_one: [good_tree()],
    are_short: [good_tree(core__a="\n" * 360)],
}
GOOD = [
    coroutine("// co_await run([x] {});\nauto got = co_await list[3].next(a, b[1]); "
              "if (co_await more(got)) { x(); }"),
    coroutine("const auto [a, b] = split(co_await_name); g(co_await next(\"{[\"), [] { return 1; });"),
    good_tree(net__c="struct a { void await_suspend(std::coroutine_handle<> h) { post(h); }\n"
                     "~a() { h.destroy(); } };"),
    good_tree(compression__x="#include <zlib.h>\n#include <tinyhttp/core/a.hpp>"),
    good_tree(core__a="// #define X\n/* #include <regex>\n#define Y */"),
]


def self_test():
    for rule, trees in BAD.items():
        faults = [f"bad tree {number} was not noticed" for number, tree in enumerate(trees, 1)
                  if not (rule(tree, "version: '1.2.4'") if rule is version_is_one else rule(tree))]
        for number, tree in enumerate([good_tree(), *GOOD], 1):
            found = rule(tree, "  version: '1.2.3'") if rule is version_is_one else rule(tree)
            faults += [f"good tree {number} was refused: {fault}" for fault in found]
        check(SUITE, f"the check that headers {words(rule)} can fail, and does not without reason",
              faults)
    check(SUITE, "the check of preprocessed lines can fail", [] if cost(11, 10) and not cost(10, 10)
          else ["it cannot"])


def words(rule):
    return rule.__name__.replace("_", " ")


FLOORS = {
    "core": "layer 0: octets, results, tasks, time",
    "http": "layer 1: what messages mean (RFC 9110)",
    "h1": "layer 2: the wire format, without I/O (RFC 9112)",
    "net": "layer 2: sockets, readiness, timers; no HTTP",
    "app": "layer 3: from request to response",
    "files": "layer 4: files as responses",
    "server": "layer 5: a handler behind a listener",
    "client": "layer 5: requests to other hosts",
}


def umbrella(tree):
    text = ("// tinyhttp/tinyhttp.hpp -- every header that needs no other library.\n"
            "//\n// Each may be included alone, which compiles faster. A header knows its own layer and those\n"
            "// above it on this page, except that h1 and net do not know each other. Layer 6 is in testing.hpp.\n"
            "#pragma once\n\n#include <tinyhttp/version.hpp>\n")
    for floor, title in FLOORS.items():
        paths = [path for path in tree if floor_of(path) == floor]
        if paths:
            text += f"\n// {title}\n" + "".join(f"#include <tinyhttp/{path}>\n" for path in paths)
    return text


def main():
    if sys.argv[1:] == ["--write-umbrella"]:
        (ROOT / "include" / "tinyhttp" / UMBRELLA).write_text(umbrella(load()), "utf-8")
        return
    self_test()
    tree = load()
    for rule in BAD:
        check(SUITE, f"headers {words(rule)}", rule(tree))
    for what, limit in LINES.items():
        lines = preprocessed_lines(tree, limit["floors"])
        over = lines - limit["budget"]
        verdict = f"{over:,} over" if over > 0 else f"{-over:,} below"
        print(f"note: preprocessed lines of {what}: {lines:,}, {verdict} the budget of {limit['budget']:,}")
        check(SUITE, f"preprocessed lines of {what}", cost(lines, limit["ceiling"]))
    finish()


main()
