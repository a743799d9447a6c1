"""The trainer's verbs: they learn, they repeat, they leave alone what is not theirs."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch

from spaces.networks.batch_norm import BatchNorm
from trainers.compute import compute_repeatably, resolve_device
from trainers.data.errors import DataError
from trainers.data.word_images import WordImages
from trainers.distributed import Alone, ProcessGroup
from trainers.errors import TrainerError
from trainers.launch import Launch
from trainers.settings import RecogniserSettings
from trainers.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
PATHS = np.array([[0, 1, 2, 0, 1, 3, 0, 4], [1, 0, 0, 2, 2, 6, 5, 0]], np.int8)
EVERYTHING = np.ones((4, 7), bool)
ATTENTION = RecogniserSettings(head="attention", attention_hidden=16)


def same_state(trainer: Trainer, before: dict[str, torch.Tensor]) -> bool:
    after = trainer.supernet.state_dict()
    return all(torch.equal(value, before[name]) for name, value in after.items())


@pytest.mark.parametrize("recogniser", [RecogniserSettings(), ATTENTION], ids=["ctc", "attention"])
def test_training_learns_a_small_set_of_words(
    make_trainer: MakeTrainer, recogniser: RecogniserSettings
) -> None:
    trainer = make_trainer(recogniser, words=16)
    path = PATHS[:1]
    first = trainer.train_weights(np.repeat(path, 2, 0)).loss
    trainer.train_weights(np.repeat(path, 80, 0))
    last = trainer.train_weights(np.repeat(path, 2, 0)).loss
    assert last < 0.5 * first
    training_words = trainer.data.search_train.split.words()
    scores = trainer.score(path[0], training_words)
    assert scores is not None
    assert scores.one_ned > 0.5


def test_loss_per_character_is_that_of_the_words(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(words=16)
    words = trainer.data.evaluation
    before = trainer.loss_per_character(PATHS[0], words)
    # One batch or several: labels stay with their images.
    whole = make_trainer(words=16, evaluation_batch_images=16)
    assert whole.loss_per_character(PATHS[0], words) == pytest.approx(before, rel=1e-5)
    trainer.train_weights(np.repeat(PATHS[:1], 80, 0))
    after = trainer.loss_per_character(PATHS[0], words)
    assert before is not None
    assert after is not None
    assert after < 0.5 * before
    shuffled = WordImages(words.indices, words.images, [*words.labels[1:], words.labels[0]])
    assert (trainer.loss_per_character(PATHS[0], shuffled) or 0.0) > 2.0 * after
    with torch.no_grad():
        trainer.supernet.recogniser.head.classify.weight.fill_(math.nan)
    assert trainer.loss_per_character(PATHS[0], words) is None


def test_flat_start_loss_is_used_for_the_first_steps_only(make_trainer: MakeTrainer) -> None:
    plain = make_trainer()
    flat = make_trainer(flat_start_steps=1)
    # The first losses are measured on the same weights and words.
    assert flat.train_weights(PATHS[:1]).loss != plain.train_weights(PATHS[:1]).loss
    plain.load_state(copy.deepcopy(flat.state()[0]), flat.state()[1])
    assert flat.train_weights(PATHS[:1]).loss == plain.train_weights(PATHS[:1]).loss


def test_flat_start_without_ctc_is_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(TrainerError, match=r"^flat_start_steps 3 .*set trainer.*$"):
        make_trainer(ATTENTION, flat_start_steps=3)


def test_a_single_image_cannot_train_a_rectifier(make_trainer: MakeTrainer) -> None:
    with pytest.raises(TrainerError, match=r"^batch_images 1 .*raise .*$"):
        make_trainer(RecogniserSettings(rectifier="tps"), full=True, batch_images=1)


@pytest.mark.parametrize("workers", [0, 2])
def test_same_seed_same_numbers(make_trainer: MakeTrainer, workers: int) -> None:
    def numbers(seed: int, workers: int = 0) -> tuple[float, ...]:
        trainer = make_trainer(seed=seed, workers=workers)
        steps = [trainer.train_weights(PATHS).loss for _ in range(3)]
        gate = trainer.gate_gradient(PATHS[0], EVERYTHING)
        trainer.close()
        return (*steps, gate.loss, *gate.gradients.flatten())

    assert numbers(4, workers) == numbers(4)
    assert numbers(4) != numbers(5)


def test_one_step_a_row_and_fresh_words_for_each(make_trainer: MakeTrainer) -> None:
    at_once, one_by_one = make_trainer(), make_trainer()
    losses = [one_by_one.train_weights(row[None]).loss for row in PATHS]
    assert at_once.train_weights(PATHS).loss == pytest.approx(sum(losses) / 2)
    assert same_state(at_once, one_by_one.supernet.state_dict())
    assert at_once.weight_steps.done == 2


def test_evaluation_is_a_pure_function_and_leaves_no_trace(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(words=32)
    trainer.train_weights(np.repeat(PATHS, 10, 0))
    before = copy.deepcopy(trainer.state())
    first = [trainer.evaluate(path, 32) for path in PATHS]
    backwards = [trainer.evaluate(path, 32) for path in PATHS[::-1]]
    assert first == backwards[::-1]
    assert first[0] is not None
    assert first[0].words == 32
    tensors, counters = trainer.state()
    assert counters == before[1]
    assert all(torch.equal(value, before[0][name]) for name, value in tensors.items())
    assert all(p.grad is None or p.grad.shape == p.shape for p in trainer.supernet.parameters())


def test_evaluation_does_not_depend_on_its_batches_or_running_statistics(
    make_trainer: MakeTrainer,
) -> None:
    trainer, small = make_trainer(), make_trainer(evaluation_batch_images=3)
    for one in (trainer, small):
        one.train_weights(np.repeat(PATHS, 15, 0))
    for part in small.supernet.modules():
        if isinstance(part, BatchNorm):
            part.running_mean.fill_(7.0)
    assert trainer.evaluate(PATHS[0], 20) == small.evaluate(PATHS[0], 20)


def test_the_first_words_are_scored(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    scores = trainer.evaluate(PATHS[0], 5)
    assert scores == trainer.score(PATHS[0], trainer.data.evaluation.first(5))
    assert scores is not None
    assert scores.words == 5
    many = trainer.evaluate(PATHS[0], 1_000)
    assert many is not None
    assert many.words == len(trainer.data.evaluation)


@pytest.mark.parametrize("part", ["stem", "blocks", "recogniser.head", "recogniser.sequence"])
def test_weights_that_are_not_finite_score_nothing(make_trainer: MakeTrainer, part: str) -> None:
    recogniser = RecogniserSettings(sequence_encoder="bilstm", sequence_hidden=4)
    trainer = make_trainer(recogniser)
    assert trainer.evaluate(PATHS[0], 8) is not None
    for name, parameter in trainer.supernet.named_parameters():
        if name.startswith(part) and "weight" in name:
            with torch.no_grad():
                parameter.flatten()[0] = math.nan
    assert trainer.evaluate(PATHS[0], 8) is None


@pytest.mark.parametrize("kind", ["tps", "grey-tps"])
def test_a_rectifier_that_is_not_finite_scores_nothing(
    make_trainer: MakeTrainer, kind: Literal["tps", "grey-tps"]
) -> None:
    """Sampling at NaN gives black, finite images: the features do not show it."""
    recogniser = RecogniserSettings(rectifier=kind)
    trainer = make_trainer(recogniser, full=True, batch_images=2, words=4)
    path = np.array([1, 1, 2, 2, 2] + [0] * 10 + [0] * 15, np.int8)
    with torch.no_grad():
        for name, value in trainer.supernet.recogniser.rectifier.named_parameters():
            if name.endswith("points.bias"):
                value.fill_(math.nan)
    assert trainer.evaluate(path, 2) is None


@pytest.mark.parametrize("optimiser", ["adamw", "adadelta"])
def test_a_loss_that_is_not_finite_changes_nothing_and_is_counted(
    make_trainer: MakeTrainer, optimiser: str
) -> None:
    trainer = make_trainer(optimiser=optimiser, weight_decay=0.1)
    trainer.train_weights(PATHS)
    with torch.no_grad():
        trainer.supernet.recogniser.head.classify.weight.fill_(3e38)
    before = copy.deepcopy(trainer.state()[0])
    outcome = trainer.train_weights(PATHS)
    assert math.isnan(outcome.loss)
    assert outcome.failed_steps == 2
    tensors, counters = trainer.state()
    assert tensors.keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in tensors.items())
    assert counters["weight_steps"] == 4  # The words are spent.


@pytest.mark.parametrize("moment", ["forward", "backward"])
def test_a_step_out_of_memory_changes_nothing_but_spends_its_words(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    trainer = make_trainer()
    trainer.train_weights(PATHS)
    before = copy.deepcopy(trainer.supernet.state_dict())

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    with monkeypatch.context() as patch:
        if moment == "forward":  # Behind the backbone, whose statistics have moved by then.
            patch.setattr(trainer.supernet.recogniser.head, "loss", full)
        else:
            patch.setattr(torch.Tensor, "backward", full)
        outcome = trainer.train_weights(PATHS)
    assert (outcome.failed_steps, outcome.out_of_memory) == (2, 2)
    assert same_state(trainer, before)
    assert trainer.weight_steps.done == 4
    assert math.isfinite(trainer.train_weights(PATHS).loss)
    assert not same_state(trainer, before)


def test_a_path_out_of_memory_does_not_cost_the_others_their_steps(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, alone = make_trainer(), make_trainer()
    loss_of = trainer.supernet.loss

    def full(encoding: list[int], *arguments: object) -> torch.Tensor:
        if encoding == PATHS[0].tolist():
            raise MemoryError
        return loss_of(encoding, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer.supernet, "loss", full)
    outcome = trainer.train_weights(PATHS)
    assert (outcome.failed_steps, outcome.out_of_memory) == (1, 1)
    # As if the first step had not been asked for, but for its words.
    alone.weight_steps.done = 1
    assert outcome.loss == alone.train_weights(PATHS[1:]).loss
    assert same_state(trainer, alone.supernet.state_dict())
    assert trainer.weight_steps.done == 2


@pytest.mark.parametrize("moment", ["words", "step"])
def test_beside_other_processes_a_step_out_of_memory_ends_the_training(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    trainer = make_trainer()
    steps = trainer.weight_steps

    def full(*_: object) -> None:
        raise MemoryError

    alone, group = Alone(), ProcessGroup(Launch(0, 2, 0))
    monkeypatch.setattr(alone, "give_up", group.give_up)
    monkeypatch.setattr(steps, "_group", alone)
    patched = (steps.words, "batch") if moment == "words" else (steps.optimiser, "step")
    monkeypatch.setattr(*patched, full)
    with pytest.raises(TrainerError, match="a weight step of process 0 failed"):
        trainer.train_weights(PATHS)


def test_an_error_that_is_not_of_memory_is_seen(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer()

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(trainer.supernet, "loss", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        trainer.train_weights(PATHS)


def test_the_mean_loss_is_over_the_steps_that_were_made(make_trainer: MakeTrainer) -> None:
    trainer, alone = make_trainer(), make_trainer()
    # Only the second path runs through the spoilt weights: a candidate of its first layer.
    edge, operation = trainer.supernet.route(PATHS[1].tolist())[0]
    with torch.no_grad():
        for parameter in trainer.supernet.candidates(edge)[operation].parameters():
            parameter.fill_(math.nan)
    outcome = trainer.train_weights(PATHS)
    assert outcome.failed_steps == 1
    assert outcome.loss == alone.train_weights(PATHS[:1]).loss


def test_clipping_bounds_the_step(make_trainer: MakeTrainer) -> None:
    """Adadelta's first step is lr * sqrt(eps / (0.1 g^2 + eps)) * g: small for clipped g."""

    def moved(clip_norm: float) -> float:
        trainer = make_trainer(optimiser="adadelta", learning_rate=1.0, clip_norm=clip_norm)
        before = copy.deepcopy(trainer.supernet.state_dict())
        trainer.train_weights(PATHS[:1])
        return max(
            float((value - before[name]).abs().max())
            for name, value in trainer.supernet.named_parameters()
            for value in [value.detach()]
        )

    # With |g| <= 1e-6 the denominator is sqrt(eps): the step is at most |g|.
    assert 0 < moved(1e-6) <= 1.01e-6
    assert moved(5.0) > 1e-4


