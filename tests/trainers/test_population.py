"""Many architectures at once score what each scores alone, to the last bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from spaces import load_space
from spaces.networks.operations import MBConv
from trainers import population
from trainers.recogniser.recogniser import Recogniser
from trainers.settings import RecogniserSettings
from trainers.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
ATTENTION = RecogniserSettings(
    sequence_encoder="bilstm", sequence_hidden=8, head="attention", attention_hidden=16
)
#: The second and third begin like the first (where the third leaves it, only the stride is
#: another one), the last is the first again.
PATHS = np.array(
    [
        [0, 1, 2, 0, 1, 3, 0, 4],
        [0, 1, 2, 0, 1, 3, 0, 2],
        [0, 1, 0, 2, 1, 3, 0, 5],
        [1, 0, 0, 2, 2, 6, 5, 0],
        [0, 1, 2, 0, 1, 3, 0, 4],
    ],
    np.int8,
)


def trained(trainer: Trainer) -> Trainer:
    """After some steps, outputs differ from architecture to architecture."""
    for _ in range(4):
        trainer.train_weights(PATHS)
    return trainer


@pytest.fixture
def features(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[torch.Tensor]]:
    """What was read from since the last call, in an order of its own."""
    seen: list[torch.Tensor] = []
    read = Recogniser.read

    def note(self: Recogniser, features_BTC: torch.Tensor) -> list[list[int]]:
        seen.append(features_BTC.clone())
        return read(self, features_BTC)

    monkeypatch.setattr(Recogniser, "read", note)

    def taken() -> list[torch.Tensor]:
        found = sorted(seen, key=lambda tensor: tensor.flatten().tolist())
        seen.clear()
        return found

    return taken


@pytest.mark.parametrize("recogniser", [RecogniserSettings(), ATTENTION], ids=["ctc", "attention"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_features_and_scores_are_those_of_one_at_a_time(
    make_trainer: MakeTrainer,
    features: Callable[[], list[torch.Tensor]],
    recogniser: RecogniserSettings,
    precision: str,
) -> None:
    trainer = trained(make_trainer(recogniser, precision=precision))
    alone = [trainer.evaluate(path, 20) for path in PATHS]
    expected = features()
    assert trainer.evaluate_many(PATHS, 20) == alone
    found = features()
    assert len(found) == len(expected) == len(PATHS)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert len({tuple(tensor.flatten().tolist()) for tensor in found}) == 4


def test_words_are_read_in_the_same_portions(
    make_trainer: MakeTrainer,
    features: Callable[[], list[torch.Tensor]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trainers.trainer.READ_IMAGES", 12)
    trainer = trained(make_trainer(ATTENTION))
    # Batches of 8, portions of 12: 12, 12, 5; and with 24 words nothing is left over.
    for words in (29, 24):
        alone = [trainer.evaluate(path, words) for path in PATHS]
        expected = features()
        assert trainer.evaluate_many(PATHS, words) == alone
        found = features()
        assert [len(part) for part in found] == [len(part) for part in expected]
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_those_that_fail_leave_the_others_alone(make_trainer: MakeTrainer) -> None:
    trainer = trained(make_trainer())
    third = trainer.supernet.route(PATHS[2].tolist())[1]
    broken = trainer.supernet.operation(*third)
    assert isinstance(broken, MBConv)
    with torch.no_grad():
        broken.project.conv.weight.fill_(torch.nan)
    alone = [trainer.evaluate(path, 20) for path in PATHS]
    assert 0 < alone.count(None) < len(PATHS)
    assert trainer.evaluate_many(PATHS, 20) == alone
    head = next(trainer.supernet.recogniser.head.parameters())
    with torch.no_grad():
        head.flatten()[0] = torch.nan
    assert trainer.evaluate_many(PATHS, 20) == [None] * len(PATHS)


def test_several_groups_and_the_whole_space(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "GROUP", 3)
    trainer = make_trainer(full=True, words=12)
    space, rng = load_space("autostr"), np.random.default_rng(0)
    parents = space.sample(2, rng)
    rows = np.concatenate([parents, *(space.mutate(parents, rng) for _ in range(3))])
    trainer.train_weights(rows)
    assert trainer.evaluate_many(rows, 12) == [trainer.evaluate(row, 12) for row in rows]
    assert trainer.evaluate_many(rows[:0], 12) == []


def test_what_is_common_is_computed_once(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer()
    calls = 0
    forward = MBConv.forward

    def count(self: MBConv, *arguments: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return forward(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(MBConv, "forward", count)
    trainer.evaluate_many(PATHS, 8)
    # Calibrating and scoring: 4 layers of the first, 1 of the second, 2 of the third, 3 of the
    # fourth, which has a skip.
    assert calls == 2 * (4 + 1 + 2 + 3)
