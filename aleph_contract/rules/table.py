"""The rules a client is judged by: one table for the judge, the reports, the CLI and the docs."""

from __future__ import annotations

from dataclasses import dataclass

from aleph_contract.core.results import Level
from aleph_contract.rules.retry_policy import Provenance

#: A client that makes more calls than this for one run is judged unbounded (assumed: the gateway
#: itself makes at most 5 attempts).
MAX_TRIES = 10


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a client must do.

    Args:
        id: Stable name, `area.rule`.
        sentence: What a conformant client does; the text follows the words "the client".
        provenance: The source of the rule.
        level: `must` if a broken rule fails the client, `advice` if it is only reported.
        why: The damage when the rule is broken.
        cause: The usual mistakes in code that break it.
        fix: What to do instead.
        limits: What the check sees and what it does not see, where that is not obvious.
    """

    id: str
    sentence: str
    provenance: Provenance
    level: Level
    why: str
    cause: str
    fix: str
    limits: str = ""


_TABLE = (
    Rule(
        "request.route",
        "calls the documented route with POST",
        "documented",
        "must",
        "The live service answers 404 on any other route, even if a stub accepts it.",
        "The model id is in the path, as for models hosted by Cloudflare itself, or the base URL "
        "has lost its /client/v4.",
        "POST to {base_url}/accounts/{account_id}/ai/run and name the model in the body.",
    ),
    Rule(
        "request.auth",
        "sends the account's API token as a bearer token",
        "documented",
        "must",
        "Without it the service answers 400 or 401 and runs nothing.",
        "The token is sent in X-Auth-Key, or the word Bearer is missing.",
        "Send the header Authorization: Bearer <token>.",
    ),
    Rule(
        "request.content-type",
        "declares its body as application/json",
        "documented",
        "must",
        "A body with another content type is not parsed as JSON.",
        "curl --data without a header sends application/x-www-form-urlencoded; fetch with a "
        "string body sends text/plain.",
        "Set Content-Type: application/json.",
    ),
    Rule(
        "request.model",
        "sends the exact model id",
        "documented",
        "must",
        "An unknown model is answered with 404; a different model that exists is billed.",
        "The id is typed from memory, prefixed with @cf/, or built from a display name.",
        "Copy the id from the contract.",
    ),
    Rule(
        "request.envelope",
        "sends no member beside model and input, and no query in the URL",
        "assumed",
        "advice",
        "No document says how the service treats them: a later version may refuse them, or give "
        "them a meaning.",
        "Options for a different endpoint, such as stream, are put beside the input.",
        'Send {"model": …, "input": …} and nothing else.',
    ),
    Rule(
        "request.valid",
        "sends an input that the contract allows when it was given a valid one",
        "schema",
        "must",
        "The service refuses a request whose input was valid, and the user cannot see why.",
        "Numbers become strings, absent fields become null, or helper fields are added.",
        "Serialise the input unchanged; leave absent fields out.",
    ),
    Rule(
        "request.faithful",
        "sends exactly the input it was given: nothing dropped, added, cut, re-encoded or coerced",
        "documented",
        "must",
        "If the run succeeds, it is billed, but its input is not the one the user gave.",
        "`if (seed)` drops 0, `||` replaces 0 by a default, a prompt is trimmed or normalised, "
        "a seed passes through a float or an int32.",
        "Send strings and numbers unchanged; test for absence (`seed !== undefined`), not for "
        "truth.",
    ),
    Rule(
        "request.once",
        "makes exactly one billed call per successful run",
        "documented",
        "must",
        "Every call starts a new run and is billed; the gateway does not cache videos.",
        "The client sends a warm-up call, submits twice in a race, or returns a result without "
        "any call.",
        "Send one call, and return its reply.",
    ),
    Rule(
        "boundary.accepted",
        "is not stricter than the contract: it sends every valid input and returns the result",
        "schema",
        "must",
        "Users of the client cannot use everything that the service offers.",
        "A limit in the code differs from the schema, or the code compares with < instead of <=.",
        "Read limits from the published schema, or let the service check them.",
    ),
    Rule(
        "boundary.not-repaired",
        "never turns a violating input into a valid one silently",
        "schema",
        "must",
        "The user pays for a run with a different input and gets no warning.",
        "A prompt is cut to the maximum length, a list to its first five items, or a number is "
        "clamped to its range.",
        "Raise an error, or send the input unchanged and report the refusal.",
    ),
    Rule(
        "boundary.refusal-surfaced",
        "reports the service's refusal as an error",
        "http",
        "must",
        "A refused run that looks like a result is noticed late, in some other part of the "
        "program.",
        "The status is not checked, or an exception is swallowed and None is returned.",
        "Treat every status outside 2xx as an error; raise an error too if the client itself "
        "refuses the input.",
    ),
    Rule(
        "boundary.refused-locally",
        "refuses a violating input before it sends anything",
        "schema",
        "must",
        "A local check saves a round trip, and its message can name the user's own field.",
        "The client has no validation. Judged only with --require-local-validation.",
        "Validate against the published input schema before sending.",
    ),
    Rule(
        "response.result",
        "returns the result of the reply unchanged",
        "documented",
        "must",
        "The result is paid for; a changed or lost URL cannot be fetched.",
        "The reply is re-encoded, the query of the URL is cut off, or a different field is read.",
        "Return the result exactly as it is in the reply; of runwayml/aleph-2, result.video.",
    ),
    Rule(
        "response.state",
        'returns no result from a run whose state is not "Completed"',
        "documented",
        "must",
        "A failed or unfinished run has status 200 too.",
        "The code checks only the HTTP status.",
        'Check that "state" is "Completed" before reading the result.',
    ),
    Rule(
        "response.malformed",
        "reports an error for a malformed reply",
        "schema",
        "must",
        "The program continues with undefined, null or half a document as its result.",
        "Optional chaining (`reply?.result?.video`) silently returns undefined, or a parse error "
        "is caught and ignored.",
        "Require the result that the output schema describes, such as a string in result.video; do "
        "not catch parse errors.",
    ),
    Rule(
        "error.surfaced",
        "reports each failure of the service as an error, never as a result",
        "http",
        "must",
        "A 4xx, a 5xx or a broken connection is never a result.",
        "fetch does not throw on an error status; a catch block returns null.",
        "Check the status, and do not catch connection errors without reporting them.",
    ),
    Rule(
        "error.identified",
        "keeps status, code and message of a failure",
        "observed",
        "advice",
        "Without them an empty account and a bad prompt look the same: both may be a 402.",
        "A general text replaces the error.",
        "Put the HTTP status, errors[0].code and errors[0].message into the error.",
    ),
    Rule(
        "error.not-retried",
        "never repeats a call answered 400, 401, 402, 403, 404 or 422",
        "http",
        "must",
        "The same request is usually refused again; the retry costs time and rate limit.",
        "A retry helper repeats the call on any error.",
        "Retry on 429 only, or not at all. One 402 passes by itself and may be repeated: the one "
        "whose message says that a rate limit was exceeded.",
    ),
    Rule(
        "billing.paid-once",
        "does not repeat a call that may already have been billed",
        "documented",
        "advice",
        "After a 5xx, a dropped connection or a time-out the run may have completed and been "
        "billed; the API has no idempotency key.",
        "A loop repeats the call after a 5xx; the SDKs do so twice by default, and after their "
        "time-out of 60 s, while runs take minutes.",
        "Repeat no call that may have run: set max_retries of an SDK to 0 and its time-out to "
        "several minutes.",
    ),
    Rule(
        "billing.result-awaited",
        "waits for the result of a run until the run ends",
        "observed",
        "advice",
        "Runs take minutes (138 and 179 s were seen). The service finishes and bills a run whose "
        "client has gone, and the result cannot be fetched later.",
        "The time-out is 30 or 60 s, the default of many HTTP clients.",
        "Set the time-out to several minutes, such as 600 s; test it with --speed.",
    ),
    Rule(
        "error.bounded",
        f"gives up after at most {MAX_TRIES} tries, and waits at least Retry-After when given",
        "http",
        "must",
        "Early and endless tries add load to a failing service, and each try may be billed.",
        "The request is inside `while True`; Retry-After is not read, or read as milliseconds.",
        "Limit the number of tries, back off, and wait the seconds, or until the date, of "
        "Retry-After.",
    ),
    Rule(
        "security.token-host",
        "never sends the token to another host",
        "http",
        "must",
        "The host that a redirect or a result URL leads to gets an API token that can spend money. "
        "Results are on another host than the API: in the four examples of the model's page on a "
        "host of cloudfront.net (documented).",
        "The code follows redirects itself with the same headers, or uses curl "
        "--location-trusted; or one session sends its headers to the API and to the host of the "
        "result.",
        "Do not follow redirects, or drop Authorization when the host changes; download results "
        "without the token.",
        "Seen of a download: the token in the request of the fault result-url-other-host; a bearer "
        "token with --intercept, because the calls go to api.cloudflare.com and the fake serves "
        "results at its own address; and a bearer token in a recording. A client that downloads "
        "nothing is not examined. A token that goes to the host of the API only is no finding.",
    ),
    Rule(
        "security.token-leak",
        "never puts the token in the URL, the body, another header, its output or its errors",
        "http",
        "must",
        "URLs and messages are copied into logs, traces and issue trackers.",
        "The error message contains the whole request, or the token is part of another header or "
        "of the URL.",
        "Send the token in the Authorization header only; leave headers out of messages.",
        "Seen: requests, output, errors, names of files left in the working folder and in the "
        "folder for temporary files; with --per-case on Linux also, as advice, arguments and new "
        "variables of the processes of the first cases. Not seen: deleted files, the content of "
        "files, other folders, processes that end within milliseconds, processes of other "
        "adapters; under exec, everything except requests.",
    ),
    Rule(
        "concurrency.no-crosstalk",
        "returns to each of several concurrent runs its own result",
        "documented",
        "must",
        "One user gets another user's result.",
        "A shared variable holds the last request or reply, or replies are matched by order.",
        "Keep the state of a call in local variables of that call.",
    ),
)

#: Every rule by its id, in the order of the table.
RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}
