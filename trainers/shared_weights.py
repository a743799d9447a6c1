"""The weights of a supernet in one file that several processes map into memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkstemp

import numpy as np
import torch
from torch import Tensor, nn

from spaces.atomic import TEMPORARY_PREFIX

#: Every array begins at a multiple of so many bytes, as in torch's own memory: some kernels add up
#: in another order elsewhere.
ALIGNMENT = 64


class WrittenWeights:
    """Of the process that trains: a file in ``folder``, by a name that a resumed run sweeps.

    Raises ``OSError`` where there is no space for it.
    """

    def __init__(self, model: nn.Module, folder: Path) -> None:
        self.model = model
        descriptor, name = mkstemp(prefix=f"{TEMPORARY_PREFIX}weights-", dir=folder)
        self.path = Path(name)
        try:
            # Zeros, not a hole: what a full disk cannot hold later would end the process.
            with os.fdopen(descriptor, "wb") as file:
                file.write(bytes(_size(model)))
        except BaseException:
            self.remove()
            raise
        self._memory = torch.from_numpy(np.memmap(self.path, np.uint8, "r+"))
        self._step: int | None = None
        self.version = 0

    def update(self, step: int) -> int:
        """Have the file hold the weights after ``step``; returns a number that changes with it."""
        if self._step != step:
            for tensor, place in _places(self.model, self._memory):
                place.copy_(tensor.detach())
            self._step = step
            self.version += 1
        return self.version

    def forget(self) -> None:
        """The weights have changed without a step."""
        self._step = None

    def remove(self) -> None:
        """Delete the file; who has it mapped keeps it."""
        self.path.unlink(missing_ok=True)


class ReadWeights:
    """Of a process that scores: the same model, with the weights of the file.

    On the CPU its parameters and buffers become views of the file, which nobody may write to.
    """

    def __init__(self, model: nn.Module, path: Path) -> None:
        self.model = model
        with warnings.catch_warnings():
            # That writing to it would end the process is what is wanted.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            self._memory = torch.from_numpy(np.memmap(path, np.uint8, "r"))
        self._version: int | None = None
        for tensor, place in _places(model, self._memory):
            if tensor.device.type == "cpu":
                tensor.data = place

    def take(self, version: int) -> None:
        """Score with this version from now on: an accelerator needs a copy of its own."""
        if self._version != version:
            for tensor, place in _places(self.model, self._memory):
                if tensor.device.type != "cpu":
                    tensor.data.copy_(place)
            self._version = version


def _places(model: nn.Module, memory: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Each array of the model, and the view of its bytes in ``memory`` that has its strides."""
    for start, tensor in _layout(model):
        flat = memory[start : start + tensor.nbytes].view(tensor.dtype)
        yield tensor, flat.as_strided(tensor.shape, tensor.stride())


def _layout(model: nn.Module) -> Iterator[tuple[int, Tensor]]:
    """Each array of the model, and the byte at which it begins."""
    start = 0
    for tensor in (*model.parameters(), *model.buffers()):
        yield start, tensor
        start += -(-tensor.nbytes // ALIGNMENT) * ALIGNMENT


def _size(model: nn.Module) -> int:
    return max(start + tensor.nbytes for start, tensor in _layout(model))
