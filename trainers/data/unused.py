"""When so many words go unused that somebody should be told."""

from __future__ import annotations

#: Share of words from which it is said.
NOTICEABLE = 0.02


def noticeable(unused: int, total: int) -> bool:
    """Whether ``unused`` of ``total`` words are worth a warning."""
    return unused > 0 and unused >= NOTICEABLE * total


def undecodable(what: str, count: int, total: int) -> list[str]:
    """A sentence for ``count`` of ``total`` images that others stood in for, if any."""
    if not count:
        return []
    return [
        f"{what}: {count:,} of {total:,} images could not be decoded, and others were taken in "
        "their places or none; look at the data with `bench data info`"
    ]
