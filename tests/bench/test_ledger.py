"""Peaks of memory, on the host and on an accelerator."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.running.ledger import peak_accelerator_bytes, peak_memory_bytes


def test_host_memory_is_counted_in_bytes() -> None:
    assert 2**24 < peak_memory_bytes() < 2**44


def test_a_cpu_has_no_memory_of_an_accelerator() -> None:
    assert peak_accelerator_bytes("cpu") is None


def test_the_ledger_does_not_load_torch() -> None:
    code = (
        "import sys; from bench.running.ledger import peak_accelerator_bytes as peak; peak('cpu'); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.gpu
def test_the_peak_of_an_accelerator_outlives_its_tensors() -> None:
    import torch

    before = torch.cuda.memory_allocated()
    block = torch.empty(2**24, dtype=torch.uint8, device="cuda")
    del block
    peak = peak_accelerator_bytes("cuda")
    assert peak is not None
    assert peak >= before + 2**24