def test_a_closed_trainer_scores_but_draws_no_more_words(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(workers=2)
    trainer.train_weights(PATHS)
    trainer.close()
    trainer.close()
    assert trainer.evaluate(PATHS[0], 8) is not None
    with pytest.raises(DataError, match="closed"):
        trainer.train_weights(PATHS)
    with pytest.raises(DataError, match="closed"):
        trainer.gate_gradient(PATHS[0], EVERYTHING)


def test_gate_steps_take_fresh_words_and_leave_the_weights(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    before = copy.deepcopy(trainer.supernet.state_dict())
    first, second = (trainer.gate_gradient(PATHS[0], EVERYTHING) for _ in range(2))
    assert first.gradients.shape == (4, 7)
    assert first.loss != second.loss
    assert trainer.gate_steps == 2
    assert trainer.weight_steps.done == 0
    assert same_state(trainer, before)


@pytest.mark.parametrize("name", ["cuda:7", "nonsense", "", "meta", "cpu:3", "mps", "cuda:-1"])
def test_a_device_that_is_not_here_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(TrainerError) as caught:
        resolve_device(name)
    assert repr(name) in str(caught.value)
    assert "choose auto or one of cpu" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_devices_that_are_here() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_cudnn_is_deterministic_on_cuda_and_left_alone_elsewhere() -> None:
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=True, benchmark=True, deterministic=False):
        compute_repeatably(torch.device("cpu"))
        assert (cudnn.benchmark, cudnn.deterministic) == (True, False)
        compute_repeatably(torch.device("cuda:0"))
        assert (cudnn.benchmark, cudnn.deterministic) == (False, True)
