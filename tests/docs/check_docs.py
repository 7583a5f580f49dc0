#!/usr/bin/env python3
"""Compiles every piece of C++ in README.md and docs/*.md, and runs what says that it can be run.

For those who write pages. Every block fenced with ```cpp is compiled, warnings as errors; there is no
way out. What stands in HTML comments directly above a block says how, invisibly to the reader:

    (nothing)                    a block with `int main` is a program and stands as it is; any other
                                 is the body of a function, which may use co_await and co_return
    <!-- file-scope -->          functions, types and the like: not inside of a function
    <!-- given: CODE -->         what the reader is to imagine in front of the block: th::request r;
    <!-- recipe: FILE -->        the body of a function that is called. All recipes of a page are one
                                 program, with FILE included first; `wrong_checks` is to stay 0
    <!-- continues -->           stands behind the block before it, and what that one continues
    <!-- file: NAME.cpp -->      also saved under this name for the shell blocks of the page
    <!-- run: ARGS; expect: TEXT -->
                                 a program: runs it; it must end with status 0 and print TEXT
    <!-- serve: ARGS; get: PATH; expect: TEXT -->
                                 a program that serves until it is told to stop: starts it, waits for
                                 a line with http://..., fetches PATH from there (or the whole URL
                                 that is given instead), and finds TEXT in the answer

Blocks that are no programs see <tinyhttp/tinyhttp.hpp> and `namespace th = tinyhttp`. ARGS, get and
expect may be left out; \\n in TEXT is a line's end.

A block fenced with ```sh is left alone, unless one of these stands above it:

    <!-- run; expect: TEXT -->   its commands are run by bash -e in a fresh copy of the project, which
                                 all shell blocks of a page share; it must end with status 0
    <!-- serve; get: PATH; expect: TEXT -->
                                 as above; what it starts goes on to the end of the page, so that
                                 later blocks can talk to it
    `seconds: N` with either     when it may take longer than two minutes

Declarations are fenced with ```c++, which nothing compiles: in docs/reference/ only, where check_reference.py holds them to the headers.

With arguments, such as docs/client.md, only those pages. Beside that: README.md has fewer than 200 lines, and links to files of ours lead to files.
"""
import concurrent.futures
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
import copies  # noqa: E402
from results import check, finish  # noqa: E402

SUITE = "docs"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]
PRELUDE = ("#include <tinyhttp/tinyhttp.hpp>\n\n#include <cassert>\n#include <chrono>\n#include <cstdio>\n"
           "#include <string>\n#include <string_view>\n"
           "#include <utility>\n#include <vector>\n\n"
           "namespace th = tinyhttp;\nusing namespace std::chrono_literals;\n")
# A snippet shows; it need not use all that it names.
SNIPPET = ["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-unused-function"]
KEYS = {"file-scope", "given", "continues", "recipe", "file", "run", "serve", "get", "expect", "seconds"}


class block:
    def __init__(self, page, line, language, text, comments):
        self.page, self.line, self.language, self.text = page, line, language, text
        self.says, self.faults = {}, []
        self.before = None  # the block that this one continues
        for comment in comments:
            self.read(comment)

    def read(self, comment):
        key, _, value = comment.partition(":")
        if key.strip() == "given":
            self.says["given"] = value.strip()
            return
        for part in comment.split(";"):
            key, _, value = part.partition(":")
            if key.strip() in KEYS:
                self.says[key.strip()] = value.strip().replace("\\n", "\n")
            else:
                self.faults.append(f"the comment above it says `{key.strip()}`, which means nothing")

    def name(self):
        return f"{self.page}:{self.line}"

    def is_recipe(self):
        return self.language == "cpp" and "recipe" in self.says

    def is_code(self):
        return self.language == "cpp" and not self.is_recipe()

    def is_program(self):
        return re.search(r"\bint main\s*\(", self.text) is not None


