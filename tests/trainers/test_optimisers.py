"""Learning rates as functions of the step."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from trainers.optimisers import build_optimiser, learning_rate
from trainers.settings import TrainerSettings


def test_constant() -> None:
    settings = TrainerSettings(learning_rate=0.3)
    assert {learning_rate(settings, step) for step in (0, 1, 10_000)} == {0.3}


def test_warm_up_is_linear_and_ends() -> None:
    settings = TrainerSettings(learning_rate=1.0, warmup_steps=4)
    rates = [learning_rate(settings, step) for step in range(6)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


def test_cosine_falls_to_one_per_cent_and_stays() -> None:
    settings = TrainerSettings(learning_rate=2.0, schedule="cosine", schedule_steps=100)
    rates = [learning_rate(settings, step) for step in range(130)]
    assert rates[0] == pytest.approx(2.0)
    assert rates[50] == pytest.approx(2.0 * 0.505)
    assert rates[100:] == pytest.approx([0.02] * 30)
    assert all(a > b for a, b in pairwise(rates[:101]))


def test_cosine_with_warm_up() -> None:
    plain = TrainerSettings(schedule="cosine", schedule_steps=100)
    warm = TrainerSettings(schedule="cosine", schedule_steps=100, warmup_steps=10)
    assert learning_rate(warm, 4) == pytest.approx(0.5 * learning_rate(plain, 4))
    assert learning_rate(warm, 60) == learning_rate(plain, 60)


def test_adadelta_is_that_of_the_paper() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    settings = TrainerSettings(optimiser="adadelta", learning_rate=1.0, weight_decay=0.1)
    optimiser = build_optimiser([parameter], settings)
    parameter.grad = torch.tensor([1.0, 2.0, 0.0])
    optimiser.step()
    gradient = torch.tensor([1.0, 2.0, 0.0]) + 0.1
    expected = 1 - (1e-6 / (0.1 * gradient**2 + 1e-6)) ** 0.5 * gradient
    torch.testing.assert_close(parameter.detach(), expected)


def test_adamw_moves_by_the_learning_rate_at_first() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    optimiser = build_optimiser([parameter], TrainerSettings(learning_rate=0.01))
    parameter.grad = torch.tensor([1.0, -2.0, 5.0])
    optimiser.step()
    torch.testing.assert_close(parameter.detach(), 1 - 0.01 * parameter.grad.sign())
