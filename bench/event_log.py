"""``events.jsonl``: one line for each piece of work, appended and flushed, never rewritten.

Everything that depends on the clock is under the key ``time``; the rest of a line is a function of
preset, seed and machine. A resumed run repeats the work after its last checkpoint and checks it
against the lines that are already there, so no acknowledged line is ever lost or contradicted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.errors import RecordError

#: Longest line that is read back; the longest one written is about 10 kB.
MAX_LINE_BYTES = 4 * 2**20


class EventLog:
    """Append-only JSON lines. Opening drops a torn last line, which was never acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = read_events(path)
        _truncate_torn_line(path)
        self._file = path.open("ab")
        self._next = 0

    @property
    def replaying(self) -> bool:
        """Whether lines from before an interruption are still to be repeated."""
        return self._next < len(self.events)

    @property
    def position(self) -> int:
        """Number of events recorded or repeated so far."""
        return self._next

    def start_at(self, position: int) -> None:
        """Continue after the first ``position`` events, which a checkpoint covers."""
        if position > len(self.events):
            raise RecordError(
                f"{self.path} has {len(self.events)} events but the checkpoint covers {position}"
            )
        self._next = position

    def record(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Write the next event, or check it against the line that is there; returns the line's."""
        event = {"event": self._next, **event}
        line = json.dumps(event, allow_nan=True, ensure_ascii=False)
        if self.replaying:
            known = self.events[self._next]
            repeated = without_time(json.loads(line))
            if repeated != without_time(known):
                keys = [key for key in known if key != "time" and known[key] != repeated.get(key)]
                raise RecordError(
                    f"{self.path}, line {self._next + 1}: repeating the work gave another "
                    f"{', '.join(keys) or 'event'} than recorded; the run cannot be resumed on "
                    "this machine or version: start it again in a new folder"
                )
            self._next += 1
            return known
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        self.events.append(event)
        self._next += 1
        return event

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
    if not path.exists():
        return []
    events = []
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if not line.endswith(b"\n"):
                break
            try:
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError("line too long")
                event = json.loads(line)
                if not isinstance(event, dict) or event.get("event") != number:
                    raise ValueError("not the event expected here")
            except (ValueError, RecursionError) as error:
                raise RecordError(
                    f"{path}, line {number + 1} is damaged ({error}): restore the file or start "
                    "the run again in a new folder"
                ) from error
            events.append(event)
    return events


def without_time(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event but for its clock readings: what two equal runs share."""
    return {key: value for key, value in event.items() if key != "time"}


def _truncate_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        content_end = file.seek(0, os.SEEK_END)
        position = content_end
        while position > 0:
            start = max(0, position - 65536)
            file.seek(start)
            newline = file.read(position - start).rfind(b"\n")
            if newline >= 0:
                position = start + newline + 1
                break
            position = start
        if position != content_end:
            file.truncate(position)
