"""Where each test's outcome goes: one line a test in the file that tests/run adds up.

Without TINYHTTP_RESULTS in the environment a script can be run by hand: outcomes are just printed.
"""
import os
import sys

FAILED = 0


def report(outcome, suite, name, detail=""):
    """`outcome` is passed, failed or skipped. `detail`: what to show of a failure, or why skipped."""
    global FAILED
    line = "\t".join([outcome, suite, " ".join(str(name).split()), " ".join(detail.split())[:300]])
    path = os.environ.get("TINYHTTP_RESULTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
    if outcome == "failed":
        FAILED += 1
        print(f"\nFAILED {suite}: {name}")
        if detail:
            print(detail.rstrip())
    elif not path:
        print(f"{outcome} {suite}: {name}" + (f" ({detail})" if detail else ""))
    sys.stdout.flush()


def check(suite, name, faults):
    """One check: passed when `faults`, a list of lines, is empty."""
    if faults:
        report("failed", suite, name, "\n".join(f"  {fault}" for fault in faults))
    else:
        report("passed", suite, name)


def finish():
    """Ends the script with the status that says whether anything failed."""
    sys.exit(1 if FAILED else 0)
