"""Proxy scores of random architectures: how far apart they are, and how much of it is noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

import numpy as np

from bench.records.settings import Preset
from bench.run import Run
from bench.running.evaluators.supernet import proxy_score
from searchers.supernet_strategies.strategy import SupernetTrainingSettings
from searchers.supernet_training import SupernetTraining
from trainers.errors import TrainerError


@dataclass(frozen=True)
class Scored:
    """One architecture; ``score`` is None where the network's output was not finite."""

    text: str
    score: float | None
    words: int


def score_architectures(
    preset_name: str,
    preset: Preset,
    count: int,
    seed: int,
    path: str | None,
    images: int | None,
    progress: Callable[[int, int], None],
) -> list[Scored]:
    """Word accuracy on search_val of ``count`` random architectures with inherited weights."""
    training = ("supernet-score", SupernetTraining, SupernetTrainingSettings())
    run = Run(training, preset_name, preset, seed)
    encodings = run.space.sample(count, np.random.default_rng(seed))
    if path is not None:
        # Operations stay those drawn: uniform in the free space, where every operation is allowed.
        encodings[:, : run.space.path_length] = run.space.parse_path(path)
        encodings = encodings[run.space.is_valid(encodings)]
    words = run.trainer.data.evaluation
    words = words if images is None else words.first(images)
    scored = []
    for done, architecture in enumerate(run.space.architectures(encodings), start=1):
        encoding = run.space.encode([architecture])[0]
        found = run.trainer.score(encoding, words)
        score = proxy_score(found, preset.data.case_sensitive)
        scored.append(Scored(architecture.text, score, len(words)))
        progress(done, len(encodings))
    return scored


def spread(scored: Sequence[Scored]) -> dict[str, float | int]:
    """Mean, deviation, range; and the deviation that is left without the noise of finite words.

    A score is a share of n words: its own variance is p (1 - p) / n, which is taken off the
    variance between architectures.
    """
    scores = [s.score for s in scored if s.score is not None]
    if not scores:
        raise TrainerError("no architecture gave finite numbers: the supernet is damaged")
    words = scored[0].words
    noise = fmean(p * (1 - p) / words for p in scores)
    between = pvariance(scores) * len(scores) / max(1, len(scores) - 1)
    low, median, high = np.quantile(scores, [0.1, 0.5, 0.9])
    return {
        "architectures": len(scores),
        "failed": len(scored) - len(scores),
        "words": words,
        "mean": fmean(scores),
        "standard deviation": math.sqrt(between),
        "of which not noise": math.sqrt(max(0.0, between - noise)),
        "minimum": min(scores),
        "10 % quantile": float(low),
        "median": float(median),
        "90 % quantile": float(high),
        "maximum": max(scores),
    }


def histogram(scores: Sequence[float], width: int = 40) -> str:
    """Bars of text, one for each 5 % of word accuracy that occurs."""
    counts, edges = np.histogram(scores, bins=20, range=(0.0, 1.0))
    used = np.flatnonzero(counts)
    scale = width / max(1, int(counts.max(initial=1)))
    return "\n".join(
        f"{edges[i]:.2f} - {edges[i + 1]:.2f}  {counts[i]:4d}  {'#' * math.ceil(counts[i] * scale)}"
        for i in range(used.min(initial=20), used.max(initial=-1) + 1)
    )
