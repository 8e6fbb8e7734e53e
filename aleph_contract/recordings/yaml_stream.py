"""Read the items of one list of a YAML document, one at a time.

PyYAML is imported here alone, so only a YAML cassette needs it. Only the plain types of YAML are
built (`SafeLoader`), never a Python object.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from aleph_contract.errors import ArgumentError, RecordingError
from aleph_contract.recordings.json_stream import MAX_VALUE
from aleph_contract.recordings.source import open_bytes

try:
    yaml: Any = import_module("yaml")  # PyYAML ships no types
except ImportError:
    raise ArgumentError(
        "a YAML cassette needs PyYAML: pip install 'aleph-contract[recordings]'"
    ) from None

#: The parser of libyaml is ten times as fast; a build of PyYAML may lack it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml_items(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    """The place and value of each item of the list that a member of the document holds.

    Raises:
        RecordingError: The file is no YAML, ends early, or has no such list.
    """
    with open_bytes(path) as file:
        bounded = _BoundedFile(file)
        loader = _LOADER(bounded)
        try:
            for item in _items(loader, name):
                bounded.left = MAX_VALUE
                yield item
        except (yaml.YAMLError, RecursionError) as error:
            raise RecordingError(_sentence(error)) from None
        finally:
            loader.dispose()


def _items(loader: Any, name: str) -> Iterator[tuple[str, Any]]:
    nodes = _Nodes(loader)
    loader.get_event(), loader.get_event()  # the starts of the stream and of the document
    if not isinstance(loader.get_event(), yaml.MappingStartEvent):
        raise RecordingError("line 1: the document is no mapping")
    while not loader.check_event(yaml.MappingEndEvent):
        if nodes.next().value != name:
            nodes.next()
            continue
        event = loader.get_event()
        line = event.start_mark.line + 1
        if not isinstance(event, yaml.SequenceStartEvent):
            raise RecordingError(f"line {line}: {name} is no list")
        number = 0
        while not loader.check_event(yaml.SequenceEndEvent):
            number += 1
            line = loader.peek_event().start_mark.line + 1
            yield f"entry {number} (line {line})", loader.construct_document(nodes.next())
        return
    raise RecordingError(f"the document has no member {name!r}")


class _BoundedFile:
    """A file that raises an error if one item is too long to be kept in memory.

    Args:
        file: The file, perhaps compressed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = MAX_VALUE

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`."""
        read = self._file.read(size)
        self.left -= len(read)
        if self.left < 0:
            raise RecordingError(f"an item has more than {MAX_VALUE:,} bytes")
        return read


class _Nodes:
    """Builds the next node of a document from its events."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._anchors: dict[str, Any] = {}

    def next(self) -> Any:
        """The node that starts at the next event."""
        event = self._loader.get_event()
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise RecordingError(f"line {event.start_mark.line + 1}: unknown alias")
            return self._anchors[event.anchor]
        node = self._built(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _built(self, event: Any) -> Any:
        loader = self._loader
        marks = event.start_mark, event.end_mark
        if isinstance(event, yaml.ScalarEvent):
            tag = event.tag or loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            return yaml.ScalarNode(tag, event.value, *marks)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not loader.check_event(yaml.SequenceEndEvent):
                items.append(self.next())
            loader.get_event()
            tag = event.tag or loader.DEFAULT_SEQUENCE_TAG
            return yaml.SequenceNode(tag, items, *marks)
        pairs = []
        while not loader.check_event(yaml.MappingEndEvent):
            pairs.append((self.next(), self.next()))
        loader.get_event()
        return yaml.MappingNode(event.tag or loader.DEFAULT_MAPPING_TAG, pairs, *marks)


def _sentence(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the value is nested too deeply"
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if mark is None:
        return str(problem)
    return f"line {mark.line + 1} column {mark.column + 1}: {problem}"
