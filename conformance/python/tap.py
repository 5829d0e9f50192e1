"""Tests that report in the Test Anything Protocol, as Node.js does."""

import os
import sys
import traceback

_tests = []


def test(name, function, *args):
    """Declares a test: function(*args) raises if it fails."""
    _tests.append((name, function, args))


def run():
    """Runs the tests in their order, reports them, and ends the program."""
    print("TAP version 13")
    failed = 0
    for number, (name, function, args) in enumerate(_tests, 1):
        try:
            function(*args)
            problem = ""
        except Exception:
            problem = traceback.format_exc()
            failed += 1
        print(f"# Subtest: {name}")
        print(f"{'not ' if problem else ''}ok {number} - {name}")
        if problem:
            print("  ---")
            for line in problem.splitlines():
                print("  " + line)
            print("  ...")
        sys.stdout.flush()
    print(f"1..{len(_tests)}")
    sys.stdout.flush()
    os._exit(1 if failed else 0)  # a thread of a client may not have ended
