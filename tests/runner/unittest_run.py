#!/usr/bin/env python3
"""Runs one file of Python unittest tests and accounts for every test method of it.

unittest_run.py SUITE FILE.py

Each outcome is written down as it comes, and a test is announced before it starts, so that a file
that is stopped for taking too long still shows where it was.
"""
import importlib.util
import os
import pathlib
import sys
import unittest

from results import finish, report


class accounting_result(unittest.TestResult):
    def __init__(self, suite):
        super().__init__()
        self.suite = suite
        self.subtest_failed = False

    def name(self, test):
        return test.id().removeprefix("__tests__.")

    def startTest(self, test):
        super().startTest(test)
        self.subtest_failed = False
        path = os.environ.get("TINYHTTP_RUNNING")
        if path:
            pathlib.Path(path).write_text(f"{self.suite}\t{self.name(test)}\n", encoding="utf-8")

    def stopTest(self, test):
        super().stopTest(test)
        path = os.environ.get("TINYHTTP_RUNNING")
        if path:
            pathlib.Path(path).unlink(missing_ok=True)

    def addSuccess(self, test):
        report("passed", self.suite, self.name(test))

    def addError(self, test, err):
        report("failed", self.suite, self.name(test), self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None and not self.subtest_failed:
            self.subtest_failed = True
            report("failed", self.suite, self.name(test),
                   f"{subtest}\n" + self._exc_info_to_string(err, test))
        elif err is not None:
            print(f"{subtest}\n" + self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        report("skipped", self.suite, self.name(test), reason)

    def addExpectedFailure(self, test, err):
        report("passed", self.suite, self.name(test))

    def addUnexpectedSuccess(self, test):
        report("failed", self.suite, self.name(test), "it was expected to fail, and passed")


def main():
    suite, file = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location("__tests__", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["__tests__"] = module
    try:
        spec.loader.exec_module(module)
    except unittest.SkipTest as skipped:
        report("skipped", suite, file.name, str(skipped))
        finish()
    tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    if tests.countTestCases() == 0:
        report("failed", suite, file.name, "it holds no test")
    tests.run(accounting_result(suite))
    finish()


main()
