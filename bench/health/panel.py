"""A supernet's scores held against trainings from scratch: does it rank as they do?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.comparison.answers import plain
from bench.errors import RecordError
from bench.evaluators.supernet import proxy_score
from bench.models.origin import Architectures
from bench.panel.file import Panel, read_panel
from bench.panel.rows import Row, read_rows
from bench.panel.training import recipes_of
from bench.statistics.answers import Estimate, Floats, NotComputable
from bench.statistics.ranking import kendall_tau, seed_ceiling, tau_lead, tau_without_noise
from bench.statistics.slopes import slope
from bench.statistics.top_k import regret_at_k, top_k_precision
from spaces import Space
from trainers.models.zero_cost import zero_cost
from trainers.trainer import Trainer

Answer = Estimate | NotComputable
#: Fewer rank next to nothing.
SMALLEST = 6
#: Of the best by proxy that would be trained to the end.
TOP = (3, 10)
#: What supernets are asked for, and its lower bound; how far the best trivial one has to be behind.
TAU, TAU_LOW, LEAD = 0.70, 0.60, 0.10
PROXIES = ("accuracy", "one_ned")
RIVALS = ("macs", "params", "gradient_norm", "snip")


@dataclass(frozen=True)
class Member:
    """An architecture of a panel: its final scores by seed, and what is known without training."""

    text: str
    finals: tuple[float, ...]
    macs: int
    params: int

    @property
    def final(self) -> float:
        """Mean over seeds."""
        return float(np.mean(self.finals))


def members_of(panel: Panel, part: str) -> tuple[list[Member], int]:
    """Those of a part of which all seeds are trained, in the order of its file; how many are not.

    ``RecordError`` where fewer than ``SMALLEST`` are.
    """
    rows: dict[str, Row] = {row.recipe: row for row in read_rows(panel.table)}
    found, missing = [], 0
    for text, recipes in recipes_of(panel, panel.part(part)).items():
        trained = [rows[recipe] for recipe in recipes if recipe in rows]
        if len(trained) < len(recipes):
            missing += 1
            continue
        finals = tuple(row.test_accuracy for row in trained)
        found.append(Member(text, finals, trained[0].macs, trained[0].params))
    if len(found) < SMALLEST:
        raise RecordError(
            f"panel {panel.path}: of part {part} {len(found)} architectures are trained, expected "
            f"{SMALLEST}: `bench panel {panel.path}` goes on"
        )
    return found, missing


def against_panel(
    trainer: Trainer,
    space: Space,
    path: Path,
    part: str,
    case_sensitive: bool,
    seed: int,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Rank agreement of each predictor with the final scores, and what the supernet overrates.

    The panel's preset has to be of the same space as the trainer's supernet.
    """
    panel = read_panel(path)
    members, missing = members_of(panel, part)
    n = len(members)
    predicted = _scores(trainer, space, members, case_sensitive, lambda done: step(done, 2 * n))
    predicted |= {
        "macs": np.array([float(member.macs) for member in members]),
        "params": np.array([float(member.params) for member in members]),
        **_untrained(trainer, panel, members, lambda done: step(n + done, 2 * n)),
    }
    final = np.array([member.final for member in members])

    def draws(what: str) -> np.random.Generator:
        return np.random.default_rng([seed, *f"panel {what}".encode()])

    taus = {key: kendall_tau(values, final, draws("tau")) for key, values in predicted.items()}
    rival = max(RIVALS, key=lambda key: _value(taus[key]))
    proxy = predicted[PROXIES[0]]
    finals = [member.finals for member in members]
    several = min(map(len, finals)) > 1
    one_seed = NotComputable("one seed an architecture", n=n)
    operations = space.encode([space.parse(member.text) for member in members])
    counts = {
        name: (operations[:, space.path_length :] == code).sum(axis=1)
        for code, name in enumerate(space.operations)
    }
    top = [k for k in TOP if 2 * k <= n]
    return {
        "panel": str(path),
        "part": part,
        "architectures": n,
        "not_trained_yet": missing,
        "words": len(trainer.data.evaluation),
        "taus": {key: plain(tau) for key, tau in taus.items()},
        "ceiling": plain(seed_ceiling(finals, draws("ceiling")) if several else one_seed),
        "tau_without_noise": plain(
            tau_without_noise(taus[PROXIES[0]], finals) if several else one_seed
        ),
        "best_rival": rival,
        "lead": plain(tau_lead(proxy, predicted[rival], final, draws("lead"))),
        "top_k": {str(k): plain(top_k_precision(proxy, final, k, draws("top"))) for k in top},
        "regret": {str(k): plain(regret_at_k(proxy, final, k, draws("regret"))) for k in top},
        "slopes": {
            name: plain(slope(count, proxy - final, draws("slope")))
            for name, count in counts.items()
        },
        "points": [
            {
                "architecture": member.text,
                "finals": list(member.finals),
                **{key: float(values[place]) for key, values in predicted.items()},
            }
            for place, member in enumerate(members)
        ],
    }


def reached(found: Mapping[str, Any]) -> bool:
    """Whether the target is: tau, its lower end, and the lead over the best rival."""
    tau, lead = found["taus"][PROXIES[0]], found["lead"]
    return bool(
        tau["estimate"] is not None
        and lead["estimate"] is not None
        and tau["estimate"] >= TAU
        and tau.get("low", -1.0) >= TAU_LOW
        and lead["estimate"] >= LEAD
    )


def _value(answer: Answer) -> float:
    return -2.0 if answer.value is None else answer.value


def _scores(
    trainer: Trainer,
    space: Space,
    members: Sequence[Member],
    case_sensitive: bool,
    step: Callable[[int], None],
) -> dict[str, Floats]:
    """Word accuracy and 1-NED with inherited weights; 0 where the output is not finite."""
    encodings = space.encode([space.parse(member.text) for member in members])
    words = len(trainer.data.evaluation)
    accuracy, one_ned = [], []
    for at in range(0, len(members), 10):
        for scores in trainer.evaluate_many(encodings[at : at + 10], words):
            accuracy.append(proxy_score(scores, case_sensitive) or 0.0)
            one_ned.append(0.0 if scores is None else scores.one_ned_case_insensitive)
        step(len(accuracy))
    return {"accuracy": np.array(accuracy), "one_ned": np.array(one_ned)}


def _untrained(
    trainer: Trainer, panel: Panel, members: Sequence[Member], step: Callable[[int], None]
) -> dict[str, Floats]:
    """Both zero-cost measures, on the first batch of training words."""
    find = Architectures(panel.preset, panel.set)
    batch = trainer.data.search_train.batch(0)
    found = []
    for done, member in enumerate(members, 1):
        described = find.find(member.text).description
        found.append(zero_cost(described, 0, trainer.device, batch.images, batch.labels))
        step(done)
    return {
        key: np.array([0.0 if each is None else getattr(each, key) for each in found])
        for key in ("gradient_norm", "snip")
    }
