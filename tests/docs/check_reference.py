#!/usr/bin/env python3
"""Holds docs/reference.md and docs/reference/, which show every public declaration, to the headers.

  tests/docs/check_reference.py [--write]

With --write it makes the pages anew. A name is public where it stands at the scope of a namespace that is not `detail`; shown are its
declaration and the first sentence of its docstring, of a class its public members, too. declarations.py reads the headers.

The blocks are fenced with ```c++, which nothing compiles: check_docs.py compiles what is fenced with ```cpp. What they say is true
because it is the headers' own text, and compared here.
"""
import dataclasses
import difflib
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
from declarations import declarations_of  # noqa: E402
from results import check, finish  # noqa: E402

HEADERS = ROOT / "include/tinyhttp"
INDEX = ROOT / "docs/reference.md"
WIDTH = 112
FLOORS = {"core": "octets, results, coroutines, clocks", "http": "what messages mean (RFC 9110)", "h1": "the wire (RFC 9112), no I/O",
          "net": "sockets, loops, timers; no HTTP", "app": "handlers and what goes around them", "files": "static files over a confined directory",
          "server": "a handler behind a listener", "client": "requests out, whole answers in", "testing": "fake servers for unit tests",
          "tls": "https, by OpenSSL", "compression": "codings, by zlib, brotli and zstd", "": "headers beside the folders"}
INTRODUCTION = """# Reference

Every public name, by the header that declares it. The page of each layer has the declarations, each with the first sentence that is
said of it in the header; the header has the rest: errors, lifetimes, threads, sections. Names are in `namespace tinyhttp`; a word
before `::` is a namespace within it. Written by `tests/docs/check_reference.py --write`.
"""
ABOVE = """
[All layers](../reference.md). Names are in `namespace tinyhttp`. Left out of declarations: `inline`, attributes, `requires`,
`constexpr` of functions, and copying, moving and destroying, unless there is something to say about it.
"""


# ---- text ----------------------------------------------------------------------------------------

def first_sentence(text):
    """The first one, and the second, too, where the first is but a word or two: `Any thread. Ends ...`."""
    first, *rest = re.split(r"(?<=[.])(?: +|$)(?=[A-Z`\"(]|$)", text, maxsplit=2)
    if len(first) < 20 and rest and not rest[0].endswith(":"):
        first = f"{first} {rest[0]}".strip()
    return first.rstrip(".:;").removesuffix(", as in")


def in_markdown(text):
    return text.replace("<", "&lt;") if "`" not in text else text


def wrapped(text, indent):
    """A declaration as lines of at most WIDTH where that is possible, broken behind the commas of its parameters."""
    lines, front = [], indent
    while len(front + text) > WIDTH:
        room, inside = WIDTH - len(front), text.find("(") + 1
        at = text.rfind(", ", inside, room) + 1 or (inside if not lines else 0) or text.rfind(", ", 0, room) + 1 or text.rfind(" ", 12, room)
        if at <= 0:
            break
        lines.append(front + text[:at])
        front, text = indent + "    ", text[at:].lstrip()
    return [*lines, front + text]


def required(text, indent):
    """A concept, with a line for each of its requirements."""
    parts = re.fullmatch(r"(.*? = .*?requires\([^{]*\) \{) (.*;) (\};)", text)
    if not parts or len(indent + text) <= WIDTH:
        return wrapped(text, indent)
    return [*wrapped(parts[1], indent), *(f"{indent}  {each}" for each in re.split(r"(?<=;) ", parts[2])), indent + parts[3]]


def comment(said, indent):
    return textwrap.wrap(first_sentence(said), WIDTH, initial_indent=indent + "// ", subsequent_indent=indent + "// ",
                         break_long_words=False, break_on_hyphens=False)


def remarked(one, text, indent):
    """A declaration with what is said of it: behind it, after a tab, if there is room, else above."""
    whole = f"{one.template} {text}" if one.template else text
    if one.said and len(f"{indent}{whole}  // {first_sentence(one.said)}") <= WIDTH:
        return [f"{indent}{whole}\t// {first_sentence(one.said)}"]
    if one.kind == "concept":
        return comment(one.said, indent) + required(whole, indent)
    if one.template and len(indent + whole) > WIDTH:
        return [*comment(one.said, indent), indent + one.template, *wrapped(text, indent)]
    return comment(one.said, indent) + wrapped(whole, indent)


