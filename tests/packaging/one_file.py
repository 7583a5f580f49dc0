"""Writes tinyhttp as one header, for programs that would rather copy a file than a folder.

    python3 tests/packaging/one_file.py > tinyhttp.hpp
    python3 tests/packaging/one_file.py tinyhttp.hpp testing.hpp tls.hpp > tinyhttp.hpp

Without names: all that needs no other library. A program includes that file or the folder, not both.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = re.compile(r"#include <tinyhttp/([\w/]+\.hpp)>")


def one_file(names):
    """The octets of all these headers and what they include, each once, in the order of inclusion."""
    licence = (ROOT / "LICENSE").read_text("utf-8").strip().splitlines()
    lines = [f"// {line}".rstrip() for line in licence] + ["#pragma once", ""]
    seen = set()

    def add(name):
        if name in seen:
            return
        seen.add(name)
        depth = 0  # of conditions: what stands in one is not left out elsewhere
        for line in (ROOT / "include" / "tinyhttp" / name).read_text("utf-8").splitlines():
            depth += line.startswith("#if")
            depth -= line.startswith("#endif")
            ours = OURS.match(line)
            if ours and depth > 0:
                raise ValueError(f"{name}: {line} in a condition")
            if ours:
                add(ours[1])
            elif line.startswith("#include") and depth == 0:
                if line not in seen:
                    lines.append(line)
                seen.add(line)
            elif line != "#pragma once":
                lines.append(line)

    for name in names:
        add(name)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(one_file(sys.argv[1:] or ["tinyhttp.hpp"]))
    except OSError as failed:
        sys.exit(f"one_file.py: {failed.filename}: {failed.strerror}")
