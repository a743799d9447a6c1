"""Whether LMDB may follow the pages of a file from elsewhere.

LMDB reads through a memory map and believes what a page says of itself. An offset or a length that
leads beyond the end of the file ends the process, before any error can be told. What a look-up
refuses by itself is left to it: pages of zeros, or numbers beyond the last page. Those cost the
records on them, not the file.

Layout of LMDB 0.9 on 64-bit little-endian machines, from its mdb.c (MDB_page, MDB_node, MDB_meta):

    page    number u64, pad u16, flags u16, lower u16, upper u16; then the offsets of nodes, u16
    node    low u16, high u16, flags u16, key size u16; key; value, or the page that has it, u64
    meta    on pages 0 and 1: flags of the main tree u16 at 92, its root u64 at 128, number of the
            transaction u64 at 144
"""

from __future__ import annotations

import os
from struct import unpack_from

import numpy as np
import numpy.typing as npt

BRANCH, LEAF = 0x01, 0x02
#: The flags of a page that this version of the format writes for a tree of one value a key.
PLAIN = BRANCH | LEAF | 0x10
#: Of a leaf's node: its value lies on pages of its own; it is the record of another tree.
OVERFLOW, TREE = 0x01, 0x02
PAGE_HEADER, NODE_HEADER = 16, 8
SMALLEST_PAGE = 512
#: Files of more are not looked at. It takes 2 s; where images are small their pages are most of the
#: file, and an LMDB of 16 GB would be read whole before its first word.
MOST_PAGES = 2**16
Ints = npt.NDArray[np.int64]


def damaged_page(descriptor: int, page_bytes: int, last_page: int) -> int | None:
    """The first page of the main tree that LMDB must not be let onto, None for none.

    The open file says that it has ``page_bytes`` a page up to number ``last_page``.
    """
    if page_bytes < SMALLEST_PAGE or page_bytes & (page_bytes - 1) or last_page < 1:
        return 0
    if last_page > MOST_PAGES:
        return None
    size = (last_page + 1) * page_bytes
    metas = [os.pread(descriptor, page_bytes, number * page_bytes) for number in (0, 1)]
    if any(len(meta) < page_bytes for meta in metas):
        return 0
    newest = max((0, 1), key=lambda number: int(unpack_from("<Q", metas[number], 144)[0]))
    flags, root = unpack_from("<H", metas[newest], 92)[0], unpack_from("<Q", metas[newest], 128)[0]
    if flags:
        return newest
    waiting, looked_at = [int(root)], 0
    while waiting:
        number = waiting.pop()
        if number > last_page:
            continue
        looked_at += 1
        page = os.pread(descriptor, page_bytes, number * page_bytes)
        followed = _followed(page, size) if len(page) == page_bytes else None
        # No page of a tree is below two others.
        if followed is None or looked_at > last_page:
            return number
        waiting.extend(followed)
    return None


def _followed(page: bytes, size: int) -> list[int] | None:
    """Numbers of the pages below it; None where a node leads out of it, or of the file."""
    flags, lower = unpack_from("<HH", page, 10)
    if not flags & (BRANCH | LEAF):
        return []
    both = flags & BRANCH and flags & LEAF
    if flags & ~PLAIN or both or not PAGE_HEADER <= lower < len(page):
        return None
    nodes = (lower - PAGE_HEADER) >> 1
    shorts = np.frombuffer(page, "<u2")
    at = shorts[PAGE_HEADER // 2 :][:nodes].astype(np.int64)
    if (at % 2).any() or (at < PAGE_HEADER).any() or (at > len(page) - NODE_HEADER).any():
        return None
    low, high, node_flags, key_size = (
        shorts[at // 2 + place].astype(np.int64) for place in range(4)
    )
    ends = at + NODE_HEADER + key_size
    if (ends > len(page)).any():
        return None
    value = low | high << 16
    if flags & BRANCH:
        # LMDB ends the process at a branch that does not branch.
        return (value | node_flags << 32).tolist() if nodes > 1 else None
    return [] if _values_fit(page, ends, value, node_flags, size) else None


def _values_fit(page: bytes, ends: Ints, sizes: Ints, flags: Ints, size: int) -> bool:
    """Whether the values of a leaf's nodes, ``ends`` of their keys, lie within page and file."""
    if (flags & ~(OVERFLOW | TREE)).any():
        return False
    outside = (flags & OVERFLOW) != 0
    if (ends + np.where(outside, 8, sizes) > len(page)).any():
        return False
    for end, length in zip(ends[outside].tolist(), sizes[outside].tolist(), strict=True):
        start = unpack_from("<Q", page, end)[0] * len(page) + PAGE_HEADER
        if start < size < start + length:
            return False
    return True
