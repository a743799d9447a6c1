"""An analysis as JSON data that is safe to show, and what its statistics can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from bench.records.errors import RecordError
from bench.records.readable import readable


def plain(value: object) -> Any:
    """``value`` as dict, list, str, int, float, bool and None only.

    Numbers that are not finite become None. Control characters, lone surrogates and characters
    that reverse the direction of text are replaced, since XML and terminals choke on them.

    Raises:
        RecordError: for anything that is no JSON data.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, Mapping):
        return {readable(str(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(entry) for entry in value]
    raise RecordError(
        f"an analysis holds a {type(value).__name__}: expected numbers, text, lists and mappings; "
        "convert arrays with tolist()"
    )


def reason_of(value: object) -> str | None:
    """Why there is no such statistic; None if there is one."""
    if value is None:
        return "this analysis does not hold it"
    if isinstance(value, Mapping) and value.get("refused") is not None:
        return str(value["refused"])
    return None


def number_of(value: object) -> float | None:
    """The number of a statistic: plain, an estimate, or what a refusal still knows."""
    if isinstance(value, Mapping):
        known = (value[key] for key in ("estimate", "effect", "value") if key in value)
        return number_of(next(known, None))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def interval_of(value: object) -> tuple[float, float] | None:
    """The interval of an estimate, if it has one."""
    if not isinstance(value, Mapping):
        return None
    low, high = number_of(value.get("low")), number_of(value.get("high"))
    return None if low is None or high is None else (low, high)


def entries(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list; nothing for a refusal or what is missing."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, Mapping)]


def part(value: object, key: str) -> Any:
    """``value[key]`` where ``value`` is a mapping that has it, else None."""
    return value.get(key) if isinstance(value, Mapping) else None
