"""Mutate the modules of one room, one change at a time, and print the mutants that no test kills.

    pip install mutmut==3.8.1
    python .ci/mutants.py ROOM [NAME...]     ROOM: a key of ROOMS; NAME: a mutant, or a glob

mutmut writes the mutants into a copy under build/mutants/ROOM. This script runs the tests of the
room for each mutant in a forked process. mutmut's own runner does not fit: it runs only the tests
that call the mutated function, but most tests read cases that one call computes and keeps. The test
modules that import the mutated module run first, since they kill most mutants. To save time, they
are collected once for all mutants. Only the survivors run again, from the start and by all tests.
`tests/equivalent-mutants.md` explains the mutants that no test can kill.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: The files of a room, and the tests that must kill its mutants.
ROOMS = {
    "accounts": (
        "fake_server/state/account*.py",
        "tests/fake/test_account.py tests/fake/test_accounts.py tests/fake/test_billing.py",
    ),
    "billing": ("fake_server/state/billing.py", "tests/fake/test_billing.py"),
    "kept-accounts": ("fake_server/state/kept_accounts.py", "tests/fake/test_kept_states.py"),
    "pricing": ("fake_server/state/pricing.py", "tests/fake/test_pricing.py"),
    "certificates": (
        "aleph_contract/cases/certificates.py",
        "tests/cases/test_certificates.py tests/cases/test_every_entry.py",
    ),
    "journal": (
        "fake_server/journal/*.py",
        "tests/fake/test_journal*.py tests/fake/test_spool.py",
    ),
    "portability": (
        "aleph_contract/cases/portability.py",
        "tests/cases/test_portability.py tests/cases/test_every_entry.py",
    ),
    "scenarios": (
        "fake_server/state/scenarios.py",
        "tests/fake/test_scenarios.py tests/fake/test_own_reply.py",
    ),
    "spend-guard": ("fake_server/state/spend_guard.py", "tests/fake/test_spend_guard.py"),
    "suite-log": ("fake_server/state/suite.py", "tests/fake/test_suite_log.py"),
    "rules": ("aleph_contract/rules/*.py", "tests/rules/test_*.py"),
}

#: Without the journal in PostgreSQL: a server and a database per mutant take seconds.
CONFIG = """
[tool.mutmut]
source_paths = ["aleph_contract", "fake_server"]
only_mutate = ["{files}"]
do_not_mutate = ["fake_server/journal/postgresql/*"]
also_copy = ["docs", "fixtures", "README.md", "CONTRIBUTING.md", "constraints.txt"]
"""

GENERATE = """
from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
copy_src_dir(); copy_also_copy_files(); create_mutants(1)
"""

JOBS = int(os.environ.get("JOBS", "2"))
SECONDS = int(os.environ.get("SECONDS", "600"))  # a mutant that runs longer counts as killed
TEST_SECONDS = int(os.environ.get("TEST_SECONDS", "60"))  # a test that runs longer fails

#: Plain asserts: rewriting a test module takes longer than running it.
OPTIONS = ("-x", "-q", "-s", "--tb=short", "--assert=plain", "-o", f"timeout={TEST_SECONDS}")

#: The exit code of a process that is out of time.
OUT_OF_TIME = 9


def generate(folder: Path, files: str) -> list[str]:
    """Write the copy of the project with all mutants of `files`; returns their names."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT).decode().split("\0"):
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    with (folder / "pyproject.toml").open("a") as project:
        project.write(CONFIG.format(files=files))
    subprocess.run([sys.executable, "-c", GENERATE], cwd=folder, check=True, capture_output=True)
    return [
        name
        for path in sorted((folder / "mutants").rglob("*.meta"))
        for name in json.loads(path.read_text())["exit_code_by_key"]
    ]


def preload() -> None:
    """Import the modules that `CollectedTests` has listed, but none of the project.

    A module may call a mutated function while it is imported.
    """
    for module in Path("modules.txt").read_text().split():
        if not module.startswith(("aleph_contract", "fake_server")):
            importlib.import_module(module)


def list_modules() -> None:
    """Write the names of all imported modules but those of the tests."""
    tests = str(Path("tests").absolute())
    names = [
        name
        for name, module in list(sys.modules.items())
        if (file := getattr(module, "__file__", None)) and not file.startswith(tests)
    ]
    Path("modules.txt").write_text("\n".join(names))


def close_tests(mutant: str, tests: Sequence[str]) -> list[str]:
    """The test files that import the mutated module, or else its package."""
    module = mutant.rpartition(".")[0]
    close: list[str] = []
    for name in (module, module.rpartition(".")[0]):
        close = close or [test for test in tests if f"\nfrom {name} " in Path(test).read_text()]
    return close


