"""Numbers, estimates and refusals as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.comparison.answers import Interval
from bench.statistics.answers import Answer, NotComputable

Kind = Literal[
    "text", "code", "score", "signed", "number", "count", "compact", "percent", "p", "verdict",
    "answer", "link", "coefficient",
]  # fmt: skip
NUMERIC: frozenset[Kind] = frozenset(
    ("score", "signed", "number", "count", "compact", "percent", "p", "coefficient")
)
#: In place of what was not recorded or does not apply.
BLANK = "–"
#: In place of a number, where a reason stands beside it.
REFUSED = "refused"
UNITS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
#: A second channel besides the colour.
SIGNS = {
    "different": "≠",
    "equivalent": "≈",
    "inconclusive": "?",
    "too few": "…",
    "not comparable": "∅",
    "yes": "✓",
    "no": "✗",
    "partly": "◐",
    "n/a": "–",
}


@dataclass(frozen=True)
class Shown:
    """A value as text: the number, what qualifies it, and why something is lacking."""

    text: str
    detail: str = ""
    reason: str = ""
    tone: str = ""


def shown(value: object, kind: Kind) -> Shown:
    """How a cell shows ``value``, which may be a statistic, a refusal or missing."""
    if value is None:
        return Shown(BLANK)
    if isinstance(value, Interval):
        ends = f"[{formatted(value.low, kind)}, {formatted(value.high, kind)}]"
        return Shown(formatted(value.value, kind), ends)
    if isinstance(value, NotComputable):
        if value.value is None:
            return Shown(REFUSED, reason=value.reason)
        return Shown(formatted(value.value, kind), "no interval", value.reason)
    if kind in ("verdict", "answer"):
        return Shown(signed_word(str(value)), tone=tone(str(value)))
    if kind in NUMERIC and isinstance(value, int | float):
        return Shown(formatted(value, kind))
    return Shown(value_text(value))


def formatted(number: float, kind: Kind) -> str:
    """A number as text, with a true minus sign."""
    text = _formatted(number, kind)
    return text.replace("-", "\N{MINUS SIGN}") if number < 0 or "e-" in text else text


def estimate_text(value: float | Answer, kind: Kind = "score") -> str:
    """``0.8931 [0.8850, 0.9010]`` in one line; a refusal gives its reason."""
    found = shown(value, kind)
    if found.text == REFUSED:
        return found.reason
    return " ".join(part for part in (found.text, found.detail) if part)


def compact(number: float, digits: int = 4) -> str:
    """A few digits and a unit: ``246.7 M``."""
    for size, unit in UNITS:
        # What rounds to 1,000 of a unit belongs to the next one.
        if abs(number) >= (1.0 - 0.5 * 10.0**-digits) * size:
            return f"{number / size:.{digits}g} {unit}"
    return f"{number:.{digits}g}"


def signed_word(word: str) -> str:
    """A verdict or an answer with its sign: ``≠ different``."""
    return f"{SIGNS[word]} {word}" if word in SIGNS else word


def tone(word: str) -> str:
    """A name for style sheets; empty for words that are none of ours."""
    return word.replace(" ", "-").replace("/", "") if word in SIGNS else ""


def value_text(value: object) -> str:
    """A setting or fact of any JSON type; floats in full, since they are settings."""
    if isinstance(value, str):
        return value
    if value is None:
        return BLANK
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Sequence) and all(isinstance(entry, str) for entry in value):
        return ", ".join(value) or BLANK
    return json.dumps(value, ensure_ascii=False).replace("null", BLANK)


def label_of(key: str) -> str:
    """A key of the analysis as a heading."""
    return key.replace("_", " ").replace("macs", "MACs")


def _formatted(number: float, kind: Kind) -> str:
    if kind == "score":
        return f"{number:.4f}"
    if kind == "signed":
        return f"{number:+.4f}"
    if kind == "coefficient":
        return f"{number:.2f}"
    if kind == "percent":
        return f"{100.0 * number:.1f} %"
    if kind == "p":
        return "< 0.001" if number < 0.001 else f"{number:.3f}"
    if kind == "compact":
        return compact(number)
    if kind == "count":
        return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
