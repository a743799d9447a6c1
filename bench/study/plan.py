"""From a study to its runs: what there is to do, what is done, what it will cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.presets import load_preset
from bench.records.documents import plain
from bench.records.errors import RecordError
from bench.records.manifest import Manifest, read_manifest
from bench.records.result import StoredResult
from bench.records.run_folder import EVENTS, read_result
from bench.records.settings import Preset, settings_as_dict, with_start
from bench.records.study_file import Arm, StudyFile
from bench.records.study_roll import Planned, planned_runs
from bench.records.work_folder import CHECKPOINT, difference
from bench.running.problem import Caps, Chosen
from searchers.finding import find_searcher
from trainers.settings import RetrainingSettings

#: States of a run folder.
DONE, BEGUN, MISSING = "done", "begun", "missing"


@dataclass(frozen=True)
class RunSpec:
    """One run of a study: everything a worker on another machine needs to do it."""

    arm: str
    searcher: str
    seed: int
    supernet_seed: int | None
    preset: str
    overrides: tuple[str, ...]
    caps: Caps
    folder: Path
    #: The trained supernet to start from instead of the preset's, once there is one.
    start: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return Planned(self.arm, self.supernet_seed, self.seed).title

    def result(self) -> StoredResult | None:
        """What it came to; None where it has none, or one that is damaged: that is not done."""
        try:
            return read_result(self.folder)
        except (OSError, RecordError):
            return None

    def load(self) -> Preset:
        """The run's preset, overrides and supernet applied."""
        preset = load_preset(self.preset, self.overrides, find_searcher(self.searcher))
        return with_start(preset, self.start) if self.start else preset

    @property
    def state(self) -> str:
        """``done``, ``begun`` or ``missing``, by what lies in the folder."""
        if self.result() is not None:
            return DONE
        begun = (self.folder / EVENTS).exists() or (self.folder / CHECKPOINT).exists()
        return BEGUN if begun else MISSING


@dataclass(frozen=True)
class Plan:
    """All runs of a study, in the order in which they are begun: seed by seed."""

    study: StudyFile
    folder: Path
    preset: Preset
    runs: tuple[RunSpec, ...]

    @property
    def trains_supernets(self) -> bool:
        """Whether supernets have to exist before the runs."""
        return bool(self.study.supernet_seeds) and self.preset.run.evaluator == "supernet"

    def count(self, state: str) -> int:
        """Number of runs in a state."""
        return sum(run.state == state for run in self.runs)

    def outlook(self, arm: str) -> Outlook:
        """What an arm's runs that are not done will take, by those that are."""
        own = [run for run in self.runs if run.arm == arm]
        done = [run for run in own if run.state == DONE]
        # A replay's clock shows what the recorded runs took.
        replayed = self.preset.run.evaluator == "replay"
        seconds = [] if replayed else [s for run in done if (s := _seconds(run)) is not None]
        return Outlook(arm, len(own) - len(done), tuple(seconds))


@dataclass(frozen=True)
class Outlook:
    """Runs of an arm that are left, and the seconds that each done one was measured to take."""

    searcher: str
    left: int
    measured: tuple[float, ...]

    @property
    def seconds_left(self) -> float | None:
        """Work that is left, at the mean of what was measured; None where nothing was."""
        return self.left * fmean(self.measured) if self.measured else None


