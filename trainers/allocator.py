"""Keep large buffers of the CPU from being given back to the system after each operation.

glibc maps every large block anew and unmaps it when it is freed, so an evaluation on CPU spends up
to half its time on page faults. Set from inside the process: no block is mapped by itself, and what
is free stays with the process. Results do not change. Elsewhere than on glibc nothing is done.
"""

from __future__ import annotations

import ctypes

#: Options of ``mallopt`` (malloc.h): how many blocks may be mapped by themselves, and, in bytes,
#: how much free memory is kept and by how much the heap grows.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
OPTIONS = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 64 * 2**20}


def keep_large_buffers() -> bool:
    """Set the options of this process; returns whether the allocator took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return all(mallopt(option, value) == 1 for option, value in OPTIONS.items())
