#!/usr/bin/env python3
"""Prints the source files of the tests or the examples, one a line, relative to their folder.

sources.py examples
sources.py tests [--filter WORD,...] [--tags TAG,...] [--merge N]

With --merge, a line has up to N files that may be compiled as one (merge.py). A filter word is a part of a path such as tests/http/range.cpp; a tag is a Catch2 tag without its
brackets. Of several words or tags, one is enough.
"""
import argparse
import pathlib

import merge

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["core", "http", "h1", "net", "app", "files", "server", "client", "testing", "apart", "wire"]


def words(text):
    return [word for word in text.split(",") if word]


def test_files():
    for folder in FOLDERS:
        yield from sorted((ROOT / "tests" / folder).rglob("*.cpp"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["tests", "examples"])
    parser.add_argument("--filter", type=words, default=[])
    parser.add_argument("--tags", type=words, default=[])
    parser.add_argument("--merge", type=int, default=1)
    options = parser.parse_args()

    if options.what == "examples":
        for file in sorted((ROOT / "examples").glob("*.cpp")):
            print(file.name)
        return
    chosen = []
    for file in test_files():
        if options.filter and not any(w in file.relative_to(ROOT).as_posix() for w in options.filter):
            continue
        if options.tags and not any(f"[{t}]" in file.read_text("utf-8") for t in options.tags):
            continue
        chosen.append(file)
    for group in merge.groups(chosen, options.merge):
        print(*(file.relative_to(ROOT / "tests").as_posix() for file in group))


main()
