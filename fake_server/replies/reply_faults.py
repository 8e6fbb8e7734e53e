"""Faults in the reply to a run that the service accepted: status 2xx."""

from __future__ import annotations

from typing import Any

from fake_server.replies.fault import (
    MALFORMED,
    RESULT,
    STATE,
    Fault,
    raw_reply,
    reply,
    with_members,
    with_state,
)

_REFUSED_WITH_200 = (
    b'{"errors":[{"message":"Model execution failed","code":7003}],'
    b'"success":false,"result":{},"messages":[]}'
)


def _running(_: Any) -> Any:
    """The first reply to a background run (observed by one project)."""
    return {"result": {"runId": "b3d0a6c2-0000-4000-8000-000000000000", "state": "Running"}}


def _other_success(status: int, title: str) -> Fault:
    """A completed run under another status than the documented 200."""
    return reply(
        f"completed-{status}",
        f"status {status} ({title}) with the reply of a completed run; a client may return the "
        "result or report an error",
        lambda r: r,
        ("billing.paid-once",),
        status=status,
        completes=True,
        billed_maybe=False,
    )


#: Replies that are not those of a completed run, or have another form.
REPLY_FAULTS: tuple[Fault, ...] = (
    reply("state-running", "a run that is not finished", with_state("Running"), STATE,
           provenance="observed"),
    reply("state-queued", "a run that has not started", with_state("Queued"), STATE,
           provenance="observed"),
    reply("state-failed", "a run that failed, with status 200", with_state("Failed"), STATE,
           provenance="observed"),
    reply("state-failed-with-result", "a run that failed, though the reply holds a result",
           lambda r: {**r, "state": "Failed"}, STATE),
    reply("state-missing", "a reply without a state", lambda _: {"result": {}}, MALFORMED),
    reply("result-member-missing", "a result without members: `{}`",
           lambda r: {**r, "result": {}}, MALFORMED),
    reply("result-member-null", 'a result whose members are null, such as `{"video": null}`',
           with_members(None), MALFORMED),
    reply("result-member-number", "a result whose members are numbers", with_members(42),
           MALFORMED),
    reply("result-member-object", "a result whose members are objects", with_members({"url": "x"}),
           MALFORMED),
    reply("result-member-empty", "a result whose members are the empty string", with_members(""),
           MALFORMED),
    reply("result-member-not-a-url", "a result whose members are texts that are not URLs",
           with_members("pending"), MALFORMED),
    reply("result-null", "a reply whose result is null", lambda r: {**r, "result": None},
           MALFORMED),
    reply("result-missing", "a reply without a result",
           lambda r: {key: value for key, value in r.items() if key != "result"}, MALFORMED),
    reply("reply-null", "the JSON document null", lambda _: None, MALFORMED),
    reply("reply-array", "a JSON array", lambda r: [r], MALFORMED),
    reply("extra-fields", "a valid reply with additional fields",
           lambda r: {"apiVersion": "9", **r, "usage": {"seconds": None}}, RESULT,
           completes=True, billed_maybe=False),
    raw_reply("body-empty", "status 200 and an empty body", b""),
    raw_reply("body-invalid-json", "a body that is not JSON", b'{"state":"Completed","result":{,}'),
    raw_reply("body-html", "status 200 with an HTML page", b"<!DOCTYPE html><title>OK</title>\n",
         content_type="text/html; charset=UTF-8"),
    Fault(
        "body-wrong-content-type", "a valid reply with the content type text/plain", "assumed",
        MALFORMED, completes=True, content_type="text/plain"),
    Fault(
        "body-bom", "a valid reply after a byte order mark; a client may accept or reject it",
        "assumed", ("request.once",), completes=True, raw=b"\xef\xbb\xbf"),
    Fault(
        "body-truncated", "half of a reply, then the connection closes",
        "assumed", MALFORMED, billed_maybe=True, delivery="truncated"),
    raw_reply("success-false", "status 200 with the body of a failure", _REFUSED_WITH_200),
    reply(
        "accepted-running", "status 202 for a run in the background that has just started",
        _running, MALFORMED, status=202, provenance="observed",
    ),
    raw_reply("empty-202", "status 202 and an empty body", b"", status=202),
    raw_reply("empty-204", "status 204, which has no body", b"", status=204),
    raw_reply("empty-206", "status 206 and an empty body", b"", status=206),
    _other_success(202, "accepted"),
    _other_success(206, "partial content"),
)  # fmt: skip
