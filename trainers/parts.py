"""Weights for a searched rectifier's supernet from one of another part of the STR-NAS space.

A supernet of the feature extractor holds every cell behind a rectifier, and one of both parts holds
the fixed extractor that stands behind where the rectifier alone is searched.
"""

from __future__ import annotations

import torch
from torch import nn

from spaces import Space, load_space
from spaces.networks.convolution import Convolution
from trainers.supernet import Supernet


def space_of_part(space: Space, part: str) -> Space:
    """The same space, of which another part is searched."""
    others = {key: value for key, value in space.settings().items() if key != "part"}
    return load_space(space.name, part=part, **others)


@torch.no_grad()
def take_weights(net: Supernet, stored: Supernet) -> tuple[str, ...]:
    """Copy into ``net`` what ``stored``, a supernet of another part, has of it.

    Returns what stays fresh: ``("rectifier",)`` or nothing. A fresh rectifier does not rectify, so
    that the network reads as the stored one.
    """
    net.recogniser.load_state_dict(stored.recogniser.state_dict())
    fresh = stored.rectification is None
    for name, block in net.blocks.items():
        if name in stored.blocks:
            block.load_state_dict(stored.blocks[name].state_dict())
    if net.rectification is None or (rectifier := net.network.searched_rectifier) is None:
        return ()
    if (given := stored.rectification) is not None:
        net.rectification.hidden.load_state_dict(given.hidden.state_dict())
        net.rectification.points.load_state_dict(given.points.state_dict())
    for (edge, code), fixed in zip(rectifier.rest, net.rectification.rest, strict=True):
        _copy_candidate(stored.operation(edge, code), fixed)
    return ("rectifier",) if fresh else ()


def _copy_candidate(source: nn.Module, target: nn.Module) -> None:
    """Weights of a candidate, which may be part of an entangled one, into one of its own."""
    for name, own in target.named_modules():
        if isinstance(own, Convolution):
            given: nn.Module = source.get_submodule(name)
            for kind, entry in (("conv", "weight"), ("norm", "weight"), ("norm", "bias")):
                getattr(getattr(own, kind), entry).copy_(getattr(getattr(given, kind), entry))
