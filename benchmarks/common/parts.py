"""Where the seconds of a weight step go: a timeline of its parts, summed over steps.

Marks are set where tensors pass from one part to the next: by forward hooks on the way there, by
hooks on the gradients of the same tensors on the way back. So every moment between the first and
the last mark belongs to one part, and what is left is called other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from benchmarks.plain.trainer import PlainTrainer
from trainers.trainer import Trainer


class Timeline:
    """``mark(part)`` says that the time since the last mark was spent in ``part``.

    ``settle`` waits until what has been asked for is done, where that is done by another device.
    """

    def __init__(self, settle: Callable[[], object] = lambda: None) -> None:
        self.settle = settle
        self.seconds: dict[str, float] = defaultdict(float)
        self._last = time.perf_counter()

    def mark(self, part: str) -> None:
        """End of a stretch of ``part``."""
        self.settle()
        now = time.perf_counter()
        self.seconds[part] += now - self._last
        self._last = now

    def mark_gradient(self, tensor: Tensor, part: str) -> None:
        """Mark ``part`` when the gradient of ``tensor`` has arrived."""
        tensor.register_hook(lambda _: self.mark(part))  # type: ignore[no-untyped-call]


def time_parts(
    trainer: Trainer | PlainTrainer,
    work: Callable[[], object],
    settle: Callable[[], object] = lambda: None,
) -> dict[str, float]:
    """Seconds of ``work`` (weight steps) by part; they sum to all of it."""
    plain = isinstance(trainer, PlainTrainer)
    recogniser: Any = (trainer.net if plain else trainer.supernet).recogniser
    optimiser = trainer.optimiser if plain else trainer.weight_steps.optimiser
    line = Timeline(settle)
    removable = [
        *_watch(line, recogniser.rectifier, "other", "rectifier", "backbone backward"),
        *_watch(line, recogniser.sequence_encoder, "backbone forward", "sequence encoder", ""),
        optimiser.register_step_pre_hook(lambda *_: line.mark("clipping")),
        optimiser.register_step_post_hook(lambda *_: line.mark("optimiser")),
    ]
    first = next(recogniser.rectifier.parameters())
    removable.append(first.register_post_accumulate_grad_hook(lambda _: line.mark("rectifier")))
    head, loader = recogniser.head, trainer.data.search_train
    loss, batch = head.loss, loader.batch

    def timed_loss(features_BTC: Tensor, labels: Any) -> Tensor:
        line.mark_gradient(features_BTC, "decoder")
        found: Tensor = loss(features_BTC, labels)
        line.mark("decoder")
        return found

    def timed_batch(step: int) -> Any:
        line.mark("other")
        found = batch(step)
        line.mark("loader")
        return found

    head.loss, loader.batch = timed_loss, timed_batch  # type: ignore[method-assign]
    try:
        work()
        line.mark("other")
    finally:
        del head.loss, loader.batch
        for handle in removable:
            handle.remove()
    return dict(line.seconds)


def _watch(line: Timeline, module: nn.Module, before: str, part: str, backward: str) -> list[Any]:
    """Marks around a module's forward pass, and where the gradient leaves what follows it."""

    def enter(module: nn.Module, inputs: tuple[Tensor]) -> None:
        line.mark(before)
        if inputs[0].requires_grad:
            line.mark_gradient(inputs[0], part)

    def leave(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        line.mark(part)
        if backward:
            line.mark_gradient(output, backward)

    return [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
