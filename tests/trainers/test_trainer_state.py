"""A trainer stopped and continued does what an undisturbed one does, bit by bit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trainers.errors import TrainerError
from trainers.settings import RecogniserSettings
from trainers.state import read_tensors, write_tensors
from trainers.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
PATHS = np.array([[0, 1, 2, 0, 1, 3, 0, 4], [1, 0, 0, 2, 2, 6, 5, 0]], np.int8)
RECOGNISER = RecogniserSettings(sequence_encoder="bilstm", sequence_hidden=4)


def go_on(trainer: Trainer) -> list[Any]:
    numbers: list[Any] = []
    for _ in range(2):
        numbers.append(trainer.train_weights(PATHS).loss)
        gate = trainer.gate_gradient(PATHS[0], np.ones((4, 7), bool))
        numbers += [gate.loss, gate.gradients.tolist(), trainer.evaluate(PATHS[1], 16)]
    return numbers


@pytest.mark.parametrize("optimiser", ["adamw", "adadelta"])
@pytest.mark.parametrize("through_file", [False, True], ids=["memory", "file"])
def test_continuing_is_exact(
    make_trainer: MakeTrainer, tmp_path: Path, optimiser: str, through_file: bool
) -> None:
    settings = {"optimiser": optimiser, "weight_decay": 0.01, "schedule": "cosine"}
    settings |= {"schedule_steps": 10, "warmup_steps": 4, "flat_start_steps": 6}
    trainer = make_trainer(RECOGNISER, **settings)
    go_on(trainer)
    tensors, counters = trainer.state()
    if through_file:
        write_tensors(tmp_path / "state", tensors, {"trainer": counters})
        tensors, metadata = read_tensors(tmp_path / "state")
        counters = metadata["trainer"]
    else:
        tensors = copy.deepcopy(tensors)
    expected = go_on(trainer)
    resumed = make_trainer(RECOGNISER, **settings)
    resumed.train_weights(PATHS[::-1])  # Whatever it did before.
    resumed.load_state(tensors, counters)
    assert go_on(resumed) == expected
    ours, theirs = trainer.state()[0], resumed.state()[0]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


Change = Callable[[dict[str, Tensor]], Iterable[tuple[str, Tensor]]]


def shorter(name: str, value: Tensor) -> Tensor:
    return value[..., :-1] if name == "optimiser/stem.conv.conv.weight/exp_avg" else value


CHANGES: dict[str, Change] = {
    "a missing array": lambda s: [(n, v) for n, v in s.items() if n != "model/stem.conv.norm.bias"],
    "an unknown array": lambda s: [*s.items(), ("model/other", torch.zeros(1))],
    "an unknown parameter": lambda s: [*s.items(), ("optimiser/other/exp_avg", torch.zeros(1))],
    "another shape": lambda s: [(n, shorter(n, v)) for n, v in s.items()],
    "another optimiser": lambda s: [
        (n.replace("exp_avg_sq", "square_avg"), v) for n, v in s.items()
    ],
    "half an optimiser": lambda s: [(n, v) for n, v in s.items() if not n.endswith("exp_avg_sq")],
    "not a number": lambda s: [(n, v / 0 if n.startswith("model") else v) for n, v in s.items()],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_state_that_does_not_fit_is_refused(make_trainer: MakeTrainer, change: str) -> None:
    trainer = make_trainer()
    trainer.train_weights(PATHS)
    tensors, counters = copy.deepcopy(trainer.state())
    with pytest.raises(TrainerError) as caught:
        trainer.load_state(dict(CHANGES[change](tensors)), counters)
    assert "\n" not in str(caught.value)
    after = trainer.state()[0]
    assert after.keys() == tensors.keys()
    assert all(torch.equal(value, tensors[name]) for name, value in after.items())


@pytest.mark.parametrize("counters", [{}, {"weight_steps": 3}, {"weight_steps": "3"}])
def test_counters_must_be_there(make_trainer: MakeTrainer, counters: dict[str, Any]) -> None:
    trainer = make_trainer()
    with pytest.raises(TrainerError, match="weight_steps"):
        trainer.load_state(trainer.state()[0], counters)
