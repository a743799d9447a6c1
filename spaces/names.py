"""The sentence for a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def unknown_name(kind: str, given: str, known: Iterable[str]) -> str:
    """Return one line: what was given, the nearest known name if any, and all known names.

    >>> unknown_name("space", "autostar", ["autostr", "strnas"])
    "unknown space 'autostar', did you mean 'autostr'? known: autostr, strnas"
    """
    names = sorted(set(known))
    near = get_close_matches(given, names, n=1)
    hint = f", did you mean {near[0]!r}?" if near else ";"
    return f"unknown {kind} {given!r}{hint} known: {', '.join(names)}"
