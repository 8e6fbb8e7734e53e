"""Verification of Workers: the example, the broken ones, and a comparison with a REST client."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from faster import SPEED, needs_libfaketime
from workers_node import EXAMPLE, HERE, MARK, PATIENCE, ROOT, assert_ended, started

from aleph_contract.contract import Contract
from aleph_contract.core.results import Verification
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.reports import json_report
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.server import Server

#: Each broken Worker: cases to run, and the rules that it breaks in them.
BUGS = {
    "drops-falsy": (("boundary/seed/*",), {"request.faithful", "boundary.not-repaired"}),
    "forgets-state": (
        ("fault/state-*", "fault/body-*", "fault/result-member-*"),
        {"response.state", "response.malformed"},
    ),
    "repeats": (
        ("fault/rate-limited*", "fault/body-*", "fault/field-*"),
        {"error.not-retried", "error.bounded", "request.once"},
    ),
    "shares-state": (("concurrency",), {"concurrency.no-crosstalk"}),
}

#: Cases with different results over the binding and over REST, with the reason.
DIFFERENT = {
    "boundary/type/null": "the runtime itself cannot send null",
    "fault/redirect-*": "the runtime follows redirects; it sends no token",
    "fault/hang/*": "the two clients have different timeouts",
    "fault/success-false/*": "the runtime reads no error code in a reply with status 200",
    "fault/completed-20[26]/*": "the runtime takes every 2xx, the fetch client only 200",
}


def examine(
    node: Path, program: Path, *arguments: str, run: tuple[str, ...] = (), speed: float = 1.0
) -> Verification:
    """Verify a client over the stdio protocol, and check that it leaves no process."""
    mark = secrets.token_hex(8)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(HERE)  # the adapter loads Miniflare from the current folder
        patch.setenv(MARK, mark)
        driver = StdioDriver([str(node), str(program), *arguments])
        found = verify_client(driver, settings=Settings(run=run, max_examples=0, speed=speed))
    assert_ended(mark)
    return found


class TestVerified:
    """A Worker is verified like every other client."""

    @pytest.mark.long
    def test_the_example_worker_keeps_every_must_and_has_the_results_of_a_rest_client(
        self, node: Path, tmp_path: Path
    ) -> None:
        through_binding = examine(node, EXAMPLE / "adapter.mjs")
        assert not through_binding.trouble
        assert through_binding.exit_code == 0, broken(through_binding)
        surfaces = {x.surface for result in through_binding.results for x in result.exchanges}
        assert surfaces == {"binding"}

        # The only advice is about the missing status: an error of env.AI has none.
        portable = [result for result in through_binding.results if result.phase != "probes"]
        found = {finding.rule for result in portable for finding in result.findings}
        assert found == {"error.identified"}

        through_rest = examine(node, ROOT / "fixtures/clients/fetch.mjs")
        _assert_same_results(through_binding, through_rest, tmp_path)

    @pytest.mark.parametrize("bug", BUGS)
    def test_a_broken_worker_breaks_its_rules(self, node: Path, bug: str) -> None:
        cases, rules = BUGS[bug]
        worker = str(EXAMPLE / f"broken/{bug}.ts")
        run = examine(node, EXAMPLE / "adapter.mjs", worker, run=cases)
        assert run.exit_code == 1
        assert broken(run).keys() == rules

    def test_workerd_on_a_faster_clock_gets_no_verdict(self, node: Path) -> None:
        """It does not start with libfaketime; the message says so at once, and nothing is left."""
        needs_libfaketime()
        found = examine(node, EXAMPLE / "adapter.mjs", run=("time/long-run",), speed=SPEED)
        assert (found.exit_code, found.results) == (3, ())
        assert "/workerd allocates memory with tcmalloc, and hangs" in found.trouble[0]


def _assert_same_results(binding: Verification, rest: Verification, folder: Path) -> None:
    """Each case has the same status, video and error code, except those in `DIFFERENT`."""
    runs = {"rest.json": rest, "binding.json": binding}
    for name, run in runs.items():
        (folder / name).write_text(json_report.render(run))
    argv = [sys.executable, str(EXAMPLE / "compare.py"), *runs]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    table, *different = done.stdout.rstrip().split("\n\n")[1:]
    names = [block.splitlines()[0] for block in different]
    unexpected = [n for n in names if not any(fnmatchcase(n, glob) for glob in DIFFERENT)]
    assert not unexpected, different
    assert sum(int(line.split()[1]) for line in table.splitlines()[1:]) == len(rest.results)


def broken(run: Verification) -> dict[str, list[str]]:
    """The broken rules of level must, with the cases that break them."""
    found: dict[str, list[str]] = {}
    for result in run.results:
        for finding in result.broken:
            found.setdefault(finding.rule, []).append(f"{result.name}: {finding.message}")
    return found


class TestAdapter:
    """The workerd process of the adapter ends with the adapter."""

    @pytest.mark.parametrize("end", ["bye", "end of input", "SIGTERM"])
    def test_leaves_no_process(
        self, node: Path, environment: dict[str, str], server: Server, end: str
    ) -> None:
        account = server.account()
        request = {
            "type": "run",
            "case": "c1",
            "base_url": account.base_url,
            "account_id": account.id,
            "api_token": account.token,
            "input": dict(Contract.load().examples[0].input),
            "timeout_seconds": PATIENCE,
        }
        with started([node, EXAMPLE / "adapter.mjs"], HERE, environment) as adapter:
            assert adapter.stdin is not None
            assert adapter.stdout is not None
            adapter.stdin.write(json.dumps(request) + "\n")
            adapter.stdin.flush()
            assert json.loads(adapter.stdout.readline())["case"] == "c1"
            if end == "bye":
                adapter.stdin.write('{"type":"bye"}\n')
                adapter.stdin.flush()
            elif end == "end of input":
                adapter.stdin.close()
            else:
                adapter.terminate()
            # On a signal, Miniflare ends its workerd and exits with 128 plus the signal number.
            assert adapter.wait(PATIENCE) == (128 + signal.SIGTERM if end == "SIGTERM" else 0)
