"""A supernet's scores held against trainings from scratch: does it rank as they do?"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

from bench.models.origin import Architectures
from bench.panel.file import Panel, read_panel
from bench.panel.rows import Row, read_rows
from bench.panel.training import recipes_of
from bench.presets import load_preset
from bench.records.errors import RecordError
from bench.running.evaluators.supernet import proxy_score
from bench.statistics.answers import Answer, Estimate, Floats, NotComputable
from bench.statistics.ranking import kendall_tau, seed_ceiling, tau_lead, tau_without_noise
from bench.statistics.slopes import slope
from bench.statistics.top_k import regret_at_k, top_k_precision
from spaces import Space
from trainers.metrics import WordScores
from trainers.models.zero_cost import zero_cost
from trainers.trainer import Trainer

#: Fewer rank next to nothing.
SMALLEST = 6
#: Of the best by proxy that would be trained to the end.
TOP = (3, 10)
#: What supernets are asked for, and its lower bound; how far the best trivial one has to be behind.
TAU, TAU_LOW, LEAD = 0.70, 0.60, 0.10
#: ``log_likelihood``: of the labels, in nats a character.
PROXIES = ("accuracy", "one_ned", "log_likelihood")
RIVALS = ("macs", "params", "gradient_norm", "snip")
#: Mean rank by word accuracy and by multiply-adds: what both know together.
BOTH = "accuracy_and_macs"


@dataclass(frozen=True)
class PanelMember:
    """An architecture of a panel: its final scores by seed, and what is known without training."""

    text: str
    finals: tuple[float, ...]
    macs: int
    params: int

    @property
    def final(self) -> float:
        """Mean over seeds."""
        return float(np.mean(self.finals))


@dataclass(frozen=True)
class Held:
    """Part ``part`` of a panel, its members in the order of its file; ``missing`` has too few
    trainings.
    """

    panel: Panel
    part: str
    members: tuple[PanelMember, ...]
    missing: int


@dataclass(frozen=True)
class Halves:
    """The proxy that is ``best`` on every other architecture, and each one's tau on ``rest``."""

    best: str
    chosen_on: Mapping[str, Answer]
    rest: Mapping[str, Answer]


@dataclass(frozen=True)
class PanelAgreement:
    """How predictors rank ``architectures`` of a panel beside their final scores.

    ``taus`` are by predictor, ``top_k`` and ``regret`` by k, ``slopes`` by operation; ``lead`` is
    over the ``best_rival``, ``adds_to_macs`` that of ``BOTH`` over multiply-adds alone: with an
    interval above 0 the supernet knows something that the size does not tell. ``points`` has each
    architecture with its ``finals`` and predictions.
    """

    panel: str
    part: str
    architectures: int
    not_trained_yet: int
    not_finite: int
    words: int
    taus: Mapping[str, Answer]
    ceiling: Answer
    tau_without_noise: Answer
    best_rival: str
    halves: Halves | NotComputable
    lead: Answer
    adds_to_macs: Answer
    top_k: Mapping[int, Answer]
    regret: Mapping[int, Answer]
    slopes: Mapping[str, Answer]
    points: Sequence[Mapping[str, Any]]

    @property
    def tau(self) -> Answer:
        """Of the word accuracy with inherited weights."""
        return self.taus[PROXIES[0]]

    @property
    def reached(self) -> bool:
        """Whether the target is: tau, its lower end, and the lead over the best rival."""
        tau, lead = self.tau, self.lead.value
        near = isinstance(tau, Estimate) and tau.value >= TAU and tau.low >= TAU_LOW
        return near and lead is not None and lead >= LEAD


def read_held(path: Path, part: str, space: Space) -> Held:
    """The architectures of a part of which all seeds are trained.

    ``RecordError`` where they are fewer than ``SMALLEST``, or of another space than ``space``.
    """
    panel = read_panel(path)
    chosen = panel.part(part)
    other = load_preset(panel.preset, panel.set).space.load()
    if repr(other) != repr(space):
        raise RecordError(f"panel {path} is of {other}, the supernet of {space}: give its preset")
    rows: dict[str, Row] = {row.recipe: row for row in read_rows(panel.table)}
    found, missing = [], 0
    for text, recipes in recipes_of(panel, chosen).items():
        trained = [rows[recipe] for recipe in recipes if recipe in rows]
        if len(trained) < len(recipes):
            missing += 1
            continue
        finals = tuple(row.test_accuracy for row in trained)
        found.append(PanelMember(text, finals, trained[0].macs, trained[0].params))
    if len(found) < SMALLEST:
        raise RecordError(
            f"panel {path}: of part {part} {len(found)} architectures are trained, expected "
            f"{SMALLEST}: `{shlex.join(['bench', 'panel', str(path)])}` goes on"
        )
    return Held(panel, part, tuple(found), missing)


