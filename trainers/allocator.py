"""Keep large buffers of the CPU from being given back to the system after each operation.

glibc maps every large block anew and unmaps it when it is freed, so an evaluation on CPU spends up
to half its time on page faults. Raising the thresholds inside the process keeps the memory; results
do not change. Elsewhere than on glibc nothing is done.
"""

from __future__ import annotations

import ctypes

#: Options of ``mallopt`` (malloc.h) and their values in bytes; 32 MiB is the most that glibc takes.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
OPTIONS = {M_MMAP_THRESHOLD: 32 * 2**20, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 256 * 2**20}


def keep_large_buffers() -> bool:
    """Raise the thresholds of this process; returns whether the allocator took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return all(mallopt(option, value) == 1 for option, value in OPTIONS.items())
