#!/usr/bin/env python3
"""Writes one source file that holds several test files, so that what they share is compiled once.

merge.py OUTPUT SOURCE...

Each file stands in a namespace of its own, behind the includes of all. Compilers and Catch2 speak of
the files and lines that people wrote. Files with #if or #define, and those that need libraries, are
left alone. Templates that many tests use are then compiled once for a dozen files: less than half the time.
"""
import pathlib
import sys


def parts(file):
    """The includes of a test file, as they are to stand elsewhere; the rest; and the rest's line."""
    lines = file.read_text("utf-8").splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("#include"))
    includes = []
    for line in lines[:last + 1]:
        if line.startswith("#include"):
            name = line.split(None, 1)[1].strip('"<>')
            near = file.parent / name
            includes.append(f'#include "{near.resolve()}"' if near.exists() else line)
    return includes, lines[last + 1:], last + 2


def can_be_merged(file):
    lines = file.read_text("utf-8").splitlines()
    includes = [i for i, line in enumerate(lines) if line.startswith("#include")]
    others = [line for line in lines if line.startswith("#") and not line.startswith("#include")]
    if others or not includes or file.parent.name == "apart" or set('"\\') & set(str(file.resolve())):
        return False
    return all(line.startswith(("#", "//")) or not line.strip() for line in lines[:includes[-1]])


def groups(files, size):
    """Lists of files of one folder, at most `size` in each."""
    made = []
    for file in files:
        fits = made and len(made[-1]) < size and made[-1][0].parent == file.parent
        if fits and can_be_merged(file) and can_be_merged(made[-1][0]):
            made[-1].append(file)
        else:
            made.append([file])
    return made


def merged(files):
    text = []
    for file in files:
        text += parts(file)[0]
    for number, file in enumerate(files):
        _, rest, line = parts(file)
        text += [f"namespace merged_{number} {{", f'#line {line} "{file}"', *rest, "}"]
    return "\n".join(text) + "\n"


def main():
    files = [pathlib.Path(name) for name in sys.argv[2:]]
    for file in files:
        if not can_be_merged(file):  # any more: it was when the build was configured
            sys.exit(f"merge.py: {file} can no longer be merged: configure the build again")
    pathlib.Path(sys.argv[1]).write_text(merged(files), "utf-8")


if __name__ == "__main__":
    main()
