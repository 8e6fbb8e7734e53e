"""Commands that show one case again: a curl request, and the verification of that case alone."""

from __future__ import annotations

import shlex

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


def curl(planned: PlannedCase, contract: Contract) -> str:
    """A curl command that sends the intended request to `aleph-contract serve`."""
    given = planned.text or dumps(planned.input)
    body = f'{{"model":{dumps(contract.model)},"input":{given}}}'
    token = f"fault-{planned.fault}" if planned.fault else "any-token"
    return (
        f"curl http://{DEFAULT_ADDRESS}/client/v4/accounts/{'0' * 32}/ai/run "
        f"--header {shlex.quote(f'Authorization: Bearer {token}')} "
        f"--header 'Content-Type: application/json' --data-raw {shlex.quote(body)}"
    )


def reproduce(planned: PlannedCase, settings: Settings) -> str:
    """The command that verifies this case, with every option that its result depends on.

    A concurrent run shows its findings only beside the other runs of its phase.
    """
    defaults = Settings()
    words = ["aleph-contract", "verify", "client", "--run", _selection(planned)]
    words += ["--seed", str(settings.seed)]
    for name in _OPTIONS:
        value = getattr(settings, name)
        if value != getattr(defaults, name):
            words += [f"--{name.replace('_', '-')}", _word(value)]
    if settings.intercept:
        words += [
            "--intercept",
            *(w for host in settings.allow_hosts for w in ("--allow-host", host)),
        ]
    if settings.require_local_validation:
        words += ["--require-local-validation"]
    if planned.phase == "properties":
        words += ["--max-examples", str(settings.max_examples)]
    return shlex.join([*words, *settings.command])


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
