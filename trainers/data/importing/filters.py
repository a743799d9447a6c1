"""Which words of a set count: the rules behind the sizes of test sets in the papers.

After Baek et al. 2019 (arXiv 1904.01906, section 2.2): of IC13's 1,095 test words 1,015 remain
without those of other characters than letters and digits, and 857 of them without those
shorter than 3; IC03 goes from 1,110 to 867 by both. No rule on labels gives IC03's 860 (7 boxes
that some left out), nor IC15's 1,811 of 2,077 (also without some that are extremely rotated,
seen in perspective or curved, by hand).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spaces.names import unknown_name
from trainers.data.errors import DataError

SHORTEST = 3


def _alphanumeric(label: str) -> str | None:
    return None if label.isascii() and label.isalnum() else "filtered: not alphanumeric"


def _alphanumeric3(label: str) -> str | None:
    short = None if len(label) >= SHORTEST else f"filtered: shorter than {SHORTEST}"
    return _alphanumeric(label) or short


Filter = Callable[[str], str | None]
"""From a label to the reason why it is left out, None where it is not."""

FILTERS: Mapping[str, Filter] = {
    "alphanumeric": _alphanumeric,
    "alphanumeric3": _alphanumeric3,
}


def get_filter(name: str) -> Filter:
    """Return the filter of that name, or fail with the nearest one."""
    if name not in FILTERS:
        raise DataError(unknown_name("filter", name, FILTERS))
    return FILTERS[name]
