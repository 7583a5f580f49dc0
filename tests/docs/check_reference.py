#!/usr/bin/env python3
"""Holds docs/reference.md, the index of every public name, to the headers.

  tests/docs/check_reference.py [--write]

With --write it makes the page anew. A name is public where it stands at the scope of a namespace that is not
`detail`; what is said of it is the first sentence of its docstring. The headers are laid out by clang-format,
so a declaration at such a scope begins in the first column, a member of a class in the third.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
from results import check, finish  # noqa: E402

HEADERS = ROOT / "include/tinyhttp"
PAGE = ROOT / "docs/reference.md"
FLOORS = {"core": "octets, results, coroutines, clocks", "http": "what messages mean (RFC 9110)", "h1": "the wire (RFC 9112), no I/O",
          "net": "sockets, loops, timers; no HTTP", "app": "handlers and what goes around them", "files": "static files over a confined directory",
          "server": "a handler behind a listener", "client": "requests out, whole answers in", "testing": "fake servers for unit tests",
          "tls": "https, by OpenSSL", "compression": "codings, by zlib, brotli and zstd", "": "headers beside the folders"}
INTRODUCTION = """# Reference

Every public name, by the header that declares it, with the first sentence that is said of it there; the header has the rest:
errors, lifetimes, threads, sections. Names are in `namespace tinyhttp`; a word before `::` is a namespace within it. Written by
`tests/docs/check_reference.py --write`.
"""
NO_NAMES = {"requires", "noexcept", "decltype", "alignas", "operator"}


def prose(lines):
    """The lines of a docstring in front of code, an empty line or a tag, as one."""
    until = next((at for at, line in enumerate(lines) if re.match(r"\s*$|\s*@| {4}", line)), len(lines))
    return " ".join(line.strip() for line in lines[:until])


def declarations(lines):
    """(namespace, declaration, docstring, body of a class) of what begins at a namespace's scope."""
    spaces, said, pending, body = [], [], "", None
    for line in lines:
        if body is not None:  # within a class, until it ends in the first column
            if line.startswith("}"):
                yield *begun, body
                body = None
            else:
                body.append(line)
        elif line.startswith("///"):
            said.append(line[3:])
        elif found := re.match(r"(?:inline )?namespace ([\w:]*) ?\{(.*)", line):
            if not found[2].strip().endswith("}"):
                spaces.append(found[1])
            said = []
        elif line.startswith("}"):
            if "// namespace" in line and spaces:
                spaces.pop()
            said, pending = [], ""
        elif pending or (line and line[0] not in " #/}"):
            behind = re.search(r"[;}] +// (.*)", line)
            line = without_comment(line)
            pending += " " + line.strip()
            if re.search(r"[{;]", line):
                begun = ("::".join(spaces), pending.strip(), prose(said) or (behind[1] if behind else ""))
                if re.match(r"(?:template ?<.*> )?(?:class|struct|enum class|enum) [^;]*\{$", begun[1]):
                    body = []
                else:
                    yield *begun, None
                pending, said = "", []
        elif not line:
            said = []


def without_comment(line):
    return re.sub(r" *//.*", "", line)


def without_template(text):
    """`text` behind its `template <...>`."""
    while text.startswith("template"):
        depth = 0
        for at in range(text.index("<"), len(text)):
            depth += {"<": 1, ">": -1}.get(text[at], 0)
            if depth == 0:
                break
        text = text[at + 1:].strip()
    return re.sub(r"^requires ?(?:\(.*?\)|.*?>) (?=[\w\[])", "", text)


