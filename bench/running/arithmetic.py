"""With what this process computes: how many threads, and whether with the compiled kernels.

Both decide the last digits of sums, so what was begun one way is continued that way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from spaces.networks.kernels.choice import choose_kernels, chosen, kernels_in_use
from spaces.networks.kernels.compiling import version
from spaces.notice import tell

MOST_THREADS = 4096
TORCH = "torch"


@contextmanager
def own_arithmetic() -> Iterator[None]:
    """Within, the process may compute as something was begun; then it has its own way again.

    Otherwise what follows would begin with it, and keep it for good.
    """
    torch = sys.modules.get("torch")
    threads = None if torch is None else torch.get_num_threads()
    kernels = chosen()
    try:
        yield
    finally:
        choose_kernels(kernels)
        if torch is not None and torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def compute_as_begun(known: Mapping[str, Any]) -> None:
    """Take as many threads, and the kernels or none, as a manifest or card says of the beginning.

    What was begun before there were kernels says nothing of them.
    """
    import torch

    torch.set_num_threads(count_of_threads(known.get("torch_threads"), torch.get_num_threads()))
    begun = known.get("kernels", TORCH)
    choose_kernels("torch" if begun == TORCH else "auto")
    if begun != TORCH and kernels_in_use() is None:
        tell(
            f"begun with the kernels of {begun}, which cannot be used here: last digits may differ"
        )


def count_of_threads(value: object, default: int) -> int:
    """A number of threads from a file, ``default`` where it is none."""
    return value if isinstance(value, int) and 1 <= value <= MOST_THREADS else default


def kernels_name(device: str, precision: str, processes: int = 1) -> str:
    """What computes batch norm and its kin in training: for the manifest."""
    if device != "cpu" or precision != "fp32" or processes > 1 or kernels_in_use() is None:
        return TORCH
    return version()
