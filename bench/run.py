"""One run from preset to result: puts the rooms together and calls the runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bench.records.errors import PresetError
from bench.records.events import read_log
from bench.records.limits import Limits
from bench.records.manifest import (
    Manifest,
    SpaceNamed,
    continued_elsewhere,
    hardware,
    identity_hash,
    versions,
)
from bench.records.result import Recommendation, RunCost, RunResult
from bench.records.run_folder import RunFolder
from bench.records.settings import (
    LATER_HYPERPARAMETERS,
    Preset,
    settings_as_dict,
    with_budget,
    without_off,
)
from bench.records.work_folder import WorkFolder
from bench.running.arithmetic import (
    compute_as_begun,
    count_of_threads,
    kernels_name,
    own_arithmetic,
)
from bench.running.evaluators.base import Evaluator, RefereeScores
from bench.running.evaluators.building import build_evaluator
from bench.running.evaluators.cache import CachedEvaluator, EvaluationCache
from bench.running.ledger import peak_accelerator_bytes, peak_memory_bytes
from bench.running.problem import Caps, Chosen, SearcherChoice
from bench.running.referee import Referee
from bench.running.runner import Runner, WorkReport
from bench.running.said import recommended
from bench.running.said import tables as tables_of
from spaces.cache import cache_folder

if TYPE_CHECKING:
    from trainers.data_splits import RenderProgress
    from trainers.scoring_pool import ScoringPool
    from trainers.trainer import Trainer

#: Kinds of work that say something of an architecture.
SCORING = ("evaluate", "gate_gradient")


class Run:
    """A searcher on a preset with a seed, in a folder.

    Building it reads the data and the supernet; ``execute`` does the work, evaluations in
    ``workers`` processes.
    """

    def __init__(
        self,
        searcher: SearcherChoice,
        preset_name: str,
        preset: Preset,
        seed: int,
        caps: Caps | None = None,
        render_progress: RenderProgress | None = None,
        workers: int = 1,
    ) -> None:
        if workers > 1 and preset.run.evaluator != "supernet":
            raise PresetError(
                f"--workers {workers} with run.evaluator = {preset.run.evaluator}, which computes "
                "next to nothing: leave out --workers"
            )
        self.seed = seed
        self.workers = workers
        caps = Caps.of(preset.run) if caps is None else caps
        chosen = Chosen.of(searcher, preset)
        # Built first for what it refuses: before words are rendered.
        self.searcher = chosen.build(preset, seed, caps)
        self.name = chosen.name
        self.space = self.searcher.problem.space
        self.built = build_evaluator(
            preset, self.space, seed, chosen.default_operations, render_progress
        )
        self.supernet_start = self.built.supernet_start
        known = self.searcher.problem
        read = (self.built.images_per_evaluation, self.built.epoch_images or known.epoch_images)
        if read != (known.images_per_evaluation, known.epoch_images):
            # A small split has fewer words than the preset asks for.
            self.searcher = chosen.build(preset, seed, caps, *read)
        self.preset = preset = with_budget(preset, self.searcher.problem.budget_images)
        self.pool: ScoringPool | None = None
        self.cache: EvaluationCache | None = None
        self.evaluator: Evaluator = self.built.evaluator
        if preset.run.evaluation_cache and preset.run.evaluator == "supernet":
            self.cache = EvaluationCache(cache_folder() / "evaluations")
            self.evaluator = CachedEvaluator(self.built.evaluator, self.cache)
        identity = {
            **known_identity(chosen, preset, seed, caps),
            "data": self.built.data_hashes,
            "supernet": self.supernet_start and self.supernet_start["hash"],
        }
        self.manifest = Manifest(
            identity=identity,
            identity_hash=identity_hash(identity),
            preset_name=preset_name,
            retraining=settings_as_dict(preset.retraining),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            space=SpaceNamed(self.space.name, self.space.settings()),
            data=self.built.data,
            supernet_start=self.supernet_start,
            versions=versions(),
            hardware=self._hardware(),
        )

    @property
    def trainer(self) -> Trainer:
        """What trains the supernet; ``PresetError`` for a run without a supernet."""
        if self.built.trainer is None:
            raise PresetError(
                f"run.evaluator = {self.preset.run.evaluator} trains nothing: choose supernet"
            )
        return self.built.trainer

    @own_arithmetic()
    def execute(
        self,
        folder: Path,
        report: Callable[[WorkReport], None] = lambda _: None,
        stop_requested: Callable[[], bool] = lambda: False,
        referee: bool = True,
    ) -> RunResult:
        """Run, or resume, or return the result of a run that is complete."""
        opened = RunFolder(folder, self.manifest)
        try:
            with opened.work.at_work():
                known = opened.result()
                if known is not None:
                    return msgspec.structs.replace(known, run_dir=str(folder))
                self._compute_as_begun(opened.work)
                limits = Limits.of(self.preset.run)
                looking = self._referee() if referee else None
                runner = Runner(
                    self.searcher,
                    self.evaluator,
                    looking,
                    opened,
                    limits,
                    report,
                    stop_requested,
                    self._lost,
                )
                reason = runner.run(continued_elsewhere(opened.work.manifest, self.manifest))
                result = self._result(folder, runner, reason)
                opened.write_result(result)
                return result
        finally:
            self.evaluator.close()

    def _hardware(self) -> dict[str, Any]:
        """With several workers, also how many threads an evaluation has: they share the run's."""
        found = hardware(self.evaluator.device)
        if self.built.trainer is not None:
            found["kernels"] = kernels_name(found["device"], self.preset.trainer.precision)
        if self.workers == 1:
            return found
        threads = max(1, found["torch_threads"] // self.workers)
        return {**found, "processes": self.workers, "evaluation_threads": threads}

    def _compute_as_begun(self, folder: WorkFolder) -> None:
        """Compute as the run was begun: another number of threads adds up in another order.

        How many processes evaluate, this call alone decides.
        """
        if self.built.trainer is None or self.built.recipe is None:
            return
        import torch

        from bench.running.evaluators.supernet import SupernetEvaluator
        from trainers.scoring_pool import ScoringPool

        begun = folder.manifest.hardware
        compute_as_begun(begun)
        threads = count_of_threads(begun.get("evaluation_threads"), torch.get_num_threads())
        if self.workers > 1:
            self.pool = ScoringPool(
                self.built.trainer, self.built.recipe, folder.path, threads, self.workers
            )
        if isinstance(self.built.evaluator, SupernetEvaluator):
            self.built.evaluator.share(threads, self.pool)

    def _referee(self) -> Referee:
        # Off cache and ledger: no run may see what the referee has read.
        return Referee(self.built.evaluator, self.preset.run.referee_samples, self.seed)

    def _result(self, folder: Path, runner: Runner, reason: str) -> RunResult:
        found = recommended(self.searcher)
        tables, broken = tables_of(self.searcher)
        row = self.space.encode([found])
        last = runner.looks[-1] if runner.looks else None
        return RunResult(
            run_dir=str(folder),
            searcher=self.name,
            seed=self.seed,
            ended=reason,
            recommendation=Recommendation(
                text=found.text,
                index=found.index,
                macs=int(self.space.macs(row)[0]),
                params=int(self.space.params(row)[0]),
                **{each.name: getattr(last, each.name, None) for each in fields(RefereeScores)},
            ),
            cost=self._cost(runner),
            proposals=runner.proposals.counts(),
            warnings=[*runner.warned, *broken, *self._trouble(runner)],
            tables=tables,
            trajectory=runner.looks,
        )

    def _cost(self, runner: Runner) -> RunCost:
        """The run's own costs, and with the supernet that it started from: private, sunk."""
        own = runner.ledger.total.images
        before = int((self.supernet_start or {}).get("images", 0))
        return RunCost(
            **msgspec.structs.asdict(runner.ledger.billed()),
            images_sunk=own,
            images_private=own + before,
            supernet_images_before=before,
            peak_memory_bytes=peak_memory_bytes(),
            peak_accelerator_bytes=peak_accelerator_bytes(self.evaluator.device),
        )

    def _trouble(self, runner: Runner) -> list[str]:
        """What the harness itself has to say."""
        replay = self.built.data.get("replay")
        if replay is not None:
            left_out = replay["predicted_left_out"]
            besides = f" ({left_out} predicted ones are left out)" if left_out else ""
            return [
                f"scores are replayed from {replay['evaluations']} recorded evaluations{besides}; "
                f"others are predicted, with an error of {replay['surrogate_error']:.3f} and "
                f"Kendall tau {replay['surrogate_kendall_tau']:.2f} on held-out records"
            ]
        found = [text for split in self.built.data.values() for text in split.get("warnings", ())]
        found.extend(self.built.evaluator.warnings())
        # A supernet's training has no referee, and recommends nothing.
        if runner.looks and runner.ledger.by_kind.keys() <= {"train_weights"}:
            paid = "weight steps only" if runner.ledger.by_kind else "nothing"
            found.append(
                f"the budget paid for {paid}: no architecture was looked at, and what is "
                "recommended was chosen by nothing; raise run.budget_images"
            )
        elif runner.looks and (failed := _all_scoring_failed(runner)) is not None:
            found.append(f"{failed}: what is recommended was chosen by nothing")
        return found

    def _lost(self) -> list[str]:
        """What cache and other processes could not do, in this process."""
        parts = (self.cache, self.pool)
        return [part.trouble for part in parts if part is not None and part.trouble]


def _all_scoring_failed(runner: Runner) -> str | None:
    """That they did, with the first reason; None where one of them told something.

    A searcher need not evaluate: gate steps tell of architectures, too.
    """
    ledger = runner.ledger
    if ledger.failures < max(1, ledger.total.evaluations):
        return None  # Without reading the log, which may be long.
    told = [event for event in read_log(runner.folder.events) if event.kind in SCORING]
    if not told or any(event.result.failure is None for event in told):
        return None
    evaluated = any(event.kind == "evaluate" for event in told)
    lacking = "evaluation gave a score" if evaluated else "gate step gave a gradient"
    return f"no {lacking} ({told[0].result.failure})"


def known_identity(chosen: Chosen, preset: Preset, seed: int, caps: Caps) -> dict[str, Any]:
    """What makes it this run, as far as it is known before data and supernet are read."""
    return {
        "searcher": chosen.name,
        "searcher_source": chosen.source_hash(),
        "hyperparameters": _hyperparameters(chosen),
        "seed": seed,
        **asdict(caps),
        "latency": chosen.latency and identity_hash(settings_as_dict(chosen.latency)),
        "preset": _without_bookkeeping(preset),
    }


def _hyperparameters(chosen: Chosen) -> dict[str, Any]:
    """The searcher's settings; a plug-in's may be called like any of ours, and are left alone."""
    settings = asdict(chosen.settings)
    ours = chosen.source_hash() is None
    return without_off(settings, LATER_HYPERPARAMETERS) if ours else settings


def _without_bookkeeping(preset: Preset) -> dict[str, Any]:
    """The preset as identity: where data lie and how often is saved do not matter."""
    plain = settings_as_dict(preset)
    for section in ("description", "searcher", "supernet_recipe", "retraining"):
        del plain[section]
    for key in ("checkpoint_seconds", "evaluation_cache", "latency_table", "replay"):
        del plain["run"][key]
    # Beside the preset, since there are other ways to give them.
    for key in ("max_macs", "max_params"):
        del plain["run"][key]
    for split in ("search_train", "search_val", "test", "workers"):
        del plain["data"][split]
    # The log is checked when a run is resumed: another device may not compute the same.
    del plain["supernet"]["start"], plain["trainer"]["device"]
    for section in ("trainer", "supernet"):
        plain[section] = without_off(plain[section])
    # Limits that are not set: runs from before them do not have the keys, and stay what they were.
    for axis in ("epochs", "macs", "evaluations", "seconds"):
        if not plain["run"][f"budget_{axis}"]:
            del plain["run"][f"budget_{axis}"]
    return plain
