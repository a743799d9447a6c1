"""What counts as too little memory."""

from __future__ import annotations

import torch

OUT_OF_MEMORY = (MemoryError, torch.OutOfMemoryError)


def is_out_of_memory(error: BaseException) -> bool:
    """torch reports a full CPU as a plain RuntimeError; any other one is a bug to be seen."""
    return isinstance(error, OUT_OF_MEMORY) or "can't allocate memory" in str(error)
