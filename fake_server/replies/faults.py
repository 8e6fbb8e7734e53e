"""The fault table: every misbehaviour of the service, its gateway and the network that is scripted.

A client asks for a fault by the API token or gateway id `fault-<name>`; a test sets it in a step of
an account's scenario.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from aleph_contract.errors import ArgumentError
from aleph_contract.rules import canonical
from fake_server.replies.edge_faults import EDGE_FAULTS
from fake_server.replies.fault import RESULT, Delivery, Fault, cut, redirect
from fake_server.replies.refusal_faults import REFUSAL_FAULTS
from fake_server.replies.reply_faults import REPLY_FAULTS
from fake_server.replies.stream_faults import STREAM_FAULTS
from fake_server.replies.url_faults import URL_FAULTS

__all__ = ["FAULTS", "FAULT_PREFIX", "Delivery", "Fault", "find"]

#: Prefix of an API token or gateway id that asks for a fault.
FAULT_PREFIX = "fault-"

_DELIVERY_FAULTS: tuple[Fault, ...] = (
    cut("delayed", "a valid reply whose first byte comes after a delay (0.5 seconds "
          "unless the step sets another)", "slow", rules=RESULT, status=200, completes=True,
          delay=0.5, billed_maybe=False),
    cut("drip", "a valid reply in small pieces (over 0.5 seconds unless the step "
          "sets another time)", "drip", rules=RESULT, status=200, completes=True,
        delay=0.5, billed_maybe=False),
    cut("hang", "no response until the client times out", "hang"),
    cut("reset-before", "the connection is reset before the request body is read",
          "reset-early", billed_maybe=False),
    cut("reset-after", "the connection is reset after the request is read", "reset"),
    cut("dropped", "the connection is closed without a response after the request is "
          "read", "drop"),
    redirect(301, "moved permanently; most clients continue with GET"),
    redirect(302, "found; most clients continue with GET"),
    redirect(303, "see other; clients continue with GET"),
    redirect(307, "temporary; clients repeat the POST"),
    redirect(308, "permanent; clients repeat the POST"),
)  # fmt: skip

#: Every fault by its name.
FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *REFUSAL_FAULTS,
        *EDGE_FAULTS,
        *REPLY_FAULTS,
        *URL_FAULTS,
        *STREAM_FAULTS,
        *_DELIVERY_FAULTS,
    )
}


def find(name: str) -> Fault:
    """The fault named `name`, or whose earlier name that is.

    Raises:
        ArgumentError: No fault has that name; the message lists all names.
    """
    fault = FAULTS.get(canonical(name))
    if fault is not None:
        return fault
    near = difflib.get_close_matches(name, FAULTS, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ArgumentError(f"no fault is named {name!r}{meant}; the faults are: {', '.join(FAULTS)}")
