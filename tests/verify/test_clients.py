"""The example clients keep every rule, in both reply shapes; so do the variants.

By default each client is driven through a selection of cases; with ALEPH_CONTRACT_WHOLE=1 through
all cases.
"""

from __future__ import annotations

import re
import shutil
import sys
from fnmatch import fnmatchcase
from typing import Any

import pytest
from driving import FIXTURES, SAMPLE, SHOWING, SHOWING_ALL, SLOW, WHOLE, drive, found

from aleph_contract.cli import run as command_line
from aleph_contract.drivers import Driver
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.verify.runner import Settings, verify_client

CLIENTS = FIXTURES / "clients"
sys.path.insert(0, str(CLIENTS))

import variants  # type: ignore[import-not-found]  # noqa: E402 - found on the path set above

CALLABLES = ("httpx_client.py:run", "httpx_client.py:run_async", "sdk_client.py:run",
             "urllib_client.py:run")  # fmt: skip

#: Selections of cases for programs, the smaller one for slow programs.
FEW = (
    *SAMPLE,
    "concurrency",
    "boundary/seed/m*",
    "combination/text/prompt/[ept]*",
    "combination/number/*",
    *SHOWING["answers"],
    *SHOWING["failures"],
)
FEWER = (
    "examples",
    "profile/live/*",
    "concurrency",
    "combination/text/prompt/[pt]*",
    "fault/bad-gateway/once",
    "fault/body-*/once",
    "fault/redirect-307/once",
)
#: Program: its interpreter, what else must be installed, its selection of cases.
PROGRAMS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "fetch.mjs": ("node", (), FEW),
    "cloudflare_sdk.mjs": ("node", ("cloudflare",), FEW),
    "Client.java": ("java", (), FEW),
    "curl.sh": ("sh", ("curl", "jq"), FEWER),
    "client.pl": ("perl", (), FEWER),
}

#: Options of an interpreter that halve the CPU of a short run: no optimising compiler.
OPTIONS = {"java": ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")}

#: Cases in which a correct client may get advice, and why.
EXPLAINED = {
    "probe/prompt/lone-surrogate": "no JSON text in UTF-8 can hold a lone surrogate",
    "probe/repeated-key/*": "a client that sends the input unparsed repeats the key",
    "probe/*/10-to-the-400": "JavaScript has no number as large as this",
    "probe/*/2-to-the-*": "JavaScript has no integers beyond 2^53",
    "probe/*/least-double": "a client with fixed-precision floats loses the smallest one",
}


def unexplained(run: Any) -> dict[str, list[str]]:
    """The advice in cases that `EXPLAINED` does not list."""

    def explained(line: str) -> bool:
        return any(fnmatchcase(line.partition(": ")[0], pattern) for pattern in EXPLAINED)

    left = {
        rule: [line for line in lines if not explained(line)]
        for rule, lines in found(run, "advice").items()
    }
    return {rule: lines for rule, lines in left.items() if lines}


def assert_kept(run: Any) -> None:
    assert run.trouble == ()
    assert found(run, "must") == {}
    assert unexplained(run) == {}
    assert run.exit_code == 0
    assert run.counts["failed"] == run.counts["could-not-run"] == 0


def program(name: str) -> Driver:
    interpreter, needed, _ = PROGRAMS[name]
    path = str(CLIENTS / name)
    for tool in (interpreter, *needed):
        if tool == "cloudflare":
            if not (FIXTURES / "node_modules" / tool).exists():
                pytest.skip("the SDK is not installed: npm ci --prefix fixtures")
        elif shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    kind = CommandDriver if interpreter in ("sh", "perl") else StdioDriver
    return kind([interpreter, *OPTIONS.get(interpreter, ()), path])


@pytest.mark.parametrize("target", CALLABLES)
def test_an_example_in_python_keeps_every_rule(target: str) -> None:
    cases = () if WHOLE else (*SHOWING_ALL, "concurrency")
    assert_kept(drive(PythonDriver(str(CLIENTS / target)), *cases))


@pytest.mark.parametrize("target", CALLABLES)
def test_an_example_in_python_keeps_every_rule_of_the_live_profile(target: str) -> None:
    settings = Settings(
        profile="live",
        run=() if WHOLE else (*SAMPLE, *SHOWING["answers"], *SHOWING["failures"]),
        skip=SLOW,
        max_examples=0,
    )
    assert_kept(verify_client(PythonDriver(str(CLIENTS / target)), settings=settings))


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_program_keeps_every_rule(name: str) -> None:
    assert_kept(drive(program(name), *(() if WHOLE else PROGRAMS[name][2])))


#: Variants whose difference is in the input that they send; that of the others is in HTTP.
INPUT_VARIANTS = {
    variants.everything_escaped,
    variants.fractions,
    variants.keys_reversed,
    variants.keys_sorted,
    variants.plain_utf8,
    variants.slashes_escaped,
    variants.spread_out,
    variants.validates_first,
}


def variant_cases(variant: Any) -> tuple[str, ...]:
    if WHOLE:
        return ()
    modules = ("changing", "bounds") if variant in INPUT_VARIANTS else ("answers", "failures")
    return (*SAMPLE, *(case for module in modules for case in SHOWING[module]))


@pytest.mark.parametrize("variant", variants.VARIANTS, ids=lambda variant: variant.__name__)
def test_a_variant_keeps_every_rule(variant: Any) -> None:
    local = variant is variants.validates_first
    assert_kept(drive(PythonDriver(variant), *variant_cases(variant), local=local))


def test_a_variant_keeps_every_rule_on_drawn_inputs() -> None:
    run = verify_client(
        PythonDriver(variants.everything_escaped),
        settings=Settings(run=("properties",), max_examples=15),
    )
    assert_kept(run)
    assert len(run.results) == 3


def test_the_readme_lists_every_example_with_a_command_that_verifies_it() -> None:
    text = (CLIENTS / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\]\(([\w.]+)\)", text))
    assert listed == {path.name for path in CLIENTS.iterdir() if path.is_file()} - {"README.md"}
    commands = re.findall(r"`(--(?:python|stdio|per-case) [^`]+)`", text)
    assert len(commands) == len(CALLABLES) + len(PROGRAMS) + 1


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("clients/urllib_client.py:run", 0),
        ("clients/variants.py:chunked", 0),
        ("broken/clients.py:drops_zero_seed", 1),
        ("broken/clients.py:model_from_memory", 1),
    ],
)
def test_the_exit_code_of_the_command_is_the_verdict(
    target: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["--run", "examples", "--run", "boundary/seed/m*"]
    python = str(FIXTURES / target)
    assert command_line(["verify", "client", *chosen, "--python", python]) == code
    verdict = capsys.readouterr().out
    assert ("CONFORMS" in verdict) == (code == 0)


def test_examples_are_short_enough_to_be_read() -> None:
    """Users copy an example, so it fits on two screens; the Java one contains a JSON parser."""
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in CLIENTS.iterdir()
        if path.is_file() and path.suffix != ".md"
    }
    bound = {"Client.java": 260, "variants.py": 350}
    assert {n: c for n, c in lengths.items() if c > bound.get(n, 100)} == {}
