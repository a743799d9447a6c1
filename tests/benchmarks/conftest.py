"""Our trainer and the plain one, with the same weights, words and settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

# Not in the installed packages; `python -m pytest` finds it, plain `pytest` does not.
sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.common.words import random_data
from benchmarks.plain.supernet import PlainSupernet, load_weights
from benchmarks.plain.trainer import PlainTrainer
from spaces.networks.mesh import Mesh
from trainers.codec import Codec
from trainers.data.charset import Charset
from trainers.settings import RecogniserSettings, TrainerSettings
from trainers.supernet import Supernet, build_supernet
from trainers.trainer import Trainer

CHARSET = Charset("tiny", "abcdefghij")
MAX_LENGTH = 8


@dataclass(frozen=True)
class Both:
    """The two trainers, and the weights that both started from."""

    ours: Trainer
    plain: PlainTrainer
    weights: dict[str, Tensor]

    def reset(self) -> None:
        """Both have the weights again that they started from, and optimisers that know nothing."""
        self.ours.supernet.load_state_dict(self.weights)
        load_weights(self.plain.net, self.weights)
        self.ours.weight_steps.optimiser.state.clear()
        self.plain.optimiser.state.clear()

    def close(self) -> None:
        """Stop the loaders."""
        self.ours.close()
        self.plain.close()


MakeBoth = Callable[[Mesh, RecogniserSettings, int, torch.dtype], Both]


@pytest.fixture(scope="package")
def make_both() -> MakeBoth:
    def make(
        mesh: Mesh, recogniser: RecogniserSettings, batch_images: int, dtype: torch.dtype
    ) -> Both:
        settings = TrainerSettings(
            device="cpu",
            batch_images=batch_images,
            optimiser="adadelta",
            learning_rate=1.0,
            calibration_images=12,
            evaluation_batch_images=16,
        )
        net = build_supernet(mesh, recogniser, len(CHARSET), MAX_LENGTH, seed=0).to(dtype)
        perturb(net)
        weights = {name: value.clone() for name, value in net.state_dict().items()}
        plain = PlainSupernet(mesh, recogniser, len(CHARSET), MAX_LENGTH).to(dtype)
        load_weights(plain, weights)
        codec = Codec(CHARSET)

        def data():
            return random_data(CHARSET, recogniser.input_size, settings, 20)

        return Both(
            Trainer(net, data(), codec, settings),
            PlainTrainer(plain, data(), codec, settings),
            weights,
        )

    return make


@torch.no_grad()
def perturb(net: Supernet) -> None:
    """Fresh blocks are the identity and a fresh rectifier does nothing: nothing to tell apart."""
    generator = torch.Generator().manual_seed(1)
    for name, value in net.state_dict().items():
        if name.endswith(("norm.weight", "running_var")) or ".norms." in name:
            value.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith(("norm.bias", "running_mean")):
            value.normal_(0.0, 0.1, generator=generator)
        elif name.endswith("points.weight"):
            value.normal_(0.0, 0.002, generator=generator)
        elif name.endswith("classify.weight"):  # Words of different letters and lengths.
            value.mul_(20.0)
        elif ".lstm.weight" in name or ".cell.weight" in name or "energy.weight" in name:
            value.mul_(4.0)


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small gain nothing from threads, and on a busy machine wait for them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