def against_panel(
    trainer: Trainer,
    space: Space,
    held: Held,
    case_sensitive: bool,
    seed: int,
    step: Callable[[], None] = lambda: None,
) -> PanelAgreement:
    """Rank agreement of each predictor with the final scores, and what the supernet overrates.

    ``step`` is called twice for each architecture.
    """
    members = held.members
    predicted, failed = _scores(trainer, space, members, case_sensitive, step)
    predicted |= {
        "macs": np.array([float(member.macs) for member in members]),
        "params": np.array([float(member.params) for member in members]),
        **_untrained(trainer, held, step),
    }
    predicted[BOTH] = (rankdata(predicted[PROXIES[0]]) + rankdata(predicted["macs"])) / 2.0
    finals = [member.finals for member in members]
    n = len(finals)
    final = np.array([np.mean(scores) for scores in finals])
    proxy = predicted[PROXIES[0]]
    taus = {key: kendall_tau(each, final, _rng(seed, "tau")) for key, each in predicted.items()}
    rival = max(RIVALS, key=lambda key: _value(taus[key]))
    ceiling: Answer = NotComputable("one seed an architecture", n=n)
    freed = ceiling
    if len(finals[0]) > 1:
        ceiling = seed_ceiling(finals, _rng(seed, "ceiling"))
        freed = tau_without_noise(taus[PROXIES[0]], finals)
    top = [k for k in TOP if 2 * k <= n]
    return PanelAgreement(
        panel=str(held.panel.path),
        part=held.part,
        architectures=n,
        not_trained_yet=held.missing,
        not_finite=failed,
        words=len(trainer.data.evaluation),
        taus=taus,
        ceiling=ceiling,
        tau_without_noise=freed,
        best_rival=rival,
        halves=_halves(predicted, final, seed),
        lead=tau_lead(proxy, predicted[rival], final, _rng(seed, "lead")),
        adds_to_macs=tau_lead(predicted[BOTH], predicted["macs"], final, _rng(seed, "lead")),
        top_k={k: top_k_precision(proxy, final, k, _rng(seed, "top")) for k in top},
        regret={k: regret_at_k(proxy, final, k, _rng(seed, "regret")) for k in top},
        slopes=_slopes(space, members, proxy, seed),
        points=[
            {
                "architecture": member.text,
                "finals": member.finals,
                **{key: float(values[place]) for key, values in predicted.items()},
            }
            for place, member in enumerate(members)
        ],
    )


def _halves(predicted: Mapping[str, Floats], final: Floats, seed: int) -> Halves | NotComputable:
    """Which proxy is best on every other architecture, and how well each ranks the rest.

    The tau of a proxy that was chosen for it is too high on what it was chosen on.
    """
    chosen_on, rest = slice(0, None, 2), slice(1, None, 2)
    if len(final[rest]) < SMALLEST:
        reason = f"{len(final)} architectures: expected {2 * SMALLEST} to choose on half of them"
        return NotComputable(reason, n=len(final))
    first, second = (
        {
            key: kendall_tau(predicted[key][half], final[half], _rng(seed, "halves"))
            for key in PROXIES
        }
        for half in (chosen_on, rest)
    )
    return Halves(max(PROXIES, key=lambda key: _value(first[key])), first, second)


def _slopes(
    space: Space, members: Sequence[PanelMember], proxy: Floats, seed: int
) -> dict[str, Answer]:
    """By how much the proxy rises over the final score for one more of each operation."""
    over = proxy - np.array([member.final for member in members])
    encodings = space.encode([space.parse(member.text) for member in members])
    operations = encodings[:, space.path_length :]
    return {
        name: slope((operations == code).sum(axis=1), over, _rng(seed, "slope"))
        for code, name in enumerate(space.operations)
    }


def _rng(seed: int, what: str) -> np.random.Generator:
    return np.random.default_rng([seed, *f"panel {what}".encode()])


def _value(answer: Answer) -> float:
    return -2.0 if answer.value is None else answer.value


def _scores(
    trainer: Trainer,
    space: Space,
    members: Sequence[PanelMember],
    case_sensitive: bool,
    step: Callable[[], None],
) -> tuple[dict[str, Floats], int]:
    """Of the proxies with inherited weights, the least where the output is not finite; how many
    such there are.
    """
    encodings = space.encode([space.parse(member.text) for member in members])
    words = len(trainer.data.evaluation)
    found: list[WordScores | None] = []
    losses: list[float | None] = []
    for at in range(0, len(members), 10):
        found += trainer.evaluate_many(encodings[at : at + 10], words)
        for encoding in encodings[at : at + 10]:
            losses.append(trainer.loss_per_character(encoding, trainer.data.evaluation))
            step()
    accuracy = [proxy_score(scores, case_sensitive) or 0.0 for scores in found]
    one_ned = [0.0 if scores is None else scores.one_ned_case_insensitive for scores in found]
    worst = max((loss for loss in losses if loss is not None), default=0.0)
    likelihood = [-worst if loss is None else -loss for loss in losses]
    failed = sum(scores is None for scores in found)
    by_proxy = zip(PROXIES, (accuracy, one_ned, likelihood), strict=True)
    return {key: np.array(values) for key, values in by_proxy}, failed


def _untrained(trainer: Trainer, held: Held, step: Callable[[], None]) -> dict[str, Floats]:
    """Both zero-cost measures, on the first batch of training words; 0 where they are not finite.

    Networks are those that the panel trains, with the weights that its first seed begins with.
    """
    find = Architectures(held.panel.preset, held.panel.set)
    batch = trainer.data.search_train.batch(0)
    found = []
    for member in held.members:
        described = find.find(member.text).description
        found.append(zero_cost(described, 0, trainer.device, batch.images, batch.labels))
        step()
    return {
        key: np.array([0.0 if each is None else getattr(each, key) for each in found])
        for key in ("gradient_norm", "snip")
    }
