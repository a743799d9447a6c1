"""The one place where the text of a report is made safe: on a page, in a drawing, in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from typing import Any, TypeVar, cast

from bench.records.readable import readable

T = TypeVar("T")


def safe(value: T) -> T:
    """A copy in which every text, however deep in dataclasses, mappings and lists, is readable.

    Control characters, halves of characters and characters that reverse the direction of text are
    replaced, since XML and terminals choke on them. Numbers that are not finite become None: no
    statistic gives one, but a stranger's manifest may.
    """
    return cast(T, _safe(value))


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return readable(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _safe(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, Mapping):
        return {_safe(key): _safe(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(_safe(entry) for entry in value)
    if isinstance(value, Sequence):
        return [_safe(entry) for entry in value]
    raise TypeError(f"{type(value).__name__} cannot be shown")
