"""The rules a client is judged by: one table, from which judge, reports, CLI and docs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aleph_contract.core.results import Level

#: What a rule rests on. HTTP itself (RFC 9110), the schemas and the documentation make a must.
Provenance = Literal["http", "schema", "documented", "observed", "assumed"]

#: More tries than this for one run count as unbounded (assumed: the gateway itself stops at 5).
MAX_TRIES = 10

#: Statuses after which the same call can only fail again (RFC 9110, section 15.5).
FINAL_STATUSES = frozenset({400, 401, 402, 403, 404, 422})


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a client must do.

    Args:
        id: Stable name, `area.rule`.
        sentence: What the client does; reads after "the client".
        provenance: What the rule rests on.
        level: Whether its findings fail the client.
        why: What it costs to break it.
        breakage: How clients usually come to break it.
        mend: What to do instead.
    """

    id: str
    sentence: str
    provenance: Provenance
    level: Level
    why: str
    breakage: str
    mend: str


_TABLE = (
    Rule(
        "request.route",
        "calls the documented route with POST",
        "documented",
        "must",
        "Any other route answers 404 on the live service, whatever a stub may have said.",
        "The model id is put into the path, as for models hosted by Cloudflare itself, or the "
        "base URL loses its /client/v4.",
        "POST to {base_url}/accounts/{account_id}/ai/run and put the model into the body.",
    ),
    Rule(
        "request.auth",
        "sends the account's API token as a bearer token",
        "documented",
        "must",
        "Without it the service answers 400 or 401 and nothing runs.",
        "The token goes into X-Auth-Key, or the word Bearer is missing.",
        "Send the header Authorization: Bearer <token>.",
    ),
    Rule(
        "request.content-type",
        "declares its body as application/json",
        "documented",
        "must",
        "A body of another type is not read as JSON.",
        "curl --data without a header sends application/x-www-form-urlencoded; fetch with a "
        "string body sends text/plain.",
        "Set Content-Type: application/json.",
    ),
    Rule(
        "request.model",
        "names the exact model id",
        "documented",
        "must",
        "An unknown model is answered 404; another model that exists would be billed.",
        "The id is typed from memory, prefixed with @cf/, or built from a display name.",
        "Send the id letter by letter as the contract has it.",
    ),
    Rule(
        "request.valid",
        "sends an input that the contract allows, whenever it was given one",
        "schema",
        "must",
        "A valid wish that is turned into an invalid request fails for no reason its user can see.",
        "Numbers become strings, absent fields become null, helper fields are added.",
        "Serialise the input as it is; leave absent fields out.",
    ),
    Rule(
        "request.faithful",
        "sends exactly the input it was given: nothing dropped, added, cut, re-encoded or coerced",
        "documented",
        "must",
        "The run succeeds and is paid for, but it is not the run that was asked for.",
        "`if (seed)` drops 0, `||` puts defaults in its place, a prompt is trimmed or normalised, "
        "a seed passes through a float or an int32.",
        "Test for absence, not for truth; pass strings and numbers through untouched.",
    ),
    Rule(
        "request.once",
        "makes exactly one billed call per successful run",
        "documented",
        "must",
        "Every call is a new run and is billed; the gateway never serves a video from its cache.",
        "A warm-up call, a double submission on a race, a result made up without a call.",
        "Send once, and return what that one call answered.",
    ),
    Rule(
        "boundary.accepted",
        "is not stricter than the contract: every valid input is sent and its result returned",
        "schema",
        "must",
        "Users of the client cannot reach what the service offers.",
        "A limit was remembered wrongly, or < stands where <= belongs.",
        "Read limits from the published schema, or leave them to the service.",
    ),
    Rule(
        "boundary.not-repaired",
        "never turns a violating input into a valid one silently",
        "schema",
        "must",
        "The user pays for a run that differs from the wish and is never told.",
        "A prompt is cut to its maximum, a list to its first five, a number clamped to its range.",
        "Refuse the input with an error, or send it verbatim and report the refusal.",
    ),
    Rule(
        "boundary.refusal-surfaced",
        "reports the service's refusal as an error",
        "http",
        "must",
        "A refused run that looks like a result is noticed much later, elsewhere.",
        "The status is not looked at, or an exception is swallowed and None returned.",
        "Treat every status outside 2xx as an error.",
    ),
    Rule(
        "boundary.refused-locally",
        "refuses violating input before the network",
        "schema",
        "must",
        "A round trip is saved, and the message can name the caller's own field.",
        "The client has no validation. Judged only with --require-local-validation.",
        "Validate against the published input schema before sending.",
    ),
    Rule(
        "response.video",
        "returns the documented video URL unchanged",
        "documented",
        "must",
        "The video is paid for; a URL that was changed or lost cannot be fetched.",
        "The reply is re-encoded, its query cut off, or the field read from another place.",
        "Return result.video as it stands in the reply.",
    ),
    Rule(
        "response.state",
        "does not take a run that is not Completed for a result",
        "documented",
        "must",
        "A failed or unfinished run comes with status 200 too.",
        "Only the HTTP status is looked at.",
        'Check that "state" is "Completed" before reading the result.',
    ),
    Rule(
        "response.malformed",
        "reports an error for a malformed reply",
        "schema",
        "must",
        "undefined, null or half a document travels on as if it were a video.",
        "Optional chaining (`reply?.result?.video`) returns undefined without a word; a parse "
        "error is caught and dropped.",
        "Require a string in result.video; let parse errors through.",
    ),
    Rule(
        "error.surfaced",
        "reports each failure of the service as an error, never as a result",
        "http",
        "must",
        "A 4xx, a 5xx or a broken connection is never a result.",
        "fetch does not throw on a status; catch blocks return null.",
        "Check the status, and let errors of the transport through.",
    ),
    Rule(
        "error.identified",
        "keeps status, code and message of a failure",
        "observed",
        "advice",
        "Without them nobody can tell an empty account from a bad prompt: both may come as 402.",
        "Errors are replaced by a general text.",
        "Carry the HTTP status and errors[0].code and .message in the error.",
    ),
    Rule(
        "error.not-retried",
        "never repeats a call answered 400, 401, 402, 403, 404 or 422",
        "http",
        "must",
        "The same request can only be refused again; it costs time and rate limit.",
        "A retry helper repeats on any error.",
        "Retry on 429 alone, or not at all.",
    ),
    Rule(
        "billing.paid-once",
        "does not repeat a call that may already have been billed",
        "documented",
        "advice",
        "After a 5xx, a dropped connection or a time-out the run may have been done and billed; "
        "there is no idempotency key.",
        "The SDKs repeat by default (twice), with a time-out of 60 s, while runs take minutes.",
        "Set max_retries to 0 and the time-out to several minutes.",
    ),
    Rule(
        "error.bounded",
        f"gives up after at most {MAX_TRIES} tries, and waits at least Retry-After when given",
        "http",
        "must",
        "An endless loop against a service in trouble helps nobody and may be billed.",
        "`while True` around a request; Retry-After is not read.",
        "Count the tries, back off, and honour Retry-After.",
    ),
    Rule(
        "security.token-host",
        "never sends the token to another host",
        "http",
        "must",
        "Whoever controls the target of a redirect gets an API token that can spend money.",
        "Redirects are followed by hand with the same headers, or with curl --location-trusted.",
        "Do not follow redirects, or drop Authorization when the host changes.",
    ),
    Rule(
        "security.token-leak",
        "never puts the token in the URL, the body, its output or its error messages",
        "http",
        "must",
        "URLs and messages end in logs, traces and issue trackers.",
        "The whole request is printed with the error.",
        "Leave headers out of messages; send the token in the Authorization header only.",
    ),
    Rule(
        "concurrency.no-crosstalk",
        "gives each of several runs in flight its own result",
        "documented",
        "must",
        "One user gets the video of another.",
        "A shared variable holds the last request or reply; answers are matched by order.",
        "Keep the state of a call in that call.",
    ),
)

#: Every rule by its id, in the order of the table.
RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}