def fenced(lines):
    """A block of code, with remarks behind consecutive lines below each other where there is room."""
    lines, at = list(lines), 0
    while at < len(lines):
        end = at
        while end < len(lines) and "\t" in lines[end]:
            end += 1
        both = [line.split("\t") for line in lines[at:end]]
        longest = max((len(code) for code, _ in both), default=0)
        fits = all(longest + 2 + len(said) <= WIDTH for _, said in both)
        lines[at:end] = [code.ljust(longest if fits else 0) + "  " + said for code, said in both]
        at = end + 1
    return "\n```c++\n" + "\n".join(lines) + "\n```\n"


# ---- what is shown -------------------------------------------------------------------------------

class library:
    """All classes of the headers by the last part of their name, so that what one inherits can be shown."""
    def __init__(self, texts):
        self.classes = {}
        for text in texts:
            self.take(declarations_of(text))

    def take(self, declarations):
        for one in declarations:
            if one.kind == "namespace":
                self.take(one.inside)
            elif one.kind == "class":
                self.classes.setdefault(plain(one.name), one)

    def members_of(self, of):
        """The public members of a class that are worth a line, with those of bases that nobody else shows."""
        found = [one for one in of.inside if one.access == "public" and is_shown(one, of)]
        found = [self.meant(one) for one in found]
        if any(one and one.ending == "0" for one in found):  # nobody makes one of these
            found = [one for one in found if one and one.text != f"{plain(of.name)}();"]
        for base in of.bases:
            if "detail::" in base and plain(base) in self.classes:
                base = self.classes[plain(base)]
                there = {(one.name, one.parameters) for one in found}
                found += [one for one in self.members_of(base)
                          if (one.name, one.parameters) not in there and one.name != plain(base.name)]
        found = [one for one in found if one]
        # What a signature calls by a name of its class's own is to be found out here.
        used = set(re.findall(r"\w+", " ".join(one.text for one in found)))
        return [dataclasses.replace(one, said="private") for one in of.inside
                if one.kind == "alias" and one.access != "public" and one.name in used] + found

    def meant(self, one):
        """What a using-declaration makes public."""
        if one.kind != "using":
            return one
        base, _, name = one.name.rpartition("::")
        there = self.classes.get(plain(base))
        return next((each for each in there.inside if each.name == name), None) if there else None


def plain(name):
    """The name alone: without namespaces and arguments."""
    return name.partition("<")[0].split("::")[-1]


def is_shown(one, of):
    """Whether a public member of `of` is worth a line: what nothing is said of is not, where it could not be missed."""
    if one.kind == "function" and not one.said:
        name = plain(of.name)
        is_copy = one.name in (name, "operator=") and re.fullmatch(rf"(?:const )?{name}(?:<.*>)?&&?(?: \w+)?", one.parameters)
        is_usual = is_copy or one.name.startswith("~") or (one.ending == "default" and one.name.startswith("operator"))
        return not is_usual and one.ending != "delete" and (one.has_body or not one.is_friend)
    if one.kind == "variable":
        return not all(name.endswith("_") for name in one.names)
    return bool(one.said if one.kind == "forward" else one.name)


def block_of(one, indent, all_of, name=None):
    """The lines that declare a class or an enumeration with what is in it."""
    if one.kind == "enum":
        head, inside = one.text.replace(one.name, name or one.name, 1) + " {", []
        if not any(each.said for each in one.inside):
            whole = f"{head[:-1]}{{ {', '.join(each.text for each in one.inside)} }};"
            return wrapped(whole, indent)
        for each in one.inside:
            inside += remarked(each, each.text + ",", indent + "  ")
    else:
        access = "public " if one.text == "class" else ""
        bases = ", ".join(access + base for base in one.bases if "detail::" not in base)
        head = f"{one.text} {name or one.name}" + (f" : {bases}" if bases else "")
        head = (f"{one.template} " if one.template else "") + head
        inside = [line for each in all_of.members_of(one) for line in lines_of(each, indent + "  ", all_of)]
        if not inside:
            return wrapped(head + (" {};" if not one.inside else ";"), indent)
        head += " {"
    return [*wrapped(head, indent), *inside, indent + "};"]


def lines_of(one, indent, all_of, name=None):
    if one.kind in ("class", "enum"):
        return comment(one.said, indent) + block_of(one, indent, all_of, name)
    text = one.text
    if name:  # with the namespaces in front
        behind = r"\(" if one.kind == "function" else r"[\[({ ;]"
        text = re.sub(rf"(?<![\w:.]){re.escape(one.name)}(?={behind})", name, text, count=1)
    if one.kind == "variable" and len(text) > 2 * WIDTH and " =" in text:  # a table
        text = text.partition(" =")[0] + ";"
    return remarked(one, text, indent)


