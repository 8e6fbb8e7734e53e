"""The class of `Runs` for each source of answers: fake, mutation, recording, upstream."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fake_server.runs.lifecycle import Runs

if TYPE_CHECKING:
    from fake_server.runs.mutation import Mutator
    from fake_server.runs.replay import RecordedReplies
    from fake_server.upstream.forwarding import Upstream


def kind_of_runs(
    mutator: Mutator | None, replay: RecordedReplies | None, upstream: Upstream | None
) -> Callable[..., Runs]:
    """The class of `Runs`; without any argument that of an ordinary fake.

    Args:
        mutator: Changes one call.
        replay: A recording that answers runs.
        upstream: A server that answers runs.
    """
    if mutator is not None:
        from fake_server.runs.mutation import MutatedRuns  # only when used

        return partial(MutatedRuns, mutator=mutator)
    if replay is not None:
        from fake_server.runs.replay import ReplayedRuns  # only when used

        return partial(ReplayedRuns, replies=replay)
    if upstream is not None:
        from fake_server.upstream.forwarding import ForwardedRuns  # only when used

        return partial(ForwardedRuns, upstream=upstream)
    return Runs
