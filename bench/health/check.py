"""The five measures of a supernet, each with its bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.health.gate_probe import STEPS, probe
from bench.health.panel import TAU as TARGET
from bench.health.panel import PanelAgreement, against_panel, read_held
from bench.health.ranking import largest, operation_taus
from bench.health.scales import branch_scales, scale_ratio
from bench.health.words import interval
from bench.records.errors import RecordError
from bench.records.settings import Preset
from bench.run import Run
from bench.running.evaluators.supernet import proxy_score
from bench.supernets.exposure import Exposure, stored_exposure
from searchers.supernet_strategies.strategy import SupernetTrainingSettings
from searchers.supernet_training import SupernetTraining
from spaces import Space
from trainers.trainer import Trainer

#: M1: the commonest operation is trained at most so much more than the rarest.
UPDATES = 1.1
#: M2: the branches of one operation have grown at most so much more than those of another.
SCALES = 1.5
#: M3: of 15 layers with 7 candidates, so many favour the commonest in 97 % of cases by chance.
FAVOURED = 5 / 15
#: M4: how far from 0 a tau may be.
TAU = 0.1
#: M5: of all steps by learning rate, what one path may have.
SHARE = 0.01
#: Paths that are probed, and architectures that are scored, unless told otherwise.
PATHS, ARCHITECTURES = 3, 200


@dataclass(frozen=True)
class Measure:
    """``value`` against ``bound``; ``passed`` is None where it could not be measured.

    ``told`` is a sentence, ``details`` the numbers behind it.
    """

    key: str
    what: str
    value: float | None
    bound: float
    passed: bool | None
    told: str
    details: Mapping[str, Any] | PanelAgreement


def check_supernet(
    preset_name: str,
    preset: Preset,
    seed: int,
    architectures: int = ARCHITECTURES,
    panel: tuple[Path, str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Measure]:
    """All measures of the supernet that the preset starts from.

    With a ``panel``, a file and the name of a part, also how well it ranks that. ``RecordError``
    where the preset starts from none, or of the panel too little is trained.
    """
    start = preset.supernet.start
    if not start:
        raise RecordError(
            f"preset {preset_name} starts from fresh weights: give the file of a supernet"
        )
    training = ("supernet-check", SupernetTraining, SupernetTrainingSettings())
    # First of all: what is wrong with a panel is said at once.
    held = None if panel is None else read_held(*panel, preset.space.load())
    run = Run(training, preset_name, preset, seed)
    rng = np.random.default_rng([seed, *b"supernet check"])
    # What is fresh was never trained, whatever stands beside the file of the rest.
    fresh = bool(run.supernet_start and run.supernet_start.get("fresh"))
    exposure = None if fresh else stored_exposure(start)
    total, done = PATHS * STEPS + architectures + 2 * (len(held.members) if held else 0), 0

    def step(count: int = 1) -> None:
        nonlocal done
        done += count
        progress(done, total)

    try:
        trainer, space = run.trainer, run.space
        paths = _paths(space, exposure, rng)
        updates, share = _trained(exposure, space)
        found = [
            updates,
            _scales(trainer, space),
            _gates(trainer, space, paths, rng, step),
            _ranking(trainer, space, architectures, preset.data.case_sensitive, rng, step),
            share,
        ]
        if held is not None:
            case = preset.data.case_sensitive
            found.append(_agreement(against_panel(trainer, space, held, case, seed, step)))
        return found
    finally:
        run.evaluator.close()


def _agreement(found: PanelAgreement) -> Measure:
    """How well scores rank the architectures of a panel, as a measure with its target."""
    told = (
        f"{interval(found.tau)} over {found.architectures} architectures trained from scratch; "
        f"ahead of {found.best_rival.replace('_', ' ')} by {interval(found.lead)}"
    )
    value = found.tau.value
    return Measure("rank_tau", "rank agreement", value, TARGET, found.reached, told, found)


def _paths(
    space: Space, exposure: Exposure | None, rng: np.random.Generator
) -> list[npt.NDArray[np.int8]]:
    """The path trained most, where that is known, and others drawn uniformly."""
    if space.count_paths() == 1:
        return [space.sample(1, rng)[0, : space.path_length]]
    known = [] if exposure is None else [space.parse_path(exposure.favourite[0])]
    drawn = space.sample(PATHS - len(known), rng)[:, : space.path_length]
    return [*known, *drawn]


def _trained(exposure: Exposure | None, space: Space) -> tuple[Measure, Measure]:
    """M1 and M5."""
    if exposure is None:
        why = "it is not recorded how often what was trained: no exposure beside the file"
        return (
            Measure("updates_ratio", "updates of operations", None, UPDATES, None, why, {}),
            Measure("path_share", "steps on one path", None, SHARE, None, why, {}),
        )
    ratio = exposure.updates_ratio
    path, rate, steps = exposure.favourite
    only = space.count_paths() == 1
    told = "an operation was never trained"
    if ratio is not None:
        told = f"the most trained operation had {ratio:.2f} times the updates of the least"
    return (
        Measure(
            "updates_ratio", "updates of operations", ratio, UPDATES,
            ratio is not None and ratio <= UPDATES, f"{told}, by learning rate",
            {"choices": exposure.choices},
        ),
        Measure(
            "path_share", "steps on one path", rate, SHARE, None if only else rate <= SHARE,
            "the space has one path" if only else
            f"path {path} had {100 * rate:.3g} % of all steps by learning rate, "
            f"{100 * steps:.3g} % by number",
            {"path": path, "share_of_steps": steps, "steps": exposure.steps},
        ),
    )  # fmt: skip


def _scales(trainer: Trainer, space: Space) -> Measure:
    scales = branch_scales(trainer.supernet, space.operations)
    ratio = scale_ratio(scales)
    told = "the branches of an operation have not begun to grow"
    if ratio is not None:
        first, last = (_all_of(scales, end) for end in (max, min))
        told = f"branches of {first} have grown {ratio:.2f} times as far as those of {last}"
    return Measure(
        "scale_ratio", "scales of branches", ratio, SCALES,
        ratio is not None and ratio <= SCALES, told, {"scales": scales},
    )  # fmt: skip


def _all_of(scales: Mapping[str, float], end: Callable[[Iterable[float]], float]) -> str:
    """The operations at one end: entangled ones are branches of the same weights."""
    return ", ".join(name for name, scale in scales.items() if scale == end(scales.values()))


def _gates(
    trainer: Trainer,
    space: Space,
    paths: list[npt.NDArray[np.int8]],
    rng: np.random.Generator,
    step: Callable[[], None],
) -> Measure:
    probes = [probe(trainer, space, path, rng, step) for path in paths]
    shares = [found.most / found.layers for found in probes]
    mean = float(np.mean(shares))
    commonest = ", ".join(
        f"{next(iter(found.favoured))} on {found.most} of {found.layers}" for found in probes
    )
    return Measure(
        "gate_probe", "layers of one mind", mean, FAVOURED, mean <= FAVOURED,
        f"after {STEPS} gate steps with uniform alphas the commonest favourite is {commonest} "
        "layers",
        {
            "paths": [
                {"path": found.path, "layers": found.layers, "favoured": found.favoured}
                for found in probes
            ]
        },
    )  # fmt: skip


def _ranking(
    trainer: Trainer,
    space: Space,
    architectures: int,
    case_sensitive: bool,
    rng: np.random.Generator,
    step: Callable[[int], None],
) -> Measure:
    encodings = space.sample(architectures, rng)
    words = len(trainer.data.evaluation)
    scores: list[float | None] = []
    for at in range(0, architectures, 10):
        batch = encodings[at : at + 10]
        found = trainer.evaluate_many(batch, words)
        scores += [proxy_score(each, case_sensitive) for each in found]
        step(len(batch))
    finite = np.array([score is not None for score in scores])
    known = [score for score in scores if score is not None]
    macs = space.macs(encodings[finite]).tolist()
    taus = operation_taus(space, encodings[finite], known, macs, rng)
    worst = largest(taus)
    details = {
        "taus": taus,
        "architectures": len(known),
        "failed": architectures - len(known),
        "words": words,
        "mean_score": float(np.mean(known)) if known else None,
    }
    if worst is None:
        told = f"no tau can be computed from {len(known)} scores"
        return Measure("operation_tau", "scores by operation", None, TAU, None, told, details)
    name, tau = worst
    # Out of bounds is what is so with its interval: the largest of seven is large by chance.
    inside = tau.low <= TAU and tau.high >= -TAU
    told = (
        f"given MACs, scores follow the number of {name} with a tau of {tau.value:+.2f} "
        f"({tau.low:+.2f} to {tau.high:+.2f}) over {len(known)} architectures"
    )
    return Measure("operation_tau", "scores by operation", tau.value, TAU, inside, told, details)
