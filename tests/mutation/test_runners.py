"""`mutate` with runners and fixtures as real suites use them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from mutation_suites import use_copy
from workers_node import PACKAGES, find_node

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.mutation.baseline import alone, baseline
from aleph_contract.mutation.classify import classify
from aleph_contract.mutation.executors import WarmExecutor
from aleph_contract.mutation.planning import plan
from aleph_contract.mutation.running import MutationSettings, mutate
from aleph_contract.mutation.suite_process import Processes
from aleph_contract.mutation.warm_suite import warm_suite

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)
CONTRACTS = ContractSet.load(())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """See `use_copy`."""
    return use_copy(tmp_path, monkeypatch)


#: Calls at import, in a session fixture, and in `setUpClass`; the second test of each notices.
SHARED = """
import unittest
import urllib.request
import pytest
from client import GOOD, edit

edit({**GOOD, "seed": 1})

@pytest.fixture(scope="session")
def video():
    return edit({**GOOD, "seed": 2})

def test_one(video):
    assert video

def test_two(video):
    urllib.request.urlopen(video).close()

class TestClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.video = edit({**GOOD, "seed": 3})

    def test_a(self):
        for seed in (4, 5):
            with self.subTest(seed=seed):
                edit({**GOOD, "seed": seed})

    def test_b(self):
        urllib.request.urlopen(self.video).close()

def test_without_a_call():
    pass

@pytest.mark.xfail
def test_known_bug():
    edit({**GOOD, "seed": 6})
    raise AssertionError

ATTEMPTS = []

def test_flaky():
    edit({**GOOD, "seed": 7})
    ATTEMPTS.append(1)
    assert len(ATTEMPTS) > 1
"""

#: Runs a failed test again, as pytest-rerunfailures does.
RERUNS = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if item.name == "test_flaky" and any(report.failed for report in reports):
        for report in reports:
            report.outcome = "rerun" if report.failed else report.outcome
            item.ihook.pytest_runtest_logreport(report=report)
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


KNOWN_BUG = (
    "test_shared.py::test_known_bug is skipped, or expected to fail, when it runs alone; "
    "it is left out"
)


def test_a_call_of_a_shared_fixture_belongs_to_every_test_that_uses_it(folder: Path) -> None:
    (folder / "test_shared.py").write_text(SHARED)
    (folder / "conftest.py").write_text(RERUNS)
    command, processes = (*PYTEST, "test_shared.py"), Processes()
    found = baseline(command, CONTRACTS, processes=processes, timeout=10.0)
    assert len(found.tests) == 5
    with warm_suite(command, CONTRACTS, processes, 60.0) as suite:
        found = alone(found, suite, 10.0)
        mutants = [
            mutant
            for mutant in plan(found, CONTRACTS, seed=0).mutants
            if mutant.mutation.id == "reply/dead-link" and len(mutant.calls) > 1
        ]
        executor = WarmExecutor(suite, 10.0)
        results = [classify(m, executor.attempts(m), CONTRACTS) for m in mutants]
    assert found.notes == (
        "1 call outside of all tests: no mutant changes them",
        KNOWN_BUG,
        "test_shared.py::test_flaky fails when it runs alone; it is left out",
    )
    assert [(len(r.mutant.tests), r.noticed_by) for r in results] == [
        (2, "test_shared.py::test_two"),
        (2, "test_shared.py::TestClass::test_b"),
    ]


def test_a_suite_of_vitest_is_scored(folder: Path) -> None:
    (folder / "node_modules").symlink_to(PACKAGES)
    vitest = (str(find_node()), str(PACKAGES / "vitest/vitest.mjs"), "run", "--root", ".")
    report = ("--reporter=junit", "--outputFile=report.xml")
    command = (*vitest, *report, "result.test.mjs")
    found = mutate(command, CONTRACTS, MutationSettings(max_mutants=2, seed=19))
    assert [(r.mutant.mutation.id, r.kind, r.noticed_by) for r in found.results] == [
        ("reply/dead-link", "noticed", "result.test.mjs::the result is returned"),
        ("request/member-dropped", "unnoticed", ""),
    ]
