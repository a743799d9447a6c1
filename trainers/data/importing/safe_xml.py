"""XML from elsewhere, an element at a time: no document types, so no entities, no bombs."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from trainers.data.errors import DataError
from trainers.data.importing.layout import Tell
from trainers.data.sources import Source

MAX_BYTES = 1 << 26
MAX_DEPTH = 16
_CHUNK = 1 << 16


def elements(source: Source, file: str, tag: str, tell: Tell) -> Iterator[Element]:
    """Yield the elements ``tag`` directly below the root.

    Raises:
        DataError: not well-formed, with a document type, deeper than ``MAX_DEPTH`` or longer
            than ``MAX_BYTES``.
    """
    with source.open(file) as stream:
        if stream.size > MAX_BYTES:
            raise DataError(f"{stream.name} has {stream.size} bytes; at most {MAX_BYTES} expected")
        collector = _Collector(stream.name, tag)
        while True:
            chunk = stream.read(_CHUNK)
            yield from collector.feed(chunk)
            tell(stream.position, stream.size)
            if not chunk:
                return


class _Collector:
    def __init__(self, name: str, tag: str) -> None:
        self._name = name
        self._tag = tag
        self._depth = 0
        self._builder: TreeBuilder | None = None
        self._ready: list[Element] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> list[Element]:
        try:
            self._parser.Parse(chunk, not chunk)
        except (expat.ExpatError, LookupError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"{self._name} is no well-formed XML ({error}); download it again"
            ) from error
        ready, self._ready = self._ready, []
        return ready

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DataError(f"{self._name} nests its elements more than {MAX_DEPTH} deep")
        if self._depth == 2 and tag == self._tag:
            self._builder = TreeBuilder()
        if self._builder is not None:
            self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._builder is None:
            return
        self._builder.end(tag)
        if self._depth == 1:
            self._ready.append(self._builder.close())
            self._builder = None

    def _text(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)

    def _doctype(self, *declared: object) -> None:
        raise DataError(
            f"{self._name} declares a document type, which may define entities; "
            "expected plain XML: remove the declaration if you trust it"
        )
