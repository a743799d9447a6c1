"""The allocator's thresholds."""

from __future__ import annotations

import platform

from trainers.allocator import keep_large_buffers


def test_glibc_takes_the_thresholds() -> None:
    assert keep_large_buffers() == (platform.libc_ver()[0] == "glibc")
