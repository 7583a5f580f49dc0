"""Each of the five ways to include tinyhttp, from a fresh copy, as the README tells them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "runner"))
import copies  # noqa: E402

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]

# A user's program: two translation units, so that every way is also linked. That everything may be in both is seen
# of the folder of headers (tests/layout/check_headers.py) and of the one file.
MAIN = """#include <tinyhttp/tinyhttp.hpp>
#include <cstdio>
const char* version();
int main() { std::puts(version()); }
"""
OTHER = """#include <tinyhttp/version.hpp>
const char* version();
const char* version() { return TINYHTTP_VERSION; }
"""


def said(command, folder=None, limit=300, **more):
    """Runs a command, which must succeed, and returns what it printed."""
    done = subprocess.run([str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, **more)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{text}")
    return text


def version():
    return re.search(r"^\s*version:\s*'([^']+)'", (ROOT / "meson.build").read_text("utf-8"), re.M)[1]


class fresh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.above = tempfile.TemporaryDirectory(prefix="tiny http ")  # a blank in every path
        cls.base = pathlib.Path(cls.above.name)
        cls.copy = copies.fresh_copy(cls.base / "tinyhttp")
        cls.prefix = cls.base / "prefix"

    @classmethod
    def tearDownClass(cls):
        cls.above.cleanup()

    def program(self, name):
        """A folder with the user's sources."""
        folder = self.base / name
        folder.mkdir()
        (folder / "main.cpp").write_text(MAIN, "utf-8")
        (folder / "other.cpp").write_text(OTHER, "utf-8")
        return folder

    def assert_tells_version(self, program):
        self.assertEqual(said([program]).strip(), version())


class the_plain_folder(fresh):
    def test_a_copied_folder_and_a_compiler_are_enough(self):
        folder = self.program("plain")
        shutil.copytree(self.copy / "include" / "tinyhttp", folder / "tinyhttp")
        said(["c++", "-std=c++20", "-O0", *WARNINGS, "-I.", "main.cpp", "other.cpp", "-pthread", "-o", "app"], folder)
        self.assert_tells_version(folder / "app")

    def test_the_core_is_compiled_for_size_and_with_old_strings_without_a_word(self):  # -Os warns otherwise than -O2
        folder = self.program("small")
        (folder / "small.cpp").write_text("""#include <tinyhttp/h1/writer.hpp>
#include <tinyhttp/http/cookie_store.hpp>
using namespace tinyhttp;
h1::outgoing planned(const response&, const method&);
h1::outgoing planned(const response& r, const method& asked) {
  return h1::plan_response(r, asked, http_version::http_1_1, true);
}
""", "utf-8")
        said(["c++", "-std=c++20", "-Os", "-D_GLIBCXX_USE_CXX11_ABI=0", *WARNINGS, f"-I{self.copy / 'include'}",
              "-c", "small.cpp"], folder)

    def test_every_example_compiles_by_hand_without_a_word(self):
        compiler = ["c++", "-std=c++20", "-O2", "-Wall", "-Wextra", "-Iinclude"]
        # That they include what they use is seen where they are built (examples/meson.build); so most of it is
        # compiled once for all here.
        seen = self.base / "seen.hpp"
        seen.write_text("#include <tinyhttp/testing.hpp>\n#include <tinyhttp/tinyhttp.hpp>\n", "utf-8")
        said([*compiler, "-x", "c++-header", seen, "-o", f"{seen}.gch"], self.copy)
        examples = sorted((self.copy / "examples").glob("*.cpp"))
        if not (self.copy / "examples" / "file_server.cpp").exists():
            self.skipTest("examples/file_server.cpp is not there yet")
        for example in examples:
            # The README's own command for the first, for what g++ warns of only where it optimizes; the others
            # only have to be understood.
            whole = example.stem == "file_server"
            arguments = ["-o", "file_server"] if whole else ["-fsyntax-only", "-include", seen]
            with self.subTest(example=example.name):
                text = said([*compiler, f"examples/{example.name}", *arguments], self.copy)
                self.assertEqual(text, "")
        self.assertTrue(os.access(self.copy / "file_server", os.X_OK))


class the_one_file(fresh):
    def written(self, name, *headers):
        folder = self.program(name)
        text = said([sys.executable, self.copy / "tests" / "packaging" / "one_file.py", *headers])
        (folder / "tinyhttp.hpp").write_text(text, "utf-8")
        return folder, text

    def test_a_header_that_includes_none_of_ours_is_enough(self):
        folder, text = self.written("one")
        self.assertNotIn("#include <tinyhttp/", text)
        self.assertIn("Permission is hereby granted", text)
        for source in ("main.cpp", "other.cpp"):
            code = re.sub(r"<tinyhttp/.*>", '"tinyhttp.hpp"', (folder / source).read_text("utf-8"))
            (folder / source).write_text(code, "utf-8")
        said(["c++", "-std=c++20", "-O0", *WARNINGS, "main.cpp", "other.cpp", "-pthread", "-o", "app"], folder)
        self.assert_tells_version(folder / "app")

    def test_what_stands_apart_is_in_it_where_it_is_named(self):
        folder, _ = self.written("more", "tinyhttp.hpp", "testing.hpp", "tls.hpp", "compression/gzip.hpp")
        (folder / "main.cpp").write_text("""#include "tinyhttp.hpp"
tinyhttp::testing::fake_server fake;
tinyhttp::tls_server_options of_a_tls_server;
""", "utf-8")
        said(["c++", "-std=c++20", "-O0", "-fsyntax-only", *WARNINGS, "main.cpp"], folder)


