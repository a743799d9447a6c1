"""What commands print, line by line; a full or closed standard output is a trouble of its own.

Names and labels may be a stranger's, and terminals obey what they are shown: control characters
become visible here, once for all commands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar, cast

import click

from bench.records.readable import readable, readable_lines

Result = TypeVar("Result")


class OutputLost(Exception):
    """Standard output takes nothing more; no ``OSError``, which would pass for one of files."""

    def __init__(self, reason: str, unread: bool = False) -> None:
        super().__init__(reason)
        #: Whether a reader has seen enough, such as `head`: no trouble at all.
        self.unread = unread


class _Watched:
    """A stream whose failures are ``OutputLost``, whoever writes to it: click, rich or we."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lost = OutputLost("it is closed") if stream is None else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream or sys.__stderr__, name)

    def write(self, text: str) -> int:
        return self._do(lambda stream: stream.write(text))

    def flush(self) -> None:
        # Nothing was written where it was closed from the beginning.
        if self._stream is not None:
            self._do(lambda stream: stream.flush())

    def _do(self, act: Callable[[TextIO], Result]) -> Result:
        # Once lost it stays so: click tries streams out, and forgives them what they raise.
        if self._lost is not None:
            raise self._lost
        try:
            return act(cast(TextIO, self._stream))
        except OSError as error:
            self._lost = OutputLost(
                error.strerror or str(error), isinstance(error, BrokenPipeError)
            )
            # Python flushes once more at its end, and would complain in its own way.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), cast(TextIO, self._stream).fileno())
            raise self._lost from error


@contextmanager
def watched_output() -> Iterator[None]:
    """Within it, a standard output that takes nothing more is ``OutputLost``."""
    before = sys.stdout
    sys.stdout = cast(TextIO, _Watched(before))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = before


def say(text: str = "") -> None:
    """Print ``text`` and a line end on standard output."""
    put(f"{readable_lines(text)}\n")


def put(text: str) -> None:
    """The same of text that has its line ends, and of strangers only what was cleaned before."""
    # What a terminal has no letters for is a question mark there, not the end of the command.
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def warn(text: str) -> None:
    """Print one line on standard error."""
    # With standard error gone too, nobody is left to be told.
    with suppress(OSError):
        click.echo(" ".join(readable(text).split()), err=True)
