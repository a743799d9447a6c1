"""The allocator's thresholds, and memory that is handed back."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from trainers import allocator
from trainers.allocator import hand_back, keep_large_buffers

GLIBC = platform.libc_ver()[0] == "glibc"
MIB = 2**20


def test_glibc_takes_the_thresholds() -> None:
    assert keep_large_buffers() == GLIBC


@pytest.mark.skipif(not GLIBC, reason="of glibc's allocator")
def test_free_memory_between_what_is_used_is_handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "GROWTH_BYTES", 0)
    keep_large_buffers()
    blocks = [np.ones(MIB, np.uint8) for _ in range(200)]
    del blocks[::2]
    before = allocator._resident_bytes()
    assert hand_back()
    assert allocator._resident_bytes() < before - 50 * MIB
    assert all(block.all() for block in blocks)


def test_a_process_that_has_not_grown_keeps_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "GROWTH_BYTES", 2**50)
    assert not hand_back()
