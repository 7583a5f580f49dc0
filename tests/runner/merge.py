#!/usr/bin/env python3
"""Writes one source file that holds several test files, so that what they share is compiled once.

merge.py OUTPUT SOURCE...

Each file stands in a namespace of its own, behind the includes of all. Compilers and Catch2 speak of
the files and lines that people wrote. Files with #define or with #if among their includes are left alone.
Templates that many tests use are then compiled once for three dozen files: less than half the time.
"""
import pathlib
import re
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


# Folders whose tests use much in common. They come first: what takes longest should not be what a build waits for.
ALIKE = [["client", "testing", "apart"], ["files", "server", "wire"]]


def can_be_merged(file):
    lines = file.read_text("utf-8").splitlines()
    includes = [i for i, line in enumerate(lines) if line.startswith("#include")]
    if not includes or set('"\\') & set(str(file.resolve())):
        return False
    if any(re.match(r"# *(?!if|else|elif|endif)", line) for line in lines[includes[-1] + 1:]):
        return False
    return all(line.startswith(("#include", "//")) or not line.strip() for line in lines[:includes[-1]])


def groups(files, size):
    """Lists of files of like folders, at most `size` in each, about equally many."""
    made = []
    others = dict.fromkeys(file.parent.name for file in files if file.parent.name not in sum(ALIKE, []))
    for folders in [*ALIKE, *([name] for name in others)]:
        alike = [file for file in files if file.parent.name in folders]
        together = [file for file in alike if can_be_merged(file)]
        count = -(-len(together) // size)
        made += [together[len(together) * i // count:len(together) * (i + 1) // count] for i in range(count)]
        made += [[file] for file in alike if file not in together]
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
