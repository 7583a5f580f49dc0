#!/usr/bin/env python3
"""Holds the table of bounds in docs/conformance.md to what is there.

Every row names an option that exists, the default it has, and a test that exists; and no bound of
h1/limits.hpp, server/options.hpp or their patience is missing. Run by tests/run, or by hand.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
from results import check, finish  # noqa: E402

HEADERS = {"limits": "h1/limits.hpp", "server_options": "server/options.hpp", "patience": "server/options.hpp",
           "client_options": "client/options.hpp", "retry_options": "client/retry.hpp",
           "resolver_options": "net/resolver.hpp",
           "decode_limits": "http/content_coding.hpp", "compression_options": "compression/with_compression.hpp", "cookie_limits": "http/cookie_store.hpp",
           "multipart_limits": "http/multipart_parser.hpp", "event_limits": "http/events.hpp"}
FUNCTIONS = {"parse_form": "http/form.hpp"}  # whose last parameter is the bound
ALL_OF = ("limits", "server_options", "patience", "decode_limits", "cookie_limits", "multipart_limits", "event_limits")
NO_BOUNDS = {"port", "threads", "listening_fd"}  # numbers that bound nothing
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1000, "": 1}


def options():
    """{struct::member: its default, in octets, in milliseconds or as it is} of all numeric members."""
    found = {}
    for struct, header in HEADERS.items():
        text = (ROOT / "include/tinyhttp" / header).read_text("utf-8")
        text = re.sub(r"std::uint64_t\{(\d+)\}", r"\1", text).replace("'", "")
        body = re.search(r"^struct %s \{\n(.*?)^\};" % struct, text, re.S | re.M)[1]
        for name, value in re.findall(r"^  (?:std::(?:size_t|uint\d+_t|chrono::milliseconds)|int|unsigned) (\w+)"
                                      r"(?: = |\{)([^;}]+)[;}]", body, re.M):
            if name in NO_BOUNDS:
                continue
            if not re.fullmatch(r"[\d *<()+]+", value):
                raise SystemExit(f"check_bounds.py: cannot read the default of {struct}::{name}: {value}")
            found[f"{struct}::{name}"] = eval(value)
    for function, header in FUNCTIONS.items():
        text = (ROOT / "include/tinyhttp" / header).read_text("utf-8")
        name, value = re.search(r" %s\([^)]*std::size_t (\w+) = (\d+)\);" % function, text).groups()
        found[f"{function}::{name}"] = int(value)
    return found


def rows():
    text = (ROOT / "docs/conformance.md").read_text("utf-8")
    table = re.search(r"^\| bound \| default \| option \| test \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)[1]
    for line in table.splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]


def faults_of(row, known):
    bound, default, option, test = row
    option = option.strip("`")
    if option not in known:
        return [f"{bound}: no option {option}"]
    faults = []
    number, unit = re.match(r"(\d+) ?(KiB|MiB|GiB|s\b|)", default).groups()
    if "read ahead" not in bound and int(number) * UNITS[unit] != known[option]:
        faults.append(f"{bound}: the default is {known[option]}, not {default}")
    file, name = re.fullmatch(r'`(tests/[\w/.]+)` "(.+)"', test).groups()
    path = ROOT / file
    if not path.is_file() or f'TEST_CASE("{name}"' not in path.read_text("utf-8"):
        faults.append(f"{bound}: no test in {file} is called: {name}")
    return faults


def main():
    known, table = options(), list(rows())
    faults = [fault for row in table for fault in faults_of(row, known)]
    named = {row[2].strip("`") for row in table}
    faults += [f"{option} is in no row" for option in known
               if option.split("::")[0] in ALL_OF and option not in named]
    check("docs", "the table of bounds names options, defaults and tests that are there", faults)
    wrong = [["x", "9 KiB", "`limits::target`", '`tests/server/bounds.cpp` "no such test"'],
             ["x", "1", "`limits::nothing`", '`tests/server/bounds.cpp` "x"']]
    check("docs", "a row that is wrong would be noticed",
          [] if [len(faults_of(row, known)) for row in wrong] == [2, 1] else ["it was not"])
    finish()


main()
