"""``events.jsonl``: one line for each piece of work, appended and flushed, never rewritten.

Everything that depends on the clock is under the key ``time``; the rest of a line is a function of
preset, seed and machine. A resumed run repeats the work after its last checkpoint and checks it
against the lines that are already there, so no acknowledged line is ever lost or contradicted.
A checkpoint names the events that it covers by their hash: it is of no use with another log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

from msgspec import Struct

from bench.records.documents import plain
from bench.records.errors import RecordError
from bench.records.events import MAX_LINE_BYTES, read_lines
from bench.records.result import MOST_SECONDS


class EventLog:
    """Append-only JSON lines. Opening drops a torn last line, which was never acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = read_events(path)
        _truncate_torn_line(path)
        self._file = path.open("ab")
        self._next = 0
        self._hash = _hash_of(())

    @property
    def repeating(self) -> bool:
        """Whether lines from before an interruption are still to be repeated."""
        return self._next < len(self.events)

    @property
    def position(self) -> int:
        """Number of events recorded or repeated so far."""
        return self._next

    @property
    def hash(self) -> str:
        """Hash of the events recorded or repeated so far, times aside."""
        return self._hash.hexdigest()

    def begins_with(self, position: int, known_hash: str) -> bool:
        """Whether the first ``position`` events are there and have this hash."""
        first = self.events[:position]
        return len(first) == position and _hash_of(first).hexdigest() == known_hash

    def start_at(self, position: int) -> None:
        """Continue after the first ``position`` events, which a checkpoint covers."""
        if position > len(self.events):
            raise RecordError(
                f"{self.path} has {len(self.events)} events but the checkpoint covers {position}"
            )
        self._next = position
        self._hash = _hash_of(self.events[:position])

    def record(self, line: Mapping[str, Any] | Struct) -> dict[str, Any]:
        """Write the next event, or check it against the line that is there; returns the line's."""
        event = {"event": self._next, **plain(line)}
        if self.repeating:
            event = self._repeated(event)
        else:
            self._file.write(_line(event).encode() + b"\n")
            self._file.flush()
            self.events.append(event)
        self._hash.update(_line(without_time(event)).encode())
        self._next += 1
        return event

    def _repeated(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event that is there, which must be this one but for its times."""
        known = self.events[self._next]
        place = f"{self.path}, line {self._next + 1}"
        # Compared as text, in which NaN equals itself.
        if _line(without_time(event)) != _line(without_time(known)):
            keys = [key for key in known if key != "time" and known[key] != event.get(key)]
            raise RecordError(
                f"{place}: repeating the work gave another {', '.join(keys) or 'event'} than "
                "recorded; the run cannot be resumed on this machine or version: start it again "
                "in a new folder"
            )
        if not _same_clocks(known.get("time"), event.get("time")):
            raise RecordError(
                f"{place} is damaged (times): restore the file or start the run again in a new "
                "folder"
            )
        return known

    def sync(self) -> None:
        """Force the log to disk, before a checkpoint that relies on it."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


def read_events(path: Path) -> list[dict[str, Any]]:
    """All complete lines of a log, [] if there is none. ``RecordError`` on a damaged one."""
    return read_lines(path, _decode)


def _decode(line: bytes, number: int) -> dict[str, Any]:
    event = json.loads(line)
    if not isinstance(event, dict) or event.get("event") != number:
        raise ValueError("not the event expected here")
    return event


def without_time(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event but for its clock readings: what two equal runs share."""
    return {key: value for key, value in event.items() if key != "time"}


def _line(event: Mapping[str, Any]) -> str:
    return json.dumps(event, allow_nan=True, ensure_ascii=False)


def _hash_of(events: Iterable[Mapping[str, Any]]) -> blake2b:
    """Running hash of events, times aside."""
    digest = blake2b(digest_size=16)
    for event in events:
        digest.update(_line(without_time(event)).encode())
    return digest


def _same_clocks(known: Any, repeated: Any) -> bool:
    """Whether the recorded times are numbers and of the same clocks; times themselves differ."""
    if not (isinstance(known, dict) and isinstance(repeated, dict)):
        return bool(known == repeated)
    # Whether an evaluation came from the cache is the one thing that may come or go.
    optional = {"cached"}
    if known.keys() - optional != repeated.keys() - optional:
        return False
    return all(
        isinstance(value, bool) if key in optional else _is_time(value)
        for key, value in known.items()
    )


def _is_time(value: object) -> bool:
    """Whether it can be seconds; NaN can not."""
    return type(value) in (int, float) and 0 <= value <= MOST_SECONDS  # type: ignore[operator]


def _truncate_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        # What is longer was refused when the log was read.
        start = file.seek(max(0, end - MAX_LINE_BYTES))
        torn_at = start + file.read().rfind(b"\n") + 1
        if torn_at != end:
            file.truncate(torn_at)
