"""Supernets of several seeds as pieces of work, each trained once, wherever they lie."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.workers.pools import Stop
from bench.workers.rounds import Ended, attempt


@dataclass(frozen=True)
class SupernetSpec:
    """One supernet to train: everything a worker on another machine needs to do it.

    It lies in ``folder``, by default where all of one working directory are shared.
    """

    preset: str
    overrides: tuple[str, ...]
    seed: int
    folder: Path | None = None
    half: bool = False

    @property
    def command(self) -> str:
        """What trains this one alone."""
        words = ["bench", "supernet", "train", "--preset", self.preset, "--seed", str(self.seed)]
        for override in self.overrides:
            words += ["--set", override]
        return shlex.join(words)


def train_supernet(spec: SupernetSpec, stop: Stop) -> Ended[SupernetSpec, str]:
    """Train it, or find it trained; the result is the path of its file."""

    def begin() -> Callable[[], str]:
        from bench.presets import load_preset
        from bench.supernets.store import FOLDER, obtain_supernet, supernet_file
        from bench.supernets.training import SupernetJob

        job = SupernetJob(spec.preset, load_preset(spec.preset, spec.overrides), spec.seed)
        out = supernet_file(job, spec.preset, spec.seed, spec.folder or FOLDER)
        if spec.half:
            out = out.with_stem(f"{out.stem}-half")
        return lambda: str(
            obtain_supernet(job, out, spec.command, stop_requested=stop, half=spec.half).resolve()
        )

    return attempt(spec, begin, stop)
