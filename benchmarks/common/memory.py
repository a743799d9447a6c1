"""Peak memory of a piece of work, not of the process's whole life."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

from bench.running.ledger import peak_memory_bytes


def reset_peak() -> None:
    """Give free memory back to the system and count the peak again, where Linux can do that."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError, TypeError):
        return


def peak_bytes() -> int:
    """Largest resident memory since ``reset_peak``; of the whole life where it has no effect."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return peak_memory_bytes()
    found = [line.split() for line in lines if line.startswith("VmHWM")]
    return 1024 * int(found[0][1]) if found else peak_memory_bytes()