class the_meson_subproject(fresh):
    BUILD = """project('app', 'cpp', default_options: ['cpp_std=c++20', 'warning_level=3', 'werror=true'])
tinyhttp = dependency('tinyhttp', fallback: ['tinyhttp', 'tinyhttp_dep'])
executable('app', 'main.cpp', 'other.cpp', dependencies: tinyhttp, install: true)
"""

    def configured(self, name, build, *options):
        folder = self.program(name)
        (folder / "meson.build").write_text(build, "utf-8")
        (folder / "subprojects").mkdir()
        shutil.copytree(self.copy, folder / "subprojects" / "tinyhttp")
        text = said(["meson", "setup", "build", f"--prefix={folder}/installed", *options], folder)
        return folder, text

    def test_a_guest_offers_its_dependency_and_builds_and_installs_nothing(self):
        folder, _ = self.configured("guest", self.BUILD)
        said(["ninja", "-C", "build", "-j2"], folder)
        self.assert_tells_version(folder / "build" / "app")
        built = said(["ninja", "-C", "build", "-t", "targets", "all"], folder)
        self.assertNotIn("file_server", built)
        self.assertNotIn("tests/tests", built)
        said(["meson", "install", "-C", "build"], folder)
        self.assertEqual([file.name for file in (folder / "installed").rglob("*") if file.is_file()], ["app"])

    def test_the_dependency_tinyhttp_is_overridden(self):
        build = self.BUILD.replace("tinyhttp = dependency(", "subproject('tinyhttp')\ntinyhttp = dependency(")
        folder, _ = self.configured("overridden", build.replace(", fallback: ['tinyhttp', 'tinyhttp_dep']", ""))
        said(["ninja", "-C", "build", "-j2"], folder)
        self.assert_tells_version(folder / "build" / "app")

    def test_a_guest_installs_its_headers_when_it_is_asked_to(self):
        folder, _ = self.configured("asked", self.BUILD, "-Dtinyhttp:install=true")
        said(["meson", "install", "-C", "build"], folder)
        self.assertTrue((folder / "installed" / "include" / "tinyhttp" / "tinyhttp.hpp").is_file())


class what_meson_installs(fresh):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        said(["meson", "setup", "build", f"--prefix={cls.prefix}", "-Dtests=false", "-Dexamples=false"], cls.copy)
        said(["meson", "install", "-C", "build"], cls.copy)

    def test_every_header_is_there_and_nothing_that_is_not_ours(self):
        def headers(folder):
            return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        self.assertEqual(headers(self.prefix / "include"), headers(self.copy / "include"))
        others = [file.relative_to(self.prefix).as_posix() for file in self.prefix.rglob("*")
                  if file.is_file() and "include" not in file.relative_to(self.prefix).parts]
        self.assertEqual(sorted(others), [
            "share/cmake/tinyhttp/tinyhttpConfig.cmake",
            "share/cmake/tinyhttp/tinyhttpConfigVersion.cmake",
            "share/licenses/tinyhttp/LICENSE",
            "share/pkgconfig/tinyhttp.pc",
        ])

    def test_pkg_config_tells_how_to_compile(self):
        folder = self.program("pkg-config")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "share" / "pkgconfig")}
        self.assertEqual(said(["pkg-config", "--modversion", "tinyhttp"], env=environment).strip(), version())
        flags = said(["pkg-config", "--cflags", "--libs", "tinyhttp"], env=environment)
        self.assertIn("-pthread", flags)
        said(["sh", "-c", f"c++ -std=c++20 {' '.join(WARNINGS)} main.cpp other.cpp {flags.strip()} -o app"], folder)
        self.assert_tells_version(folder / "app")

    def cmake(self, name, find, prefix=None):
        folder = self.program(name)
        (folder / "CMakeLists.txt").write_text(f"""cmake_minimum_required(VERSION 3.16)
project(app CXX)
{find}
add_executable(app main.cpp other.cpp)
target_compile_options(app PRIVATE {' '.join(WARNINGS)})
target_link_libraries(app PRIVATE tinyhttp::tinyhttp)
""", "utf-8")
        return folder, ["cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix or self.prefix}"]

    def test_cmake_finds_the_package(self):
        folder, configure = self.cmake("cmake", "find_package(tinyhttp 0.1 CONFIG REQUIRED)")
        said(configure, folder)
        said(["cmake", "--build", "build", "-j2"], folder)
        self.assert_tells_version(folder / "build" / "app")

    def test_cmake_refuses_another_version(self):
        major, minor, _ = map(int, version().split("."))
        for wanted in (f"{major}.{minor + 1}", f"{major + 1}.0"):
            with self.subTest(wanted=wanted):
                folder, configure = self.cmake(f"cmake {wanted}", f"find_package(tinyhttp {wanted} CONFIG REQUIRED)")
                with self.assertRaisesRegex(AssertionError, "tinyhttp"):
                    said(configure, folder)

    def test_a_moved_prefix_still_works_with_cmake(self):
        moved = self.base / "moved"
        shutil.copytree(self.prefix, moved)
        folder, configure = self.cmake("cmake moved", "find_package(tinyhttp CONFIG REQUIRED)", moved)
        said(configure, folder)
        text = said(["cmake", "--build", "build", "--verbose"], folder)
        self.assertIn("moved/include", text)
        self.assertNotIn("prefix/include", text)


del fresh  # it holds no test of its own
if __name__ == "__main__":
    unittest.main()
