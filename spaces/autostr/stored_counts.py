"""Counts kept on disk between processes.

Counting takes 0.05 to 0.4 seconds at full size and up to ten for widths whose costs share only
a small divisor. A file that is missing, damaged or not writable is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from spaces.atomic import write_atomically
from spaces.autostr.costs import CostTables
from spaces.cache import cache_folder
from spaces.files import read_object

FILE = "autostr-counts.json"


def count_key(costs: CostTables, layers: int, strict: bool, max_macs: int) -> str:
    """Return the name of one count: a hash of everything that it depends on."""
    facts = f"{costs.macs.shape} {costs.stem_macs} {layers} {strict} {max_macs}"
    return hashlib.sha256(facts.encode() + costs.macs.tobytes()).hexdigest()


def stored_count(key: str) -> int | None:
    """Return the count kept under ``key``, or None."""
    found = _read(cache_folder() / FILE).get(key)
    # A bool is an int to Python, but nothing this module wrote.
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def store_count(key: str, count: int) -> None:
    """Keep a count. Two writers at once lose at most an entry, never the file."""
    folder = cache_folder()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        kept = _read(folder / FILE) | {key: count}
        write_atomically(folder / FILE, json.dumps(kept).encode())


def _read(path: Path) -> dict[str, object]:
    try:
        return read_object(path)
    except (OSError, ValueError):
        return {}
