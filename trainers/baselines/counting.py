"""Parameters and multiply-adds of a baseline, stage by stage.

Multiply-adds are those of all convolutions and matrix products: linear and recurrent layers,
attention, the spline's grid. They are of one image; attention reads the longest word, which is
``max_length`` characters and EOS. Normalisation, activations, pooling, sampling and biases count
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from spaces.networks.normalisation import RunningStatistics
from trainers.baselines.building import assemble
from trainers.baselines.catalogue import Baseline
from trainers.data.charset import DEFAULT_MAX_LENGTH
from trainers.recogniser.ctc import CTCHead


@dataclass(frozen=True)
class StageCost:
    """Parameters (batch norm's scales and shifts with them) and multiply-adds."""

    params: int
    macs: int

    def __add__(self, other: StageCost) -> StageCost:
        return StageCost(self.params + other.params, self.macs + other.macs)


@dataclass(frozen=True)
class BaselineCost:
    """What each stage costs; shapes are (channels, rows, columns), classes those of the head."""

    stages: dict[str, StageCost]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    classes: int

    @property
    def recogniser(self) -> StageCost:
        """All stages together."""
        return sum(self.stages.values(), StageCost(0, 0))


def count_baseline(baseline: Baseline, max_length: int = DEFAULT_MAX_LENGTH) -> BaselineCost:
    """The costs of a baseline on images of its size, with the paper's charset.

    Nothing is computed but the rectifier: the other modules have shapes, and no values.
    """
    with torch.device("meta"):
        model = assemble(baseline, baseline.characters, max_length)
    if model.rectifier is not None:
        _fill_with_zeros(model.rectifier)
    images_BHW3 = torch.zeros(1, *baseline.input_size, 3, dtype=torch.uint8)
    norm = RunningStatistics()
    x_BCHW, rectifier_macs = _counted(lambda: model.rectified(images_BHW3, norm))
    features_BC1T, backbone_macs = _counted(lambda: model.backbone(x_BCHW.to("meta"), norm))
    # Every step of a sequence costs the same, and torch takes its time over each.
    steps = features_BC1T.shape[-1]
    encoded_B1C, step_macs = _counted(lambda: model.sequences(features_BC1T[..., :1]))
    features_BTC = encoded_B1C.expand(-1, steps, -1)
    classify: nn.Linear = model.head.classify  # type: ignore[assignment]
    if isinstance(model.head, CTCHead):
        _, head_macs = _counted(lambda: classify(features_BTC))
    else:
        _, head_macs = _counted(lambda: model.head.loss(features_BTC, [[0] * max_length]))
    return BaselineCost(
        {
            "rectifier": StageCost(_params(model.rectifier), rectifier_macs),
            "backbone": StageCost(_params(model.backbone), backbone_macs),
            "sequence_encoder": StageCost(_params(model.sequence_encoder), steps * step_macs),
            "head": StageCost(_params(model.head), head_macs),
        },
        (1 if baseline.grey else 3, *baseline.input_size),
        tuple(features_BC1T.shape[1:]),
        classify.out_features,
    )


def _fill_with_zeros(rectifier: nn.Module) -> None:
    """Give it a device: autocast, which rectifiers switch off, refuses modules without one."""
    rectifier.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in (*rectifier.parameters(), *rectifier.buffers()):
            tensor.zero_()


def _counted(compute: Callable[[], Tensor]) -> tuple[Tensor, int]:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        result = compute()
    # A multiply-add is two operations to torch.
    return result, counter.get_total_flops() // 2


def _params(module: nn.Module | None) -> int:
    return 0 if module is None else sum(p.numel() for p in module.parameters())