def blocks_of(text, page):
    """The fenced blocks of a page, each with the comments that stand directly above it."""
    blocks, comments, lines, at = [], [], text.splitlines(), 0
    while at < len(lines):
        line = lines[at]
        fence = re.match(r"^( *)(`{3,}|~{3,})\s*([\w+-]*)", line)
        if fence:
            begin, body = at + 1, []
            at += 1
            while at < len(lines) and not re.match(rf"^ *{fence[2]}\s*$", lines[at]):
                body.append(lines[at].removeprefix(fence[1]))
                at += 1
            blocks.append(block(page, begin, fence[3], "\n".join(body) + "\n", comments))
            comments = []
        elif line.strip().startswith("<!--"):
            comment = line.strip()
            while "-->" not in comment and at + 1 < len(lines):
                at += 1
                comment += "\n" + lines[at]
            comments.append(comment.removeprefix("<!--").split("-->")[0].strip())
        elif line.strip():
            comments = []
        at += 1
    before = None
    for one in blocks:
        if one.language == "cpp":
            one.before = before if "continues" in one.says else None
            if "continues" in one.says and before is None:
                one.faults.append("there is no block before it to continue")
            before = one
    return blocks


# ---- C++ -----------------------------------------------------------------------------------------

def source_of(one):
    """What a block that is no program shows, with the prelude to come before it."""
    chain = [one]
    while chain[0].before is not None:
        chain.insert(0, chain[0].before)
    outside, inside = "", ""
    for part in chain:
        given = part.says.get("given", "") + "\n"
        located = f'#line {part.line + 1} "{part.page}"\n{part.text}'
        includes = "".join(re.findall(r"^#include.*\n", part.text, re.M))
        located = re.sub(r"^#include.*$", "", located, flags=re.M)
        outside = includes + outside
        if "file-scope" in part.says or part.is_program():
            outside += given + located
        else:
            inside += given + located
    text = outside
    if inside:
        kind = "tinyhttp::task<void>" if re.search(r"\bco_(await|return)\b", inside) else "void"
        text += f"namespace {{\n[[maybe_unused]] {kind} snippet() {{\n{inside}}}\n}}\n"
    return text


