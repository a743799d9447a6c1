"""Whether this process computes with the compiled kernels, as it has a number of threads.

They are used where Numba is installed, unless ``STRNAS_KERNELS=torch`` stands in the environment.
What was begun one way is continued that way: sums come out different in their last digits.
"""

from __future__ import annotations

import os
from typing import Literal

from spaces.errors import SpaceError
from spaces.networks.kernels.compiling import Kernels, find_kernels

VARIABLE = "STRNAS_KERNELS"
Choice = Literal["auto", "torch"]
CHOICES: tuple[Choice, ...] = ("auto", "torch")


class _Process:
    """The choice of this process; None: what the environment says."""

    choice: Choice | None = None


def kernels_in_use() -> Kernels | None:
    """The kernels, None where torch is to compute everything; ``SpaceError`` for a bad variable."""
    return None if kernel_choice() == "torch" else find_kernels()


def kernel_choice() -> Choice:
    """What is chosen, whether or not it can be had."""
    if _Process.choice is not None:
        return _Process.choice
    given = os.environ.get(VARIABLE) or "auto"
    for choice in CHOICES:
        if given == choice:
            return choice
    raise SpaceError(f"{VARIABLE}={given} in the environment: expected {' or '.join(CHOICES)}")


def chosen() -> Choice | None:
    """What ``choose_kernels`` was last told."""
    return _Process.choice


def choose_kernels(choice: Choice | None) -> None:
    """Choose for this process; None: what the environment says."""
    _Process.choice = choice
