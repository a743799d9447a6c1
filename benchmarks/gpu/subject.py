"""A preset's network on random words, ours and the plain one, and how its verbs are timed.

A batch of random words costs the copying of it, so that what is timed is the network; how fast
real words are loaded is another part. Times are of the clock, between two moments at which the
device has nothing left to do.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench.presets import load_preset
from bench.records.settings import Preset
from bench.running.ledger import peak_memory_bytes
from benchmarks.common.subject import wanted_gates
from benchmarks.common.words import random_data
from benchmarks.gpu.record import Record
from benchmarks.plain.supernet import PlainSupernet, load_weights
from benchmarks.plain.trainer import PlainTrainer
from spaces import Space, load_space
from spaces.networks.network import Network
from trainers.building import build_network
from trainers.codec import Codec
from trainers.data.charset import get_charset
from trainers.supernet import Supernet, build_supernet
from trainers.trainer import Trainer, TrainerData

#: Weight steps of one timing, each on a random path, and gate steps.
PATHS, GATE_PATHS = 4, 2
#: The structure of the preset, next to no work.
TINY = (
    "supernet.stem_width=4", "supernet.widths=[4, 4, 6, 6, 8]", "recogniser.attention_hidden=16",
    "recogniser.sequence_hidden=8", "trainer.batch_images=4", "trainer.calibration_images=4",
    "trainer.evaluation_batch_images=4", "data.max_length=12", "data.search_val_images=8",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What is timed: a preset's settings, its space and random paths of it."""

    preset: Preset
    space: Space
    device: str
    paths: npt.NDArray[np.int8]
    evaluation_images: int

    @classmethod
    def of(cls, name: str, device: str, tiny: bool, *overrides: str) -> Subject:
        """A preset by its name; fresh weights, whatever it starts from."""
        given = [f"trainer.device={device}", "supernet.start=", *(TINY if tiny else ()), *overrides]
        preset = load_preset(name, given)
        space = load_space("autostr")
        paths = space.sample(PATHS, np.random.default_rng(0))
        return cls(preset, space, device, paths, 8 if tiny else 2048)

    @property
    def batch(self) -> int:
        """Images of a step."""
        return self.preset.trainer.batch_images

    @property
    def macs(self) -> float:
        """Multiply-adds of the backbones, mean, of an image forward; of full width only."""
        return float(self.space.macs(self.paths).mean())

    def ours(self, net: Supernet | None = None) -> Trainer:
        """Our trainer, of a network that is there or of a new one, which takes seconds."""
        charset = get_charset(self.preset.data.charset)
        if net is None:
            length = self.preset.data.max_length
            net = build_supernet(
                self._network(), self.preset.recogniser, len(charset), length, seed=0
            )
        return Trainer(net, self._data(), Codec(charset), self.preset.trainer)

    def plain(self, net: PlainSupernet) -> PlainTrainer:
        """The plain one."""
        codec = Codec(get_charset(self.preset.data.charset))
        return PlainTrainer(net, self._data(), codec, self.preset.trainer)

    def plain_net(self, ours: Supernet) -> PlainSupernet:
        """The plain network, with the same weights."""
        data = self.preset.data
        characters = len(get_charset(data.charset))
        network: Any = self._network()
        net = PlainSupernet(network, self.preset.recogniser, characters, data.max_length)
        load_weights(net, ours.state_dict())
        return net

    def _network(self) -> Network:
        return build_network(self.space, self.preset.supernet)

    def _data(self) -> TrainerData:
        charset = get_charset(self.preset.data.charset)
        size = self.preset.recogniser.input_size
        return random_data(charset, size, self.preset.trainer, self.evaluation_images)

    def verbs(self, trainer: Trainer | PlainTrainer) -> dict[str, tuple[int, Callable[[], object]]]:
        """By name: images that one call consumes, and the call."""
        paths, few = self.paths, self.paths[:GATE_PATHS]

        def gates(everything: bool) -> Callable[[], object]:
            return lambda: [
                trainer.gate_gradient(one, wanted_gates(one, everything)) for one in few
            ]

        words = trainer.data.evaluation
        scored = len(words) + len(trainer.data.calibration)
        return {
            "weight steps": (len(paths) * self.batch, lambda: trainer.train_weights(paths)),
            "gate gradients, all": (len(few) * self.batch, gates(True)),
            "gate gradients, two": (len(few) * self.batch, gates(False)),
            "evaluation": (scored, lambda: trainer.score(paths[0], words)),
        }


class Clock:
    """Times calls on a device and writes every timing down."""

    def __init__(self, record: Record, device: str, seconds: float) -> None:
        self.record = record
        self.cuda = device == "cuda"
        #: What the repetitions of one measurement may take.
        self.seconds = seconds

    def settle(self) -> None:
        """Wait until the device has nothing left to do."""
        if self.cuda:
            torch.cuda.synchronize()

    def measure(self, *place: str, images: int, call: Callable[[], object]) -> float | None:
        """Images per second, median; None when it could not be done. Two timings at least."""
        rates: list[float] = []

        def timed() -> float:
            self.settle()
            began = time.perf_counter()
            call()
            self.settle()
            return time.perf_counter() - began

        def work() -> dict[str, Any]:
            if self.cuda:
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            at_rest = torch.cuda.memory_allocated() if self.cuda else 0
            found: dict[str, Any] = {"images": images, "bytes_at_rest": at_rest}
            found["first_seconds"] = timed()
            began = time.perf_counter()
            while len(rates) < 2 or time.perf_counter() - began < self.seconds:
                rates.append(images / timed())
                found |= {
                    "images_per_second": statistics.median(rates),
                    "rates": [round(rate, 2) for rate in rates],
                    "peak_bytes": torch.cuda.max_memory_allocated()
                    if self.cuda
                    else peak_memory_bytes(),
                }
                self.record.put(*place, value=found)
            return found

        return statistics.median(rates) if self.record.attempt(*place, work=work) else None


def matmul_rate(device: str, size: int) -> float:
    """Floating point operations a second of a large bf16 matrix product of random numbers."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    b = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    seconds = []
    for _ in range(12):
        if device == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / statistics.median(seconds[2:])