def compile_prelude(folder, include=ROOT / "include"):
    """What all snippets see, compiled once. Where that fails, the snippets compile it and say why."""
    header = pathlib.Path(folder) / "prelude.hpp"
    header.write_text(PRELUDE, "utf-8")
    subprocess.run(["g++", "-std=c++20", *WARNINGS, *SNIPPET, f"-I{include}", "-x", "c++-header", header, "-o", f"{header}.gch"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)


def see_the_prelude_only(blocks):
    """Those of the blocks that include and define nothing by themselves: a macro would be all the others' too."""
    return [one for one in blocks if not one.is_program() and not re.search(r"^\s*#\s*(?:include|define)", source_of(one), re.M)]


def are_fine(blocks, folder, include=ROOT / "include"):
    """Whether blocks that see the prelude only, each in a namespace of its own, compile without a word: in a
    fraction of the time that each by itself takes, which then need not be done."""
    text = "".join(f"namespace block_{number} {{\n{source_of(one)}}}\n" for number, one in enumerate(blocks))
    done = subprocess.run(["g++", "-std=c++20", *WARNINGS, *SNIPPET, "-Wno-subobject-linkage", f"-I{include}", f"-I{folder}",
                           "-fsyntax-only", "-x", "c++", "-"], input=f'#include "prelude.hpp"\n{text}'.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    return done.returncode == 0 and not done.stdout


def compile_block(one, folder, include=ROOT / "include"):
    """Faults, and the program if it is one. The folder is one with a prelude."""
    program = None
    if one.is_program() and one.before is None and "given" not in one.says:
        text, arguments = f'#line {one.line + 1} "{one.page}"\n{one.text}', []
    else:
        text, arguments = '#include "prelude.hpp"\n' + source_of(one), SNIPPET
    if one.is_program() and ("run" in one.says or "serve" in one.says):
        program = f"{folder}/{pathlib.Path(one.page).stem}-{one.line}"
        arguments = [*arguments, "-O1", "-pthread", "-o", program]
    else:
        arguments = [*arguments, "-fsyntax-only", f"-I{folder}"]
    # The source bears the page's name, so that messages lead to the page, and so that the compiler
    # takes what stands there for the main file.
    place = pathlib.Path(folder) / str(one.line)
    (place / one.page).parent.mkdir(parents=True, exist_ok=True)
    (place / one.page).write_text(text, "utf-8")
    done = subprocess.run(["g++", "-std=c++20", *WARNINGS, f"-I{include}", *arguments, "-x", "c++", one.page],
                          cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    said = done.stdout.decode("utf-8", "replace").splitlines()
    return said or ([] if done.returncode == 0 else ["the compiler failed"]), program


def judging(pool, blocks, folder):
    """For each block a function that waits for, and returns, what compile_block says of it."""
    together = see_the_prelude_only(blocks)
    judged = {one: pool.submit(compile_block, one, folder).result for one in blocks if one not in together}
    for half in (together[::2], together[1::2]):
        fine = pool.submit(are_fine, half, folder)
        for one in half:
            judged[one] = lambda one=one, fine=fine: ([], None) if fine.result() else compile_block(one, folder)
    return judged


# ---- running -------------------------------------------------------------------------------------

def run(command, one, folder):
    limit = float(one.says.get("seconds") or 120)
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit)
    except subprocess.TimeoutExpired as late:
        return [f"no end after {limit:g} seconds", *(late.stdout or b"").decode("utf-8", "replace").splitlines()]
    said = done.stdout.decode("utf-8", "replace")
    faults = [] if done.returncode == 0 else [f"exit status {done.returncode}"]
    if one.says.get("expect", "") not in said:
        faults.append(f"it does not print: {one.says['expect']}")
    return [*faults, *said.splitlines()] if faults else []


class served:
    """A command that goes on until it is told to stop."""
    def __init__(self, command, folder):
        self.output = tempfile.NamedTemporaryFile()
        self.child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.output,
                                      stderr=subprocess.STDOUT, start_new_session=True)

    def said(self):
        with open(self.output.name, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def faults(self, one):
        """Waits until the page's request is answered as the page says."""
        get, expect = one.says.get("get", ""), one.says.get("expect", "")
        end = time.monotonic() + float(one.says.get("seconds") or 120)
        why = "it never said http://..."
        while time.monotonic() < end:
            url = get if get.startswith("http://") else None
            told = re.search(r"http://[\w.\[\]:-]+", self.said())
            if url is None and told:
                url = told[0] + "/" + get.lstrip("/")
            if url is not None:
                try:
                    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                    with opener.open(url, timeout=10) as answer:
                        body = answer.read().decode("utf-8", "replace")
                    if expect in body:
                        return []
                    return [f"{url} does not hold: {expect}", *body.splitlines()[:50]]
                except OSError as error:
                    why = f"{url}: {error}"
            if self.child.poll() is not None:
                why = f"it ended with status {self.child.returncode}"
                break
            time.sleep(0.05)
        return [why, *self.said().splitlines()]

    def stop(self):
        """Asks it to end, as a service manager would. Returns what was wrong with that."""
        faults = []
        try:
            os.killpg(self.child.pid, signal.SIGTERM)
            status = self.child.wait(15)
            if status not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
                faults.append(f"told to stop it ended with status {status}")
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            faults.append("it went on for 15 seconds after it was told to stop")
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        self.output.close()
        return faults


def run_page(page, blocks, programs):
    """Runs what is to be run of a page, from its top to its end."""
    running, folder, faults = [], None, {one: [] for one in blocks}
    shell = [one for one in blocks if one.language in ("sh", "bash") and {"run", "serve"} & one.says.keys()]
    with tempfile.TemporaryDirectory() as above:
        folder = pathlib.Path(above) / "tinyhttp"
        if shell:
            copies.fresh_copy(folder)
        else:
            folder.mkdir()
        try:
            for one in blocks:
                if "file" in one.says:
                    (folder / one.says["file"]).write_text(one.text, "utf-8")
                if one in programs:
                    key = "run" if "run" in one.says else "serve"
                    command = [programs[one], *shlex.split(one.says[key])]
                elif one in shell:
                    command = ["bash", "-e", "-c", one.text]
                else:
                    continue
                if "run" in one.says:
                    faults[one] += run(command, one, folder)
                else:
                    running.append((one, served(command, folder)))
                    faults[one] += running[-1][1].faults(one)
        finally:
            for one, process in reversed(running):
                faults[one] += process.stop()
    for one in blocks:
        if one in shell or one in programs:
            check(SUITE, f"{one.name()} runs", faults[one])


def recipe_program(recipes, root=ROOT):
    """One translation unit: each recipe a function, and a main that calls them and says what went wrong."""
    text = "".join(f'#include "{root / name}"\n' for name in sorted({one.says["recipe"] for one in recipes}))
    text += "#include <cstdio>\n#include <exception>\n"
    for one in recipes:
        text += f'static void recipe_{one.line}() {{\n#line {one.line + 1} "{one.page}"\n{one.text}}}\n'
    text += "int main() {\n"
    for one in recipes:
        text += (f'  wrong_checks = 0;\n  std::puts("recipe {one.line}");\n  try {{ recipe_{one.line}(); }} '
                 'catch (const std::exception& failed) { ++wrong_checks; std::puts(failed.what()); }\n'
                 f'  std::printf("%s {one.line}\\n", wrong_checks == 0 ? "well" : "ill");\n  std::fflush(stdout);\n')
    return text + "}\n"


def libraries_of(recipes, root=ROOT):
    """What the files of recipes say that they link with."""
    said = [re.search(r"^// Links with: (.*)$", (root / name).read_text("utf-8"), re.M)
            for name in sorted({one.says["recipe"] for one in recipes})]
    return [library for one in said if one for library in one[1].split()]


def run_recipes(recipes, root=ROOT):
    """Faults, by recipe, of a page's recipes."""
    if not recipes:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "recipes.cpp").write_text(recipe_program(recipes, root), "utf-8")
        built = subprocess.run(["g++", "-std=c++20", *WARNINGS, *SNIPPET, f"-I{root / 'include'}", "-pthread",
                                "-o", "recipes", "recipes.cpp", *libraries_of(recipes, root)],
                               cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        said = built.stdout.decode("utf-8", "replace")
        if built.returncode == 0:
            try:
                said = subprocess.run(["./recipes"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=120).stdout.decode("utf-8", "replace")
            except subprocess.TimeoutExpired as late:
                said = (late.stdout or b"").decode("utf-8", "replace") + "no end after 120 seconds\n"
    faults = {}
    for one in recipes:
        part = re.search(rf"^recipe {one.line}\n(.*?)(?=^recipe |\Z)", said, re.M | re.S)
        lines = (part[1] if part else said).splitlines()
        faults[one] = [] if f"well {one.line}" in lines else lines or ["it ended before this"]
    return faults


# ---- links and length ----------------------------------------------------------------------------

def dead_links(text, page, root=ROOT):
    faults = []
    text = re.sub(r"^( *)(`{3,}).*?^ *\2", "", text, flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:|#", target):
            continue
        if not (root / page).parent.joinpath(target.split("#")[0]).exists():
            faults.append(f"{page} links to {target}, which does not exist")
    return faults


# ---- the check of the checks ---------------------------------------------------------------------

SAMPLE = """# Sample
```cpp
int x = 1; (void)x; no_such_name();
```
<!-- rum -->
```cpp
int y = 1; (void)y;
```
<!-- given: int z = 0; -->
```cpp
z += 1;
```
<!-- continues -->
```cpp
z += 2;
```
<!-- file-scope -->
```cpp
int twice(int a) { return 2 * a; }
```
<!-- run: a b; expect: argc 3 -->
```cpp
#include <cstdio>
int main(int argc, char**) { std::printf("argc %d\\n", argc); }
```
<!-- run; expect: other -->
```cpp
#include <cstdio>
int main() { std::puts("this"); }
```
<!-- recipe: checks.hpp -->
```cpp
if (false) ++wrong_checks;
```
<!-- recipe: checks.hpp -->
```cpp
++wrong_checks;
```
"""


def self_test():
    blocks = blocks_of(SAMPLE, "sample.md")
    fine = ["bad", "bad", "fine", "fine", "fine", "fine", "fine"]
    runs = {5: True, 6: False}
    faults = [] if len(blocks) == len(fine) + 2 else [f"{len(blocks)} blocks found"]
    with tempfile.TemporaryDirectory() as folder:
        include = pathlib.Path(folder) / "include"
        (include / "tinyhttp").mkdir(parents=True)
        (include / "tinyhttp" / "tinyhttp.hpp").write_text("namespace tinyhttp {}\n", "utf-8")
        compile_prelude(folder, include)
        for number, (one, wanted) in enumerate(zip(blocks, fine)):
            found, program = compile_block(one, folder, include)
            found += one.faults
            if bool(found) != (wanted == "bad"):
                faults += [f"block {number} counts as {'bad' if found else 'fine'}", *found]
            if number in runs and bool(run([program, *shlex.split(one.says["run"])], one, folder)) == runs[number]:
                faults.append(f"the run of block {number} is not judged rightly")
        for wanted, some in ((True, blocks[2:5]), (False, blocks[:3])):
            if see_the_prelude_only(some) != some or are_fine(some, folder, include) != wanted:
                faults.append(f"blocks that are compiled together count as {'bad' if wanted else 'fine'}")
        (pathlib.Path(folder) / "checks.hpp").write_text("inline int wrong_checks = 0;\n", "utf-8")
        good, bad = run_recipes(blocks[-2:], pathlib.Path(folder)).values()
        if good or not bad:
            faults.append("recipes are not judged rightly")
    if not dead_links("see [x](no/such/file.md)", "README.md"):
        faults.append("a dead link is not noticed")
    check(SUITE, "mistakes in pages are noticed", faults)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what it has started ends with it
    self_test()
    pages = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page.exists()]
    if asked := set(sys.argv[1:]):
        pages = [page for page in pages if page.relative_to(ROOT).as_posix() in asked]
    pages = {page: blocks_of(page.read_text("utf-8"), page.relative_to(ROOT).as_posix()) for page in pages}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        compile_prelude(folder)
        # All that is to be compiled, at once, what takes longest first: pages that run wait for nothing else.
        recipes = {page: pool.submit(run_recipes, [one for one in blocks if one.is_recipe()]) for page, blocks in pages.items()}
        judged = judging(pool, [one for blocks in pages.values() for one in blocks if one.is_code()], folder)
        for page, blocks in pages.items():
            name, text, programs = page.relative_to(ROOT).as_posix(), page.read_text("utf-8"), {}
            for one in filter(block.is_code, blocks):
                faults, program = judged[one]()
                check(SUITE, f"{one.name()} compiles", one.faults + faults)
                if program and not faults:
                    programs[one] = program
            run_page(name, blocks, programs)
            for one, faults in recipes[page].result().items():
                check(SUITE, f"{one.name()} compiles and runs", one.faults + faults)
            check(SUITE, f"the links of {name} lead somewhere", dead_links(text, name))
            if not name.startswith("docs/reference/"):
                check(SUITE, f"nothing of {name} is C++ that is not compiled", [one.name() for one in blocks if one.language == "c++"])
            if name == "README.md":
                lines = len(text.splitlines())
                check(SUITE, "README.md has fewer than 200 lines", [] if lines < 200 else [f"it has {lines}"])
    finish()


main()