def public_of(text):
    """(its name with namespaces, declaration) of what a header declares for others, each once."""
    found, known, nested = [], set(), set()

    def take(declarations, spaces):
        for one in declarations:
            if one.kind == "namespace":
                inner = spaces + one.name.split("::")
                if not {"detail", "os"} & set(inner):
                    take(one.inside, inner)
                continue
            if spaces[:1] != ["tinyhttp"] or not one.name or one.kind in ("forward", "using", "value"):
                continue
            if "::" in one.name.partition("<")[0] and not (one.kind == "class" and one.name in nested):
                continue
            if one.kind == "class":
                nested.update(f"{one.name}::{each.name}" for each in one.inside if each.kind == "forward" and each.access == "public")
            key = (one.kind, *spaces, one.name, one.parameters)
            if key not in known:
                known.add(key)
                found.append(("::".join([*spaces[1:], one.name]), one))

    take(declarations_of(text), [])
    return found


def section(header, all_of):
    """(the names of a header, its part of its layer's page)."""
    names, out, run = [], [], []

    def end_run():
        if run:
            out.append(fenced(run))
            run.clear()

    for name, one in public_of(header):
        names.append(name.partition("<")[0] if one.kind == "class" else name)
        if one.kind == "class":
            end_run()
            said = in_markdown(first_sentence(one.said))
            out.append(f"\n**`{name}`**" + (f": {said}." if said else "") + "\n")
            out.append(fenced(block_of(one, "", all_of, name)))
        else:
            run += lines_of(one, "", all_of, name)
    end_run()
    return list(dict.fromkeys(names)), "".join(out)


def purpose_of(path):
    lines = re.match(r"(?:// .*\n)+", path.read_text("utf-8"))[0].replace("// ", "").split("\n")
    return in_markdown(first_sentence(" ".join(lines).partition(" -- ")[2].strip()))


def capital(text):
    return text[0].upper() + text[1:] if re.match(r"[a-z]+[ ,:]", text) else text


def pages():
    """{path: text} of the index and of every layer."""
    headers = {floor: sorted((HEADERS / floor).glob("*.hpp")) for floor in FLOORS}
    all_of = library([path.read_text("utf-8") for paths in headers.values() for path in paths])
    index, made = [INTRODUCTION], {}
    for floor, purpose in FLOORS.items():
        page = INDEX.with_suffix("") / f"{floor or 'apart'}.md"
        index.append(f"\n## [{floor or 'Apart'}](reference/{page.name}): {purpose}\n\n")
        out = [f"# {floor or 'Apart'}: {purpose}\n{ABOVE}"]
        for path in headers[floor]:
            names, text = section(path.read_text("utf-8"), all_of)
            if not names:
                continue
            where = path.relative_to(HEADERS).as_posix()
            slug = re.sub(r"[^\w-]", "", where)
            index.append(f"- [{where}](reference/{page.name}#{slug}): {purpose_of(path)}. {', '.join(f'`{name}`' for name in names)}.\n")
            out.append(f"\n## {where}\n\n{capital(purpose_of(path))} ([header](../../include/tinyhttp/{where})).\n{text}")
        made[page] = "".join(out)
    return {INDEX: "".join(index), **made}


def differences(made, there):
    """Faults of the pages that are there, {path: text}, or of what is missing."""
    faults = [f"{path.name}: nothing makes this page" for path in there if path not in made]
    for path, text in made.items():
        before, after = there.get(path, "").splitlines(), text.splitlines()
        lines = [line for line in difflib.unified_diff(before, after, n=0, lineterm="") if not re.match(r"---|\+\+\+|@@", line)]
        faults += [f"{path.name}: {'not in the page' if line[0] == '+' else 'no longer true'}: {line[1:]}" for line in lines]
    return faults


# ---- the check of the check ----------------------------------------------------------------------