def make_plan(study: StudyFile, folder: Path) -> Plan:
    """The plan, every searcher and setting checked by making one of each."""
    preset = load_preset(study.preset, study.shared_set)
    caps = Caps.of(preset.run)
    trains = bool(study.supernet_seeds) and preset.run.evaluator == "supernet"
    if trains and not preset.supernet_recipe.images:
        raise RecordError(
            f"study {study.name} has supernet_seeds but preset {study.preset} no recipe to "
            "train one by: set supernet_recipe.images, or leave supernet_seeds out"
        )
    if study.endpoint == "final" and preset.run.evaluator != "supernet":
        raise RecordError(
            f"study {study.name} has endpoint final and evaluator {preset.run.evaluator}, which "
            'reads no words: nothing can be trained from scratch; set endpoint = "shared"'
        )
    arms = {arm.name: arm for arm in study.all_arms}
    # Arms vary fastest: an interrupted study has complete blocks.
    runs = [
        _spec(study, arms[each.searcher], preset, caps, folder, each)
        for each in planned_runs(study)
    ]
    for run in runs[: len(study.all_arms)]:
        loaded = run.load()
        if Caps.of(loaded.run) != caps:
            raise RecordError(
                f"study {study.name}: arm {run.arm} sets a cap of its own, and runs under other "
                "caps cannot be compared: set run.max_macs and run.max_params for all arms"
            )
        Chosen.of(run.searcher, loaded).build(loaded, run.seed, caps)
    refuse_other_runs(runs, trained=study.endpoint == "final")
    return Plan(study, folder, preset, tuple(runs))


def refuse_other_runs(runs: Iterable[RunSpec], trained: bool) -> None:
    """``RecordError`` if a folder holds a run with other settings than the study has now.

    ``trained``: what the runs recommend is trained from scratch, so these settings count as well.
    """
    # Here, since a plan that is only shown needs none of it.
    from bench.run import known_identity

    for run in runs:
        manifest = read_manifest(run.folder)
        if manifest is None:
            continue
        preset = run.load()
        wanted = known_identity(Chosen.of(run.searcher, preset), preset, run.seed, run.caps)
        # As JSON, since that is how the other was kept.
        wanted = plain(wanted)
        known = {key: manifest.identity.get(key) for key in wanted}
        if preset.run.budget_epochs:
            # What it came to is known where the words were read.
            wanted, known = map(_without_images, (wanted, known))
        if known != wanted:
            raise RecordError(
                f"{run.folder} holds another run ({difference(known, wanted)}): give the changed "
                "study another name or --out, or delete the folder"
            )
        if trained:
            _refuse_other_trainings(run, preset, manifest)


def _refuse_other_trainings(run: RunSpec, preset: Preset, manifest: Manifest) -> None:
    """``RecordError`` if the run's recommendation would be trained otherwise than the study says.

    How it is trained is no part of what a run is, so the run stays what it was begun with.
    """
    if manifest.retraining is None:
        return  # Trained by the preset of today, since an older version did not keep it.
    wanted = settings_as_dict(preset.retraining)
    # Settings that came later are at their defaults there.
    known = {**settings_as_dict(RetrainingSettings()), **manifest.retraining}
    if known != wanted:
        what = difference({"retraining": known}, {"retraining": wanted})
        raise RecordError(
            f"{run.folder} holds a run whose recommendation is trained otherwise ({what}): set it "
            "as it was, or give the changed study another name or --out"
        )


def _without_images(identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity without the images of its budget."""
    preset = dict(identity.get("preset") or {})
    run = {key: value for key, value in preset.get("run", {}).items() if key != "budget_images"}
    return {**identity, "preset": {**preset, "run": run}}


def _seconds(run: RunSpec) -> float | None:
    """What a done run took of trainer, searcher and referee; None where it does not say."""
    result = run.result()
    return None if result is None else result.cost.seconds.total + result.cost.seconds.referee


def _spec(
    study: StudyFile,
    arm: Arm,
    preset: Preset,
    caps: Caps,
    folder: Path,
    planned: Planned,
) -> RunSpec:
    overrides = [*study.shared_set, *arm.set]
    if planned.supernet_seed is not None and preset.run.evaluator == "synthetic":
        overrides.append(f"landscape.seed={planned.supernet_seed}")
    return RunSpec(
        arm.name,
        arm.searcher,
        planned.seed,
        planned.supernet_seed,
        study.preset,
        tuple(overrides),
        caps,
        planned.folder(folder),
    )
