"""A wrong value of an option: exit code 2 and one sentence, no traceback, no endless wait."""

from __future__ import annotations

import pytest

from aleph_contract.cli import run

LONG = "x" * 300
SERVER = ["verify", "server", "http://127.0.0.1:9/client/v4", "--plan"]
CLIENT = ["verify", "client", "--python", "json:dumps", "--run", "examples"]
COMMAND = ["--", "true"]

#: The arguments, and a part of the sentence.
WRONG: list[tuple[list[str], str]] = [
    (["cases", "--contract", LONG], "File name too long"),
    (["cases", "--contract", ""], "is empty"),
    (["cases", "--contract", "/dev/zero"], "File too large"),
    (["explain", "request.faithful", "--contract", LONG], "File name too long"),
    (["explain", "request.faithful", "--model", "no/model"], "no/model"),
    (["mutate", "--resume", "/dev/zero", *COMMAND], "File too large"),
    (["cases", "--constraint", "no/such/*"], "no case is left"),
    (["check", "/dev/zero"], "File too large"),
    ([*CLIENT, "--known-failing", LONG], "File name too long"),
    ([*CLIENT, "--write-known-failing", LONG], "File name too long"),
    ([*CLIENT, "--run", "bondary/*"], "--run bondary/*: matches no case"),
    ([*CLIENT, "--run", "time"], "--run time: matches no case"),
    ([*SERVER, "--run", "valid", "--run", "nothing"], "--run nothing: matches no case"),
    (["verify", "client", "client.py:run"], "did you mean --python client.py:run?"),
    (
        ["explain", "grey"],
        "did you mean gray? (`aleph-contract rules` lists the rules",
    ),
    ([*CLIENT, "--timeout", "nan"], "--timeout"),
    ([*CLIENT, "--timeout", "inf"], "--timeout"),
    ([*CLIENT, "--timeout", "9" * 23], "--timeout"),
    ([*CLIENT, "--patience", "nan"], "--patience"),
    ([*CLIENT, "--jobs", "100000"], "--jobs"),
    ([*CLIENT, "--host", LONG], "no host name"),
    (["exec", "--host", "\udcff", *COMMAND], "no host name"),
    ([*SERVER, "--timeout", "nan"], "--timeout"),
    ([*SERVER, "--rate", "nan"], "--rate"),
    ([*SERVER, "--rate", "1e-300"], "--rate"),
    ([*SERVER, "--account-id", ""], "--account-id"),
    ([*SERVER, "--account-id", "a b"], "--account-id"),
    ([*SERVER, "--account-id", "a/../b"], "--account-id"),
    (["verify", "server", "http://127.0.0.1:9/a b", "--plan"], "BASE_URL"),
    (["verfy", "client"], "No such command 'verfy'. Did you mean 'verify'?"),
    (["exec", "--repot", "json", *COMMAND], "No such option"),
    (["mutate", "--timeout", "nan", *COMMAND], "--timeout"),
    (["mutate", "--fail-under", "nan", *COMMAND], "--fail-under"),
    (["exec", "--intercept", "--allow-host", "*:99999", *COMMAND], "HOST or HOST:PORT"),
    (["serve", "--drain", "nan"], "--drain"),
    (["serve", "--drain", "inf"], "--drain"),
    (["serve", "--token", ""], "token ''"),
    (["serve", "--token", "a b"], "token 'a b'"),
    (["serve", "--token", "\u00fc"], "printable ASCII"),
    (["serve", "--credits", "1e999999999"], "--credits is an amount"),
    (["serve", "--spend-limit", "1e-999999999"], "--spend-limit is an amount"),
    ([*SERVER, "--spend-cap", "1e13"], "--spend-cap is an amount"),
    (["serve", "--uds", ""], "empty"),
    (["serve", "--uds", LONG], "socket"),
    (["serve", "--host", ""], "host ''"),
    (["serve", "--host", LONG, "--expose"], "no host name"),
    (["serve", "--admin-token-env", "NO_SUCH_VARIABLE"], "holds no token"),
    (
        ["exec", "--fake", "http://127.0.0.1:9", "--admin-token-env", "NO_SUCH_VARIABLE", *COMMAND],
        "holds no token",
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG)
def test_a_wrong_value_is_named_in_one_sentence(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = [line for line in shown.err.splitlines() if line]
    assert expected in lines[-1]
    assert "Traceback" not in shown.err
    assert len(lines) <= 3