def name_in(text):
    """The name that a declaration declares, or None: what is declared elsewhere, is special, or has none."""
    text = re.sub(r"\[\[.*?\]\] *|alignas\([^)]*\) *", "", without_template(text))
    while (less := re.sub(r"<[^<>]*>", "", text)) != text and "operator" not in text:
        text = less
    if found := re.match(r"(?:class|struct|enum class|enum) (\w+)(.?)", text):
        return None if found[2] in ("<", ";", ":") else found[1]
    if found := re.match(r"(?:concept|using) (\w+) =", text):
        return found[1]
    if re.match(r"(?:using|static_assert|extern|friend|typedef|public|private|explicit|~|return)\b", text):
        return None
    if found := re.search(r"\(\*(?:const )?(\w+)\)", text.partition("{")[0]):  # a pointer to a function
        return found[1]
    for name in re.findall(r"(~?[\w:]+) ?\(", text.split(" = ")[0]):
        if name not in NO_NAMES and not name.startswith("std::"):
            return None if "::" in name or "~" in name or "operator" in text.split("(")[0] else name
    found = re.search(r"([\w:]+)(?:\[\w*\])? ?(?:=|\{|;)", text)
    return found[1] if found and "::" not in found[1] and "operator" not in text else None


def names_in(text):
    """`name_in`, or each of a list of constants."""
    constants = re.fullmatch(r"static const \w+ ((?:\w+(?:, |;))+)", text)
    return re.findall(r"\w+", constants[1]) if constants else [name_in(text)]


def members(kind, name, body):
    """The names of a class's public members, in their order."""
    found, open_to_all, pending = {}, kind == "struct", ""
    for line in body:
        if access := re.match(r" (public|private|protected):", line):
            open_to_all = access[1] == "public"
        elif open_to_all and (pending or re.match(r"  [\w\[]", line)):
            line = without_comment(line)
            pending += " " + line.strip()
            if re.search(r"[{;]", line):
                for member in names_in(pending.strip()):
                    if member and member != name and (member == "continue_" or not member.endswith("_")):
                        found[member] = None
                pending = ""
    return list(found)


def values(text, body):
    """The names of an enumeration's values."""
    inside = text.partition("{")[2] + "\n".join(without_comment(line) for line in body or [])
    return re.findall(r"(?:^|,)\s*(\w+)", inside.partition("}")[0].strip())


def first_sentence(text):
    text = re.split(r"(?<=[.])(?: +|$)(?=[A-Z`\"(]|$)", text, maxsplit=1)[0].rstrip(".:;").removesuffix(", as in")
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text


def names_of(path):
    """{name: (what is said of it, its members)} of one header, in its order."""
    found = {}
    for space, text, said, body in declarations(path.read_text("utf-8").splitlines()):
        name = name_in(text)
        if not space or not name or re.search(r"\b(?:detail|os)\b", space):
            continue
        name = "::".join((space.split("::") + [name])[1:])
        known = found.get(name, ("", []))
        kind = re.match(r"enum|class|struct", without_template(text))
        inside = []
        if kind and kind[0] == "enum":
            inside = values(text, body)
        elif kind and body is not None:
            inside = members(kind[0], name.split("::")[-1], body)
        found[name] = (known[0] or first_sentence(said), known[1] or inside)
    return found


def purpose_of(path):
    lines = re.match(r"(?:// .*\n)+", path.read_text("utf-8"))[0].replace("// ", "").split("\n")
    return first_sentence(" ".join(lines).partition(" -- ")[2].strip())


def page():
    out = [INTRODUCTION]
    for floor, purpose in FLOORS.items():
        out.append(f"\n## {floor or 'Apart'}: {purpose}\n")
        for path in sorted((HEADERS / floor).glob("*.hpp")):
            names = names_of(path)
            if not names:
                continue
            where = path.relative_to(HEADERS)
            out.append(f"\n**[{where}](../include/tinyhttp/{where})**: {purpose_of(path)}\n\n")
            for name, (said, inside) in names.items():
                out.append(f"- `{name}`" + (f": {said}." if said else "") +
                           (f" Members: {', '.join(f'`{each}`' for each in inside)}." if inside else "") + "\n")
    return "".join(out)


def main():
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
        return
    made, there = page().splitlines(), PAGE.read_text("utf-8").splitlines()
    faults = [f"not in the page: {line}" for line in made if line not in there]
    faults += [f"no longer true: {line}" for line in there if line not in made]
    if not faults and made != there:
        faults = [f"a line out of its place: {line}" for line, wanted in zip(there, made) if line != wanted] or ["lines that are there twice"]
    check("docs", "the reference says what the headers say (tests/docs/check_reference.py --write)", faults[:20])
    finish()


main()
