"""The options of `serve` about the source of its answers, and about the capture of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands import serve_terminal as terminal
from aleph_contract.commands.options import amount_of

if TYPE_CHECKING:
    from aleph_contract.contract.contract_set import ContractSet
    from aleph_contract.recordings.capture_writer import CaptureWriter
    from fake_server.runs.replay import RecordedReplies
    from fake_server.upstream.forwarding import Upstream

_OPTIONS = (
    click.option(
        "--replay",
        metavar="FILE",
        help="Answer runs from a recording: HAR, VCR cassette, AI Gateway log, journal, capture.",
    ),
    click.option(
        "--upstream",
        metavar="URL",
        help="Pass runs on to this server, such as https://api.cloudflare.com/client/v4; needs "
        "--spend-cap.",
    ),
    click.option(
        "--spend-cap",
        metavar="USD",
        callback=amount_of,
        help="Most that the runs of --upstream may cost, at the contract's price.",
    ),
    click.option(
        "--allow-unknown-cost",
        is_flag=True,
        help="With --upstream: also pass on runs whose price is unknown.",
    ),
    click.option(
        "--record", metavar="FILE", help="Append each exchange to a capture, without the token."
    ),
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `AnswerSource.chosen` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """The source of the answers of a fake: itself, a recording, or an upstream server.

    Args:
        replay: The recording, if any.
        upstream: The upstream server, if any.
        record: The capture that exchanges are appended to, if any.
        as_json: Whether messages are JSON.
    """

    replay: RecordedReplies | None
    upstream: Upstream | None
    record: str | None
    as_json: bool

    @classmethod
    def chosen(
        cls, options: dict[str, Any], contracts: ContractSet, *, as_json: bool
    ) -> AnswerSource:
        """The source that options choose; they are taken out of `options`.

        Raises:
            click.UsageError: The options do not go together.
            RecordingError: The recording cannot be used.
            ArgumentError: The URL of the upstream cannot be used.
            CouldNotRun: There is no connection to the upstream.
        """
        given = {name: options.pop(name) for name in _NAMES}
        _check(given)
        replay, upstream = given["replay"], given["upstream"]
        return cls(
            None if replay is None else _replies(replay, contracts, as_json=as_json),
            None if upstream is None else _upstream(given, as_json=as_json),
            given["record"],
            as_json,
        )

    @contextmanager
    def capture(self) -> Iterator[CaptureWriter | None]:
        """The capture that exchanges are appended to, if any.

        Raises:
            ArgumentError: It cannot be written.
        """
        if self.record is None:
            yield None
            return
        from aleph_contract.recordings.capture_writer import CaptureWriter

        with CaptureWriter(self.record) as writer:
            yield writer

    def report_spending(self) -> None:
        """Write the cost of the runs of an upstream to standard error."""
        if self.upstream is not None:
            guard, url = self.upstream.guard, self.upstream.target.base_url
            spent = f"{url}: {guard.committed:f} of {guard.cap:f} USD spent or reserved"
            terminal.warn(spent, as_json=self.as_json)


_NAMES = ("replay", "upstream", "spend_cap", "allow_unknown_cost", "record")


def _check(given: Mapping[str, Any]) -> None:
    """Raise `click.UsageError` if the options do not go together."""
    if given["upstream"] is None:
        if given["spend_cap"] is not None or given["allow_unknown_cost"]:
            raise click.UsageError("--spend-cap and --allow-unknown-cost belong to --upstream URL")
    elif given["spend_cap"] is None:
        raise click.UsageError(
            "--upstream needs --spend-cap USD: the runs that it passes on may be billed"
        )
    elif given["replay"] is not None:
        raise click.UsageError("choose one of --upstream and --replay")


def _replies(recording: str, contracts: ContractSet, *, as_json: bool) -> RecordedReplies:
    """The replies of a recording; their number is told on standard error."""
    from aleph_contract.core.escaping import pluralise
    from aleph_contract.recordings.replay import load_replies

    replies, left_out = load_replies(Path(recording), contracts)
    rest = f"; calls that are not replayed: {left_out:,}" if left_out else ""
    runs = pluralise(replies.count, "recorded reply", "recorded replies")
    terminal.warn(f"{recording}: {runs}{rest}", as_json=as_json)
    return replies


def _upstream(given: Mapping[str, Any], *, as_json: bool) -> Upstream:
    """The upstream server, after one connection to it."""
    from fake_server.upstream.forwarding import Upstream

    url, cap = given["upstream"], given["spend_cap"]
    upstream = Upstream.of(url, cap, allow_unknown=given["allow_unknown_cost"])
    upstream.target.check()
    clear = ", without TLS: others can read the token" if upstream.target.in_clear else ""
    terminal.warn(f"runs go to {url}, for up to {cap:f} USD{clear}", as_json=as_json)
    return upstream
