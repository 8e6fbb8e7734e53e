"""The words that reports and help texts use, each in one or two sentences."""

from __future__ import annotations

#: Name and meaning.
WORDS = {
    "must": "The level of a rule that follows from HTTP, the schemas or the documentation. A "
    "client that breaks it does not conform.",
    "advice": "The level of a rule that was only observed or is assumed, and of findings that a "
    "doubt excuses. It is reported and fails a client only with `--fail-on advice`.",
    "provenance": "The source of a fact: http, schema, documented, observed (recorded on the live "
    "service) or assumed (no source).",
    "profile": "The form of a successful reply: `documented` as on the model's page, or `live` "
    "with the envelope that the live service adds.",
    "case": "One input for the client, and the fault that the fake plays, if any.",
    "phase": "A group of cases of `verify`, such as boundary or faults; `--run` takes its name.",
    "adapter": "The few lines that connect a client to the verifier: a callable, a command, or a "
    "process that reads JSON lines.",
    "surface": "The protocol of a call: `rest`, or `binding` for `env.AI` of a Worker.",
    "envelope": "The object that the live service puts around a result, with `success`, `errors` "
    "and `messages`.",
    "polarity": "Whether the contract allows an input: valid or violating.",
    "gray": "A case on whose input correct implementations differ, such as a prompt of 501 emoji; "
    "also called not portable. The doubt says how they differ.",
    "portable": "A case on whose input correct implementations agree. The opposite is gray.",
    "doubt": "The question that makes a case gray: acceptance (is this input allowed?) or carriage "
    "(can this input travel unchanged?).",
    "certificate": "The proof that an input breaks one named constraint and no other: two "
    "validators find this violation alone, and without the constraint the input is valid.",
    "compound": "A violating case without a certificate. It counts for no coverage.",
    "finding": "One rule that a client broke in one case, with the evidence.",
    "exchange": "One recorded call: the request, the response, and how it ended.",
    "journal": "All exchanges that a fake recorded, in memory or in a database.",
    "scenario": "The steps that the next runs of one account get: faults, or replies of your own.",
    "could-not-run": "The status of a case that shows nothing about the client, such as one whose "
    "adapter does not start. A check that could not run ends with exit code 3, never 0 or 1.",
    "mutant": "One change to one call of a test suite; `mutate` tells whether a test notices it.",
    "witness": "An input or a result that one version of a contract allows and the other does not; "
    "`diff` shows one for each breaking change of a schema.",
}
