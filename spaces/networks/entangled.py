"""Candidates that are parts of one another: a choice block with one set of weights for many.

The largest block of its kind holds the weights. Others of fewer channels take the first of its
channels, those of smaller kernels the middle of its kernels (Cai et al., *Once-for-All*, 2020,
section 3.2; Chen et al., *AutoFormer*, 2021, call it weight entanglement). Whatever is drawn trains
weights of the others, so that a supernet needs fewer steps; and what one operation has learned, the
others have to live with. Weights of the largest that a smaller one leaves out get a gradient of
zero, not none: an optimiser's momentum and weight decay go on there.

Blocks without expansion and those with it are two kinds: the channels of the former are those of
the block's input, of the latter what the first convolution makes of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from spaces.errors import InputError
from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Convolution
from spaces.networks.operations import Candidate, MBConv


def entangled(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of a choice block, all but the largest of their kind made parts of that.

    ``InputError`` where no block of a kind has both the largest kernel and the most channels.
    """
    found = list(candidates)
    for expands in (False, True):
        kind = {
            place: each
            for place, each in enumerate(candidates)
            if isinstance(each, MBConv) and (each.expand is not None) == expands
        }
        if not kind:
            continue
        sizes = [_size(each) for each in kind.values()]
        whole = tuple(map(max, zip(*sizes, strict=True)))
        largest = next((each for each in kind.values() if _size(each) == whole), None)
        if largest is None:
            raise InputError(
                f"entangled candidates of kernels and channels {sizes}: none holds all others; "
                "set supernet.entangled = false"
            )
        for place, each in kind.items():
            if each is not largest:
                found[place] = PartialMBConv(largest, *_size(each))
    return found


def _size(block: MBConv) -> tuple[int, int]:
    """Kernel and channels of the depthwise convolution."""
    return block.depthwise.kernel, block.depthwise.conv.out_channels


class PartialMBConv(MBConv):
    """The first ``hidden`` channels and the middle ``kernel`` of ``whole``; it has no weights."""

    def __init__(self, whole: MBConv, kernel: int, hidden: int) -> None:
        nn.Module.__init__(self)
        self.shortcut = whole.shortcut
        self.expand = None
        if whole.expand is not None:
            self.expand = PartialConvolution(whole.expand, outputs=hidden)
        self.depthwise = PartialConvolution(whole.depthwise, hidden, hidden, kernel)
        self.project = PartialConvolution(whole.project, inputs=hidden)


class PartialConvolution(Convolution):
    """Part of ``whole``: its first inputs and outputs, and the middle of its kernel."""

    def __init__(
        self,
        whole: Convolution,
        inputs: int | None = None,
        outputs: int | None = None,
        kernel: int | None = None,
    ) -> None:
        nn.Module.__init__(self)
        self.kernel = kernel or whole.kernel
        self.conv = _PartialWeight(whole, inputs, outputs, self.kernel)  # type: ignore[assignment]
        self.norm = _PartialNorm(whole.norm, self.conv.out_channels)


class _PartialWeight(nn.Module):
    """What is asked of an ``nn.Conv2d``."""

    def __init__(
        self, whole: Convolution, inputs: int | None, outputs: int | None, kernel: int
    ) -> None:
        super().__init__()
        # In a tuple, so that weights stay those of one module.
        self._whole = (whole.conv,)
        self.in_channels = inputs or whole.conv.in_channels
        self.out_channels = outputs or whole.conv.out_channels
        self.groups = 1 if whole.conv.groups == 1 else self.in_channels
        edge = (whole.kernel - kernel) // 2
        self._rows = slice(edge, edge + kernel)

    @property
    def weight(self) -> Tensor:
        of_a_group = slice(self.in_channels // self.groups)
        part = self._whole[0].weight[: self.out_channels, of_a_group, self._rows, self._rows]
        # Convolutions take a copy of anything else, each time they pass over it.
        return part.contiguous(memory_format=torch.channels_last)


class _PartialNorm(BatchNorm):
    """The first of the whole's channels. Statistics are views: they move those of the whole."""

    def __init__(self, whole: BatchNorm, channels: int) -> None:
        nn.Module.__init__(self)
        self._whole = (whole,)
        self._first = slice(channels)
        self.eps = whole.eps

    def __getattr__(self, name: str) -> Any:
        if name in ("weight", "bias", "running_mean", "running_var"):
            return getattr(self._whole[0], name)[self._first]
        return super().__getattr__(name)
