#!/usr/bin/env python3
"""Prints the source files of the tests or the examples, one a line, relative to their folder.

sources.py examples
sources.py tests [--filter WORD,...] [--tags TAG,...]

A filter word is a part of a path such as tests/http/range.cpp; a tag is a Catch2 tag without its
brackets. Of several words or tags, one is enough.
"""
import argparse
import pathlib

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
    options = parser.parse_args()

    if options.what == "examples":
        for file in sorted((ROOT / "examples").glob("*.cpp")):
            print(file.name)
        return
    for file in test_files():
        if options.filter and not any(w in file.relative_to(ROOT).as_posix() for w in options.filter):
            continue
        if options.tags and not any(f"[{t}]" in file.read_text("utf-8") for t in options.tags):
            continue
        print(file.relative_to(ROOT / "tests").as_posix())


main()
