"""REINFORCE: the reward and baseline of the published code, and whether it learns."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fake_trainer import drive, problem

from searchers.base import Evaluate, Evaluated, Failure, Problem, TrainWeights
from searchers.gradient.reinforce import MovingMean, Reward, SampleRound
from searchers.proxyless import Proxyless, ProxylessSettings
from spaces import load_space


def make(seed: int = 0, of: Problem | None = None, **settings: object) -> Proxyless:
    chosen = {
        "estimator": "reinforce",
        "reinforce_samples": 4,
        "warmup_share": 0.0,
        "weight_steps_per_architecture_step": 1,
    }
    made = ProxylessSettings(**{**chosen, **settings})
    return Proxyless(of or problem(2_000), made, np.random.default_rng(seed))


def open_round(searcher: Proxyless) -> list[Evaluate]:
    """The evaluations of the next architecture step."""
    assert isinstance(searcher.ask()[0], TrainWeights)
    work = searcher.ask(100)
    assert all(isinstance(one, Evaluate) for one in work)
    return work


def test_the_reward_is_that_of_the_published_code() -> None:
    reward = Reward(-0.1, 450e6)
    assert reward.value(0.8, 450e6) == pytest.approx(0.8)
    assert reward.value(0.8, 225e6) == pytest.approx(0.8 * 2**0.1)
    assert Reward(0.0, 450e6).value(0.3, 1e6) == 0.3


def test_the_baseline_starts_at_the_first_mean_and_moves_by_its_rate() -> None:
    baseline = MovingMean(0.99)
    assert baseline.move(0.5) == 0.5
    assert baseline.move(1.0) == pytest.approx(0.995)


def test_a_round_forgets_failures_and_begins_anew() -> None:
    round_ = SampleRound(3)
    round_.told = [(5, 0.5), (6, None), (7, 0.1)]
    assert round_.missing == 0
    indices, scores = round_.close()
    assert indices == [5, 7]
    assert scores.tolist() == [0.5, 0.1]
    assert round_.missing == 3


@pytest.mark.parametrize("path", ["ABABB", "joint"])
def test_a_step_makes_better_samples_likelier_and_worse_ones_less(path: str) -> None:
    made = make(path=path, learning_rate=0.01, reinforce_exponent=0.0)
    work = open_round(made)
    graph = made._graph

    def log_p() -> np.ndarray:
        rows = made.problem.space.encode([one.architecture for one in work])
        edges = graph.edges_of(rows[:, : graph.path_length])
        p = made._learned.probabilities[edges, rows[:, graph.path_length :]]
        return np.log(p).sum(1) + made._learned.paths.log_probability(edges)

    before = log_p()
    made.tell(
        [Evaluated(one, score) for one, score in zip(work, [1.0, 0.0, 0.5, 0.5], strict=True)]
    )
    gained = log_p() - before
    assert gained[0] > 0 > gained[1]
    assert gained.argmax() == 0
    assert gained.argmin() == 1


def test_equal_rewards_teach_nothing_about_operations() -> None:
    made = make(reinforce_exponent=0.0)
    work = open_round(made)
    before = made._learned.state_dict()["alpha"]
    made.tell([Evaluated(one, 0.5) for one in work])
    np.testing.assert_allclose(made._learned.state_dict()["alpha"], before, atol=1e-9)


def test_at_equal_scores_cheaper_architectures_gain() -> None:
    made = make(reinforce_exponent=-0.5, learning_rate=0.02)
    start = made.status()["expected_macs"]
    for _ in range(80):
        made.tell([Evaluated(one, 0.5) for one in open_round(made)])
    assert made.status()["expected_macs"] < 0.9 * start


def test_failures_are_skipped_and_a_failed_round_changes_nothing() -> None:
    made = make()
    before = made._learned.state_dict()
    made.tell([Failure(one, "made up") for one in open_round(made)])
    assert made._learned.state_dict() == before
    # The round is over: weight steps come next.
    work = open_round(made)
    assert len(work) == 4
    results = [Evaluated(one, 0.2 * number) for number, one in enumerate(work[:3])]
    made.tell([*results, Failure(work[3], "made up")])
    assert made._learned.state_dict() != before
    assert all(np.isfinite(value) for value in made.status().values())


def test_a_round_asked_one_by_one_equals_one_asked_at_once() -> None:
    at_once, one_by_one = make(), make()
    work = open_round(at_once)
    at_once.tell([Evaluated(one, 0.1 * number) for number, one in enumerate(work)])
    one_by_one.ask()
    for number, expected in enumerate(work):
        (found,) = one_by_one.ask(1)
        assert found == expected
        # The state between ask and tell is the state of the round.
        twin = make(seed=5)
        twin.load_state_dict(json.loads(json.dumps(one_by_one.state_dict())))
        twin.tell([Evaluated(found, 0.1 * number)])
        one_by_one.tell([Evaluated(found, 0.1 * number)])
        assert twin.state_dict() == one_by_one.state_dict()
    assert one_by_one.state_dict() == at_once.state_dict()


def test_it_finds_the_planted_operation() -> None:
    """Scores of the fake trainer are highest with operation 4 on every layer."""
    of = Problem(load_space("autostr"), 200_000, 8, 32)
    made = make(of=of, learning_rate=0.1, reinforce_exponent=0.0, reinforce_samples=10)
    drive(made, 60_000)
    operations = np.asarray(made.recommend().encoding[15:])
    assert np.abs(operations - 4).mean() < 0.6
    # Drawn uniformly they would be 1.86 away.
    assert np.abs(np.arange(7) - 4).mean() > 1.8