class CollectedTests:
    """A pytest plugin: runs the collected tests once per mutant, each time in a forked process.

    It writes the survivors to `alive.txt`; a first line `baseline` says that a test fails without
    a mutant. A mutant changes nothing that a test module computes when it is imported.
    """

    def __init__(self, mutants: list[str], tests: Sequence[str]) -> None:
        self.mutants, self.tests = mutants, tests

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Test all mutants instead of running the tests once."""
        list_modules()
        gc.freeze()
        kills = partial(self.kills, session)
        kept = list(survivors([""], kills))
        with Path("alive.txt").open("w") as file:
            for mutant in survivors(self.mutants, kills) if kept else ("baseline",):
                print(mutant, file=file, flush=True)
        return True

    def kills(self, session: pytest.Session, mutant: str) -> bool:
        """Whether one of the collected close tests fails; those that killed lately run first."""
        close = {Path(test).absolute() for test in close_tests(mutant, self.tests)}
        items = [item for item in session.items if item.path in close or not mutant]
        log = Path("killers.txt")
        killers = set(log.read_text().splitlines()[-20:]) if log.exists() else set()
        items.sort(key=lambda item: item.nodeid not in killers)
        for item, following in zip_longest(items, items[1:]):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                with log.open("a") as file:
                    print(item.nodeid, file=file)
                return True
        return False


def killed_from_start(tests: Sequence[str], mutant: str) -> bool:
    """Whether a test fails that is collected after the mutation."""
    close = close_tests(mutant, tests)
    rest = [test for test in tests if test not in close]
    return any(pytest.main([*OPTIONS, *part]) for part in (close, rest) if part)


def start(mutant: str, kills: Callable[[str], bool]) -> int:
    """Fork a process that runs the tests on one mutant; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    os.environ["MUTANT_UNDER_TEST"] = mutant
    timer = threading.Timer(SECONDS, os._exit, [OUT_OF_TIME])  # pytest-timeout uses SIGALRM
    timer.daemon = True
    timer.start()
    log = os.open(os.devnull if mutant else "baseline.log", os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os._exit(kills(mutant))


def survivors(mutants: list[str], kills: Callable[[str], bool]) -> Iterator[str]:
    """Run the tests on every mutant, `JOBS` at a time; yields the mutants that pass them."""
    running: dict[int, str] = {}
    waiting = mutants[::-1]
    while waiting or running:
        while waiting and len(running) < JOBS:
            if len(waiting) % 100 == 0:
                print(f"{len(waiting)} mutants to test", file=sys.stderr)
            mutant = waiting.pop()
            running[start(mutant, kills)] = mutant
        pid, status = os.wait()
        mutant = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code == OUT_OF_TIME:
            print(f"{mutant} has run for {SECONDS} s", file=sys.stderr)
        if code == 0:
            yield mutant


def main(room: str, *names: str) -> int:
    """Print the survivors of one room and the counts; returns the exit code."""
    files, globs = ROOMS[room]
    folder = ROOT / "build/mutants" / room
    names = names or ("*",)
    mutants = generate(folder, files)
    chosen = [mutant for mutant in mutants if any(fnmatchcase(mutant, name) for name in names)]
    os.chdir(folder / "mutants")
    sys.path.insert(0, str(Path.cwd()))
    os.environ["MUTANT_UNDER_TEST"] = ""
    tests = [str(path) for glob in globs.split() for path in sorted(Path().glob(glob))]
    child = os.fork()
    if not child:
        os._exit(pytest.main([*OPTIONS, *tests], plugins=[CollectedTests(chosen, tests)]))
    os.waitpid(child, 0)
    if not Path("alive.txt").exists():
        print("The tests cannot be collected.")
        return 2
    left = Path("alive.txt").read_text().split()
    if left == ["baseline"]:
        print(Path("baseline.log").read_text(), "The tests fail without a mutant.", sep="\n")
        return 2
    print(f"{len(left)} mutants survive the close tests", file=sys.stderr)
    preload()
    alive = 0
    for mutant in survivors(left, partial(killed_from_start, tests)):
        alive += 1
        print(mutant, flush=True)
    print(f"{room}: {len(chosen)} mutants, {len(chosen) - alive} killed, {alive} survive")
    return 0


if __name__ == "__main__":
    sys.dont_write_bytecode = False  # each fork would compile the test modules
    if not os.nice(0):
        os.nice(15)
    raise SystemExit(main(*sys.argv[1:]))
