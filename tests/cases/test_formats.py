"""Formats: kept while another keyword is broken, and probed while every other keyword holds."""

from __future__ import annotations

from typing import Any

import pytest
from sample_cases import cases_of, contract_of

from aleph_contract.schema.document import Document

EMAIL = {"type": "string", "format": "email"}


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        (EMAIL | {"minLength": 5}, "minLength"),
        (EMAIL | {"maxLength": 30}, "maxLength"),
        (EMAIL | {"pattern": "@acme\\.com$"}, "pattern"),
        ({"type": "string", "format": "date", "not": {"const": "2026-06-15"}}, "not"),
        ({"type": "string", "format": "ipv4", "minLength": 9}, "minLength"),
        ({"type": "string", "format": "uri", "minLength": 10}, "minLength"),
        ({"type": ["string", "null"], "format": "duration", "maxLength": 12}, "maxLength"),
        ({"type": "array", "uniqueItems": True, "items": EMAIL}, "uniqueItems"),
        ({"type": "array", "minItems": 3, "uniqueItems": True, "items": EMAIL}, "minItems"),
    ],
)
def test_the_format_is_kept_while_another_keyword_is_broken(schema: Any, keyword: str) -> None:
    """A server that asserts `format` then refuses the input only for the keyword."""
    found = [
        case
        for case in cases_of(schema).values()
        if case.constraint is not None
        and case.constraint.keyword == keyword
        and case.polarity == "violating"
    ]
    assert found
    relaxed = Document({name: said for name, said in schema.items() if name != keyword})
    has_formats = relaxed.strictly()
    assert [case.input for case in found if not has_formats(case.input)] == []


@pytest.mark.parametrize(
    "schema",
    [
        EMAIL,
        EMAIL | {"minLength": 25},
        EMAIL | {"pattern": "@acme\\.com$"},
        EMAIL | {"type": ["string", "null"]},
        EMAIL | {"type": ["null", "string"], "maxLength": 9},
    ],
)
def test_a_format_is_probed_while_every_other_keyword_holds(schema: Any) -> None:
    case = cases_of(schema)["probe/not-a-email"]
    assert (case.polarity, case.portable) == ("valid", False)
    document = contract_of(schema).document
    assert not document.strictly()(case.input)