SAMPLE = r"""// sample.hpp -- a sample.
#pragma once
#define NOT_SHOWN(x) { x
namespace tinyhttp {
namespace detail {
struct base { void inherited(int x = '}'); /* { */ };
}  // namespace detail
enum class color : char { red, green = 2 };
enum class size : int {
  small,  // less than 1'000
  large,
};
/// The kinds. More about them.
template <class T, class U = void>
  requires(detail::is_fine<T> && sizeof(T) < 8) || std::is_same_v<T, int>
class [[nodiscard]] kept final : public detail::base, public std::string {
  int hidden();
  using own = T;

 public:
  explicit kept(int most = 1'000) : most_{most}, other_(1) {}
  kept(const kept&) = default;
  kept& operator=(const kept& other) { return *this; }
  kept(kept&&) = delete;  // stays where it is
  ~kept() { done(); }
  [[nodiscard, gnu::always_inline]] constexpr explicit operator bool() const noexcept { return true; }  // there is one
  bool operator==(const kept&) const = default;
  own& operator[](std::size_t at) & noexcept(noexcept(hidden()));
  template <class F>
    requires requires(F f) { { f(1) } -> std::same_as<int>; }
  void each(
      F&& f,  // called
      std::string_view text = "a // b; {",
      std::pair<int, int> both = {1, 2}) const;
  /// Any thread. Waits.
  virtual void wait() const = 0;
  void (*hook)(int) = nullptr;
  static constexpr std::size_t bound = std::size_t{1} << 20;
  struct options {
    int least{7};  // octets
    std::map<int, int> named = {};
  };
  class later;

 private:
  int most_ = 3;
};
template <class T, class U>
class kept<T, U>::later {
 public:
  int x = 0;
};
template <class Found = color>  // compiled only where it is used
[[nodiscard]] constexpr std::optional<Found> find(std::string_view text) noexcept;
template <class As = void, class T>
As make(T from) { return As(from); }
inline kept<int>::kept(int) {}
namespace net {
int find(int);  // the other one
}
template <class Found>
constexpr std::optional<Found> find(std::string_view text) noexcept { return {}; }
}  // namespace tinyhttp
"""
SAMPLE_PAGE = r"""
```c++
enum class color : char { red, green = 2 };
enum class size : int {
  small,  // less than 1'000
  large,
};
```

**`kept`**: The kinds. More about them.

```c++
template <class T, class U = void> class kept : public std::string {
  using own = T;  // private
  explicit kept(int most = 1'000);
  kept(kept&&) = delete;                    // stays where it is
  explicit operator bool() const noexcept;  // there is one
  own& operator[](std::size_t at) &;
  template <class F>
  void each(F&& f, std::string_view text = "a // b; {", std::pair<int, int> both = {1, 2}) const;
  virtual void wait() const = 0;  // Any thread. Waits
  void (*hook)(int) = nullptr;
  static constexpr std::size_t bound = std::size_t{1} << 20;
  struct options {
    int least{7};  // octets
    std::map<int, int> named = {};
  };
  void inherited(int x = '}');
};
```

**`kept::later`**

```c++
template <class T, class U> class kept::later {
  int x = 0;
};
```

```c++
std::optional<color> find(std::string_view text) noexcept;
template <class As = void, class T> As make(T from);
int net::find(int);  // the other one
```
"""


def self_test():
    names, text = section(SAMPLE, library([SAMPLE]))
    faults = differences({INDEX: SAMPLE_PAGE}, {INDEX: text})
    if names != ["color", "size", "kept", "kept::later", "find", "make", "net::find"]:
        faults.append(f"the names: {names}")
    for before, after in (("least{7}", "least{8}"), ("int most = 1'000)", "long most = 1'000)"), ("  large,", "  huge,"), ("find(int)", "find(long)")):
        changed = SAMPLE.replace(before, after)
        if not differences({INDEX: section(changed, library([changed]))[1]}, {INDEX: text}):
            faults.append(f"that {before} has become {after} is not noticed")
    if not differences({}, {INDEX: text}) or not differences({INDEX: text}, {}):
        faults.append("a page too few or too many is not noticed")
    check("docs", "what headers declare is read rightly", faults)


def names_not_there(index):
    """What the other pages call by `th::`, but the reference does not name: an oversight of its own."""
    known = set(re.findall(r"`([\w:]+)`", index))
    used = {name: page.name for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
            for name in re.findall(r"\bth::((?:[a-z]\w*::)*[a-z]\w*)", page.read_text("utf-8"))}
    return [f"{page} speaks of {name}" for name, page in used.items()
            if not any(part in known for part in (name, name.rpartition("::")[0], name.split("::")[0]))]


def main():
    made = pages()
    if sys.argv[1:] == ["--write"]:
        INDEX.with_suffix("").mkdir(exist_ok=True)
        for path, text in made.items():
            path.write_text(text, "utf-8")
        return
    self_test()
    there = {path: path.read_text("utf-8") for path in [INDEX, *INDEX.with_suffix("").glob("*.md")] if path.exists()}
    check("docs", "the reference says what the headers say (tests/docs/check_reference.py --write)", differences(made, there)[:20])
    check("docs", "the reference names what other pages speak of", names_not_there(made[INDEX]))
    finish()


main()
