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


def test_what_is_wanted_again_at_once_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a large network would fetch their memory again each time."""
    sizes = iter([800, 500, 800, 800])
    monkeypatch.setattr(allocator, "_resident_bytes", lambda: next(sizes) * MIB)
    monkeypatch.setattr(allocator._Kept, "resident", 500 * MIB)
    monkeypatch.setattr(allocator._Kept, "calls", 10 * allocator.SOON)
    found = [hand_back(), hand_back(), hand_back()]
    assert found == [GLIBC, GLIBC, False]
