"""List the keywords in which two versions of a schema differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from aleph_contract.core.jsonvalue import identity, pointer
from aleph_contract.schema.keywords import SUBSCHEMAS, Path, copied


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


#: The value of a keyword that a schema does not have.
ABSENT: Any = _Absent()

_DEFINITIONS = ("$defs", "definitions")


class Edit(NamedTuple):
    """One keyword, or one member of `properties`, that differs.

    Args:
        path: Path to it in the schema document.
        old: Its value in the old version; `ABSENT` if the version does not have it.
        new: Its value in the new version; likewise.
    """

    path: Path
    old: Any
    new: Any

    @property
    def pointer(self) -> str:
        """JSON Pointer to it in the schema document."""
        return pointer(self.path)

    def applied(self, schema: Any) -> Any:
        """A copy of the old schema with this edit alone."""
        changed = copied(schema)
        if not self.path:
            return copied(self.new)
        holder = changed
        for part in self.path[:-1]:
            holder = holder[part]
        if self.new is ABSENT:
            del holder[self.path[-1]]
        else:
            holder[self.path[-1]] = copied(self.new)
        return changed


def edits(old: Any, new: Any, path: Path = ()) -> Iterator[Edit]:
    """The edits that lead from one schema to another, in the order of the old one."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if identity(old) != identity(new):
            yield Edit(path, old, new)
        return
    for keyword in (*old, *(name for name in new if name not in old)):
        yield from _keyword(
            keyword, old.get(keyword, ABSENT), new.get(keyword, ABSENT), (*path, keyword)
        )


def _keyword(keyword: str, old: Any, new: Any, path: Path) -> Iterator[Edit]:
    holding = SUBSCHEMAS.get(keyword)
    if old is ABSENT or new is ABSENT:
        yield Edit(path, old, new)
    elif holding == "schema":
        yield from edits(old, new, path)
    elif holding == "map":
        for name in (*old, *(name for name in new if name not in old)):
            one, other = old.get(name, ABSENT), new.get(name, ABSENT)
            if one is ABSENT or other is ABSENT:
                yield Edit((*path, name), one, other)
            else:
                yield from edits(one, other, (*path, name))
    elif holding == "list" and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from edits(one, other, (*path, index))
    elif identity(old) != identity(new):
        yield Edit(path, old, new)


def is_definition(edit: Edit) -> bool:
    """Whether the edit adds or removes a definition, which asserts nothing until it is used."""
    whole = len(edit.path) <= 2 and edit.path[:1] != () and edit.path[0] in _DEFINITIONS  # noqa: PLR2004 - `$defs` and a name
    return whole and (edit.old is ABSENT or edit.new is ABSENT)
