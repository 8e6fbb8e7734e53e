"""Mutate the modules of one room, one change at a time, and print the mutants that no test kills.

    pip install mutmut==3.8.1
    python .ci/mutants.py ROOM [NAME...]     ROOM: a key of ROOMS; NAME: only these mutants

mutmut writes the mutants into a copy under build/mutants/ROOM. This script runs the tests of the
room for each mutant in a forked process. mutmut's own runner does not fit: it runs only the tests
that call the mutated function, but most tests read cases that one call computes and keeps. The test
modules that import the mutated module run first, since they kill most mutants.
`tests/equivalent-mutants.md` explains the mutants that no test can kill.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: The files of a room, and the tests that must kill its mutants.
ROOMS = {
    "accounts": (
        "fake_server/state/account*.py",
        "tests/fake/test_accounts.py tests/fake/test_billing.py tests/fake/test_scenarios.py",
    ),
    "billing": ("fake_server/state/billing.py", "tests/fake/test_billing.py"),
    "pricing": ("fake_server/state/pricing.py", "tests/fake/test_pricing.py"),
    "certificates": (
        "aleph_contract/cases/certificates.py",
        "tests/cases/test_certificates.py tests/cases/test_digests.py",
    ),
    "journal": (
        "fake_server/journal/*.py",
        "tests/fake/test_journal*.py tests/fake/test_spool.py",
    ),
    "portability": (
        "aleph_contract/cases/portability.py",
        "tests/cases/test_portability.py tests/cases/test_digests.py",
    ),
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

#: Imported before the forks, to save time. Test modules are not among them: they compute cases.
PRELOADED = ("pytest", "hypothesis", "jsonschema", "aleph_contract.cases", "fake_server.server")

GENERATE = """
from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
copy_src_dir(); copy_also_copy_files(); create_mutants(1)
"""

#: The preloaded modules cannot be rewritten by pytest, which then warns.
OPTIONS = ("-x", "-q", "--tb=short", "-W", "ignore::pytest.PytestAssertRewriteWarning")

JOBS = int(os.environ.get("JOBS", "2"))
SECONDS = int(os.environ.get("SECONDS", "600"))  # a mutant that runs longer counts as killed


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


def preload(files: str) -> None:
    """Import the modules that every test needs; compute the cases if the room does not do so."""
    sys.path.insert(0, str(Path.cwd()))
    os.environ["MUTANT_UNDER_TEST"] = ""
    for module in PRELOADED:
        importlib.import_module(module)
    if not files.startswith("aleph_contract/cases"):
        importlib.import_module("aleph_contract.cases").cases()
    gc.freeze()


def split(mutant: str, tests: list[str]) -> list[list[str]]:
    """Split test files into those that import the mutated module or its package, and the others."""
    module = mutant.rpartition(".")[0]
    imported = re.compile(rf"^from ({module}|{module.rpartition('.')[0]}) import", re.MULTILINE)
    close = [test for test in tests if imported.search(Path(test).read_text())]
    return [part for part in (close, [test for test in tests if test not in close]) if part]


def start(mutant: str, tests: list[str]) -> int:
    """Fork a process that runs `tests` on one mutant; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    os.environ["MUTANT_UNDER_TEST"] = mutant
    signal.alarm(SECONDS)
    log = os.open(os.devnull if mutant else "baseline.log", os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    import pytest

    os._exit(any(pytest.main([*OPTIONS, *part]) for part in split(mutant, tests)))


def survivors(mutants: list[str], tests: list[str]) -> Iterator[str]:
    """Run the tests on every mutant, `JOBS` at a time; yields the mutants that pass them."""
    running: dict[int, str] = {}
    waiting = mutants[::-1]
    while waiting or running:
        while waiting and len(running) < JOBS:
            if len(waiting) % 100 == 0:
                print(f"{len(waiting)} mutants to test", file=sys.stderr)
            mutant = waiting.pop()
            running[start(mutant, tests)] = mutant
        pid, status = os.wait()
        mutant = running.pop(pid)
        if os.waitstatus_to_exitcode(status) == 0:
            yield mutant


def main(room: str, *names: str) -> int:
    """Print the survivors of one room and the counts; returns the exit code."""
    files, globs = ROOMS[room]
    folder = ROOT / "build/mutants" / room
    mutants = generate(folder, files)
    os.chdir(folder / "mutants")
    preload(files)
    tests = [str(path) for glob in globs.split() for path in sorted(Path().glob(glob))]
    if not list(survivors([""], tests)):
        print(Path("baseline.log").read_text(), "The tests fail without a mutant.", sep="\n")
        return 2
    chosen = list(names) or mutants
    alive = 0
    for mutant in survivors(chosen, tests):
        alive += 1
        print(mutant, flush=True)
    print(f"{room}: {len(chosen)} mutants, {len(chosen) - alive} killed, {alive} survive")
    return 0


if __name__ == "__main__":
    if not os.nice(0):
        os.nice(15)
    raise SystemExit(main(*sys.argv[1:]))
