"""What supernets are trained on: who is drawn how often, and when."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from searchers.base import Problem
from searchers.errors import SearcherError
from searchers.supernet_strategies.grown import Grown
from searchers.supernet_strategies.neutral import Neutral
from searchers.supernet_strategies.strategy import SupernetTrainingSettings
from searchers.supernet_strategies.uniform import Uniform
from searchers.supernet_training import SupernetTraining
from spaces import load_space

SPACE = load_space("autostr")
DEFAULT = len(SPACE.operations)
BASE = "ABABB-111111111111111"


def problem(max_macs: int | None = None, name: str = "autostr") -> Problem:
    return Problem(
        space=load_space(name),
        budget_images=3_200,
        images_per_step=32,
        images_per_evaluation=10,
        max_macs=max_macs,
    )


def neutral(base: float = 0.1, widening: float = 0.4) -> Neutral:
    settings = SupernetTrainingSettings("neutral", base_share=base, widening_share=widening)
    return Neutral(problem(), settings)


def kinds(rows: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which layers change the shape, and which have left the base."""
    return rows[:, :15] != 0, rows[:, 15:] != DEFAULT


def test_neutral_begins_with_the_default_operation_on_any_path() -> None:
    rows = neutral().draw(500, 0.05, np.random.default_rng(0))
    assert (rows[:, 15:] == DEFAULT).all()
    assert len(np.unique(rows[:, :15], axis=0)) > 480


def test_neutral_ends_uniform() -> None:
    rows = neutral().draw(2_000, 0.5, np.random.default_rng(0))
    assert SPACE.is_valid(rows).all()
    counts = np.bincount(rows[:, 15:].ravel(), minlength=7) / rows[:, 15:].size
    assert np.abs(counts - 1 / 7).max() < 0.01


def test_neutral_lets_layers_that_change_the_shape_leave_one_at_a_time() -> None:
    # A quarter of the way: half of those that keep the shape have left, one other in half of all.
    changes, left = kinds(neutral().draw(2_000, 0.2, np.random.default_rng(0)))
    assert left[~changes].mean() == pytest.approx(0.5, abs=0.02)
    strided = (left & changes).sum(axis=1)
    assert strided.max() == 1
    assert strided.mean() == pytest.approx(0.5, abs=0.04)
    # Three quarters: all of the former, of the latter one and each other one in half of all.
    changes, left = kinds(neutral().draw(2_000, 0.4, np.random.default_rng(0)))
    assert left[~changes].all()
    strided = (left & changes).sum(axis=1)
    assert strided.min() == 1
    assert strided.mean() == pytest.approx(1 + 4 * 0.5, abs=0.06)


def test_neutral_trains_every_operation_alike_at_every_moment() -> None:
    rng = np.random.default_rng(0)
    for progress in (0.15, 0.3, 0.45, 0.9):
        drawn = neutral().draw(4_000, progress, rng)[:, 15:]
        counts = np.bincount(drawn[drawn != DEFAULT], minlength=7)
        assert counts.max() / counts.min() < 1.12


def test_neutral_needs_a_default_operation() -> None:
    with pytest.raises(SearcherError, match="space strnas has no default operation residual"):
        Neutral(problem(name="strnas"), SupernetTrainingSettings("neutral"))


def test_grown_leaves_its_base() -> None:
    settings = SupernetTrainingSettings("grown", BASE, base_share=0.1, widening_share=0.4)
    grown = Grown(problem(), settings)
    base = SPACE.encode([SPACE.parse(BASE)])[0]
    rng = np.random.default_rng(0)
    assert (grown.draw(20, 0.05, rng) == base).all()
    half = grown.draw(4_000, 0.3, rng)
    assert (half[:, :15] == base[:15]).all(axis=1).mean() == pytest.approx(0.5, abs=0.03)
    assert (half[:, 15:] == base[15:]).mean() == pytest.approx(0.5 + 0.5 / 7, abs=0.02)
    assert (grown.draw(4_000, 0.6, rng)[:, 15:] == base[15:]).mean() == pytest.approx(
        1 / 7, abs=0.02
    )


def test_uniform_keeps_the_cap() -> None:
    cap = 40_000_000
    rows = Uniform(problem(cap), SupernetTrainingSettings()).draw(
        200, 0.0, np.random.default_rng(0)
    )
    assert (SPACE.macs(rows) <= cap).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"strategy": "grown"}, "needs a base architecture"),
        ({"strategy": "neutral", "base": BASE}, f'no use for base {BASE}: .*, set base to ""'),
        ({"favourite_share": 0.5}, "'uniform' has no use for favourite_share 0.5: .* to 0.0"),
        ({"base_share": 1.5}, "expected 0 to 1"),
        (
            {"base_share": 0.1, "widening_share": 0.2},
            "no use for base_share 0.1 and widening_share 0.2: .*, set base_share to 0.0 and wid",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict, said: str) -> None:
    with pytest.raises(SearcherError, match=said):
        SupernetTraining(problem(), SupernetTrainingSettings(**settings), np.random.default_rng(0))


def test_a_training_goes_on_as_if_nothing_had_been() -> None:
    settings = SupernetTrainingSettings("neutral", base_share=0.1, widening_share=0.4)
    whole = SupernetTraining(problem(), settings, np.random.default_rng(3))
    asked = [work for _ in range(10) for work in whole.ask()]
    half = SupernetTraining(problem(), settings, np.random.default_rng(3))
    first = [work for _ in range(4) for work in half.ask()]
    resumed = SupernetTraining(problem(), settings, np.random.default_rng(4))
    resumed.load_state_dict(half.state_dict())
    assert [*first, *(work for _ in range(6) for work in resumed.ask())] == asked
    assert whole.ask() == []
    assert SupernetTraining.default_operations(settings) == ("residual",)


def test_a_random_search_of_the_same_seed_draws_other_architectures() -> None:
    # What it proposes would else be what its supernet was trained on, in the same order.
    settings = SupernetTrainingSettings("uniform")
    training = SupernetTraining(problem(), settings, np.random.default_rng(5))
    works = [training.ask()[0] for _ in range(10)]
    trained = {each.text for work in works for each in work.architectures}  # type: ignore[union-attr]
    assert len(trained) == 100
    drawn = SPACE.sample(100, np.random.default_rng(5))
    assert trained.isdisjoint(SPACE.texts(drawn))
