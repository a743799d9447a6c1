"""What a teacher adds to a weight step, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spaces.networks.normalisation import UpdatingStatistics
from trainers.cost import Cost, Pricer, teachers_of
from trainers.errors import TrainerError
from trainers.settings import RecogniserSettings
from trainers.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
#: Three columns of a path, four operations; 7 is the teacher's.
PUPIL = np.array([0, 1, 2, 0, 1, 3, 0, 4], np.int8)
TEACHER = np.array([0, 1, 2, 0, 7, 7, 7, 7], np.int8)


def taught(make_trainer: MakeTrainer, share: float, **settings: object) -> Trainer:
    return make_trainer(default_operations=("residual",), teaching=share, **settings)


def said(trainer: Trainer, row: np.ndarray, images: torch.Tensor) -> torch.Tensor:
    """Log-posteriors with batch statistics, nothing remembered."""
    norm = UpdatingStatistics()
    recogniser = trainer.supernet.recogniser
    features = recogniser.encode(images, trainer.supernet.backbone(row.tolist(), norm), norm)
    norm.undo()
    return F.log_softmax(recogniser.head.classify(features), -1)


def test_the_loss_is_mixed_with_the_distance_from_the_teacher(make_trainer: MakeTrainer) -> None:
    trainer, plain = taught(make_trainer, 0.25), taught(make_trainer, 0.0)
    images = torch.from_numpy(trainer.data.search_train.batch(0).images)
    with torch.no_grad():
        target, own = said(trainer, TEACHER, images), said(trainer, PUPIL, images)
    distance = float((target.exp() * (target - own)).sum()) / len(images)
    loss = plain.train_weights(PUPIL[None]).loss
    assert distance > 0.01
    assert trainer.train_weights(PUPIL[None]).loss == pytest.approx(
        0.75 * loss + 0.25 * distance, rel=1e-5
    )


def test_the_teacher_is_not_changed_by_teaching(make_trainer: MakeTrainer) -> None:
    trainer = taught(make_trainer, 0.5)
    before = {name: value.clone() for name, value in trainer.supernet.state_dict().items()}
    trainer.train_weights(PUPIL[None])
    after = trainer.supernet.state_dict()
    own = [name for name in before if name.startswith("default_blocks.")]
    assert own
    assert all(torch.equal(after[name], before[name]) for name in own)
    # Of what both pass, running statistics have moved once, by the pupil's batch.
    plain = taught(make_trainer, 0.0)
    plain.train_weights(PUPIL[None])
    for name, value in plain.supernet.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(after[name], value, msg=name)


def test_it_has_a_plain_step_of_its_own(make_trainer: MakeTrainer) -> None:
    trainer, plain = taught(make_trainer, 0.5), taught(make_trainer, 0.0)
    assert trainer.train_weights(TEACHER[None]).loss == plain.train_weights(TEACHER[None]).loss
    for name, value in plain.supernet.state_dict().items():
        assert torch.equal(trainer.supernet.state_dict()[name], value), name


def test_a_pupil_comes_to_say_what_its_teacher_says(make_trainer: MakeTrainer) -> None:
    trainer = taught(make_trainer, 1.0, words=16)
    trainer.train_weights(np.repeat(TEACHER[None], 100, 0))
    images = torch.from_numpy(trainer.data.search_train.batch(0).images)

    def agreement() -> float:
        with torch.no_grad():
            own, target = said(trainer, PUPIL, images), said(trainer, TEACHER, images)
        return float((own.argmax(-1) == target.argmax(-1)).float().mean())

    before = agreement()
    trainer.train_weights(np.repeat(PUPIL[None], 100, 0))
    assert agreement() > max(0.8, before)


def test_the_teachers_pass_is_billed(make_trainer: MakeTrainer) -> None:
    network = taught(make_trainer, 0.5).supernet.network
    rows = np.stack([PUPIL, TEACHER, PUPIL])
    plain = Pricer(network, 8, 16).train_weights(rows)
    assert (teachers_of(rows, 4, 7) == TEACHER).all()
    extra = 2 * 8 * int(network.macs(TEACHER[None])[0])
    assert Pricer(network, 8, 16, teacher=7).train_weights(rows) == plain + Cost(16, 0, extra)


def test_who_cannot_teach_is_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(TrainerError, match=r"^teaching 0.5 .*without the operation .*: set .*$"):
        make_trainer(teaching=0.5)
    with pytest.raises(TrainerError, match=r"^teaching 0.5 with a head that is not CTC: set .*$"):
        taught(make_trainer, 0.5, recogniser=RecogniserSettings(head="attention"))
