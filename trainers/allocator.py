"""Keep large buffers of the CPU from being given back to the system after each operation.

glibc maps every large block again and unmaps it when it is freed, so an evaluation on CPU spends up
to half its time on page faults. Set from inside the process: no block is mapped by itself, and what
is free stays with the process. The heap lies in huge pages where the kernel has them: the addresses
of tensors of many megabytes are then found without a walk through the table of small pages. Results
do not change. Elsewhere than on glibc nothing is done.

What stays lies between what is used, in pieces of which no next tensor fits into all: after a few
hundred steps a process of preset ``cpu`` that uses at most 350 MB has 1.7 GB. So memory is handed
back now and then (``hand_back``).
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

#: Options of ``mallopt`` (malloc.h): how many blocks may be mapped by themselves, and, in bytes,
#: how much free memory is kept and by how much the heap grows.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
OPTIONS = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 64 * 2**20}


#: Of the heap, asked for in huge pages, and less than is trimmed; what is not used takes no memory.
HUGE_BYTES = 15 * 2**27
HUGE_PAGE, MADV_HUGEPAGE = 2 * 2**20, 14
#: Where Linux says how many pages a process has; the second number is those in memory.
STATM = Path("/proc/self/statm")
#: By how much a process grows before it hands free memory back.
GROWTH_BYTES = 2**28
#: Calls; a step or a batch of an evaluation is one.
SOON = 20


def keep_large_buffers() -> bool:
    """Set the options of this process; returns whether the allocator took them."""
    try:
        library = ctypes.CDLL(None)
        taken = all(library.mallopt(option, value) == 1 for option, value in OPTIONS.items())
        if taken:
            _use_huge_pages()
    except (OSError, AttributeError, TypeError):
        return False
    return taken


@cache
def _use_huge_pages() -> None:
    """Have the heap grow by a block of huge pages, which is then free; once a process."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    block = library.malloc(ctypes.c_size_t(HUGE_BYTES))
    if not block:
        return
    first = -(-block // HUGE_PAGE) * HUGE_PAGE
    size = (block + HUGE_BYTES - first) // HUGE_PAGE * HUGE_PAGE
    library.madvise(ctypes.c_void_p(first), ctypes.c_size_t(size), MADV_HUGEPAGE)
    library.free(ctypes.c_void_p(block))


class _Kept:
    """Resident bytes that are left alone, and calls since memory was last handed back."""

    resident = 0
    calls = 0


def hand_back() -> bool:
    """Hand free pages back if the process has grown by ``GROWTH_BYTES``; whether it did.

    To be called between steps: some 10 us where nothing is to be done. The end of the heap, which
    lies in huge pages, is kept. What is wanted again within ``SOON`` calls is left alone from then
    on: steps that need it all would fetch it again each time.
    """
    _Kept.calls += 1
    try:
        resident = _resident_bytes()
        if resident < _Kept.resident + GROWTH_BYTES:
            return False
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(HUGE_BYTES))
        _Kept.resident = resident if _Kept.calls < SOON else _resident_bytes()
        _Kept.calls = 0
    except (OSError, AttributeError):
        return False
    return True


def _resident_bytes() -> int:
    return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
