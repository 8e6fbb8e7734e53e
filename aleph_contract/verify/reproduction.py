"""Commands that show one case again: a curl request, and the verification of that case alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.settings import Settings
from fake_server.workers import DEFAULT_ADDRESS

#: The options with a value that the result of a case depends on. Of these only `--speed` is ever
#: `None` without being the default: that is `auto`.
_OPTIONS = (
    *("profile", "timeout", "patience", "host", "port"),
    *("speed", "latency", "credits", "spend_limit", "max_body"),
)


def _word(value: object) -> str:
    if value is None:
        return "auto"
    return f"{value:g}" if isinstance(value, float) else str(value)


class Reproduction:
    """Writes the commands for the cases of one verification.

    Args:
        contract: The contract.
        settings: The options of the verification.
    """

    def __init__(self, contract: Contract, settings: Settings) -> None:
        self._model = dumps(contract.model)
        self._options = shlex.join(_options(settings))
        self._drawn = f" --max-examples {settings.max_examples}"
        self._client = "".join(f" {shlex.quote(word)}" for word in settings.command)

    def curl(self, planned: PlannedCase) -> str:
        """A curl command that sends the intended request to `aleph-contract serve`."""
        given = planned.text or dumps(planned.input)
        body = f'{{"model":{self._model},"input":{given}}}'
        token = f"fault-{planned.fault}" if planned.fault else "any-token"
        return (
            f"curl http://{DEFAULT_ADDRESS}/client/v4/accounts/{'0' * 32}/ai/run "
            f"--header {shlex.quote(f'Authorization: Bearer {token}')} "
            "--header 'Content-Type: application/json' "
            f"--data-raw {shlex.quote(body)}"
        )

    def command(self, planned: PlannedCase) -> str:
        """The command that verifies this case, with every option that its result depends on.

        A concurrent run shows its findings only beside the other runs of its phase.
        """
        run = shlex.quote(_selection(planned))
        drawn = self._drawn if planned.phase == "properties" else ""
        return f"aleph-contract verify client --run {run} {self._options}{drawn}{self._client}"


def _options(settings: Settings) -> Iterator[str]:
    """The words of the options that the result of every case depends on."""
    defaults = Settings()
    yield from ("--seed", str(settings.seed))
    for name in _OPTIONS:
        value = getattr(settings, name)
        if value != getattr(defaults, name):
            yield from (f"--{name.replace('_', '-')}", _word(value))
    if settings.intercept:
        yield "--intercept"
        for host in settings.allow_hosts:
            yield from ("--allow-host", host)
    if settings.require_local_validation:
        yield "--require-local-validation"


def one_by_one(command: str) -> str:
    """The command of `reproduce` for a finding that needs its cases in sequence."""
    words = shlex.split(command)
    if "--jobs" in words:
        words[words.index("--jobs") + 1] = "1"
    elif "--seed" in words:
        at = words.index("--seed")
        words = [*words[:at], "--jobs", "1", *words[at:]]
    return shlex.join(words)


def together_with(command: str, *others: str) -> str:
    """The command of `reproduce` for a finding that needs other cases, or phases, too."""
    words = shlex.split(command)
    if "--run" not in words:
        return command
    at = words.index("--run")
    own = words[at + 1]
    added = (word for name in others if name != own for word in ("--run", name))
    return shlex.join([*words[:at], *added, *words[at:]])


def _selection(planned: PlannedCase) -> str:
    return planned.phase if planned.phase == "concurrency" else planned.name
