"""The structural rules of SARIF 2.1.0 for the objects that our reports use, as JSON Schema.

Written from the OASIS standard; the number of its section stands beside each object. Objects are
closed, as in the published schema, so a misspelled member is found.
"""

from __future__ import annotations

from typing import Any

import jsonschema

_TEXT = {"type": "string", "minLength": 1}
_INDEX = {"type": "integer", "minimum": -1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_BAG = {"type": "object"}


def _object(required: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": {"properties": _BAG, **members},
        "additionalProperties": False,
    }


def _list(items: Any, **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **limits}


_MESSAGE = {  # 3.11
    **_object("", text=_TEXT, markdown=_TEXT, id=_TEXT, arguments=_list({"type": "string"})),
    "anyOf": [{"required": ["text"]}, {"required": ["id"]}],
}
_MULTIFORMAT = _object("text", text=_TEXT, markdown=_TEXT)  # 3.12
_LOGICAL = _object(  # 3.33
    "", name=_TEXT, fullyQualifiedName=_TEXT, decoratedName=_TEXT, kind=_TEXT, index=_INDEX
)
_REGION = _object(
    "", startLine={"type": "integer", "minimum": 1}, startColumn={"type": "integer", "minimum": 1}
)
_ARTIFACT = _object("", uri=_TEXT, uriBaseId=_TEXT, index=_INDEX)  # 3.4
_LOCATION = _object(  # 3.28
    "",
    id={"type": "integer", "minimum": -1},
    physicalLocation=_object("artifactLocation", artifactLocation=_ARTIFACT, region=_REGION),
    logicalLocations=_list(_LOGICAL),
    message=_MESSAGE,
)
_RULE = _object(  # 3.49
    "id",
    id=_TEXT,
    name=_TEXT,
    shortDescription=_MULTIFORMAT,
    fullDescription=_MULTIFORMAT,
    help=_MULTIFORMAT,
    helpUri=_TEXT,
    defaultConfiguration=_object("", level=_LEVEL, enabled={"type": "boolean"}),
)
_DRIVER = _object(  # 3.19
    "name",
    name=_TEXT,
    version=_TEXT,
    semanticVersion=_TEXT,
    informationUri=_TEXT,
    rules={**_list(_RULE), "uniqueItems": True},
)
_SUPPRESSION = _object(  # 3.35
    "kind",
    kind={"enum": ["inSource", "external"]},
    status={"enum": ["accepted", "underReview", "rejected"]},
    justification=_TEXT,
)
_RESULT = _object(  # 3.27
    "message",
    ruleId=_TEXT,
    ruleIndex=_INDEX,
    kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
    level=_LEVEL,
    message=_MESSAGE,
    locations=_list(_LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    suppressions=_list(_SUPPRESSION),
)
_NOTIFICATION = _object("message", level=_LEVEL, message=_MESSAGE)  # 3.58
_INVOCATION = _object(  # 3.20
    "executionSuccessful",
    executionSuccessful={"type": "boolean"},
    exitCode={"type": "integer"},
    toolExecutionNotifications=_list(_NOTIFICATION),
)
_RUN = _object(  # 3.14
    "tool",
    tool=_object("driver", driver=_DRIVER),
    automationDetails=_object("", id=_TEXT, description=_MESSAGE),
    invocations=_list(_INVOCATION),
    results=_list(_RESULT),
)
_LOG = {  # 3.13
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "pattern": "sarif-schema-2\\.1\\.0\\.json$"},
        "version": {"const": "2.1.0"},
        "runs": _list(_RUN, minItems=1),
    },
    "additionalProperties": False,
}


def check_sarif(log: Any) -> list[Any]:
    """The results of a log that keeps the structural rules.

    Raises:
        jsonschema.ValidationError, AssertionError: It breaks one.
    """
    jsonschema.Draft202012Validator(_LOG).validate(log)
    found: list[Any] = []
    for run in log["runs"]:
        ids = [rule["id"] for rule in run["tool"]["driver"].get("rules", [])]
        assert len(ids) == len(set(ids)), "3.19.23: two rules with one id"
        for result in run.get("results", []):
            index = result.get("ruleIndex", -1)
            assert index < len(ids), "3.27.6: a rule index without a rule"
            assert index < 0 or ids[index] == result["ruleId"], "3.27.5: another rule's id"
        found += run.get("results", [])
    return found
