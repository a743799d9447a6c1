"""Files cut or changed at any byte: a run recovers, or says in one line what is wrong.

On the made-up landscape a run takes milliseconds. Every byte gets its turn in the slow tests, which
go through all searchers, and a sample of them here; what the real trainer keeps is sampled.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch

import bench.records.settings
import bench.run
from bench.cli import run as command
from bench.presets import load_preset
from bench.records.documents import plain
from bench.records.errors import Interrupted
from bench.records.event_log import read_events, without_time
from bench.records.settings import Preset
from bench.run import Run
from bench.running.problem import Chosen
from searchers import SEARCHERS
from spaces import load_space
from spaces.errors import InputError
from trainers.errors import TrainerError
from trainers.state import METADATA_KEY, read_tensors, write_tensors

sys.path.insert(0, str(Path(__file__).parent))

from run_child import without_clocks

KILOBYTE = 1024
SYNTHETIC = ("run.evaluator=synthetic", "run.budget_images=200", "run.referee_points=2")


@dataclass(frozen=True)
class Files:
    """What a run left on disk: log, checkpoint, table, result; None for what is not there."""

    log: bytes | None
    checkpoint: bytes | None
    table: bytes | None
    result: bytes | None

    NAMES = ("events.jsonl", "checkpoint/state.safetensors", "incumbents.csv", "result.json")

    @classmethod
    def of(cls, folder: Path) -> Files:
        paths = [folder / name for name in cls.NAMES]
        return cls(*(path.read_bytes() if path.exists() else None for path in paths))

    def write(self, folder: Path) -> None:
        contents = (self.log, self.checkpoint, self.table, self.result)
        for name, content in zip(self.NAMES, contents, strict=True):
            if content is None:
                (folder / name).unlink(missing_ok=True)
            else:
                (folder / name).write_bytes(content)


@dataclass(frozen=True)
class Scene:
    """A run that was stopped: its log goes on for some events after its last checkpoint."""

    choice: Any
    preset: Preset
    folder: Path
    stopped: Files
    events: list[dict[str, Any]]
    complete: Files
    result: dict[str, Any]

    def resume(self, files: Files) -> str:
        """Whether a run with these files comes out as it should; ``named`` is a one-line error."""
        files.write(self.folder)
        try:
            result = Run(self.choice, "tiny", self.preset, 0).execute(self.folder)
        except InputError as error:
            message = str(error)
        else:
            message = ""
        if message:
            assert "\n" not in message
            assert str(self.folder) in message
            return "named"
        assert without_clocks(plain(result)) == self.result
        assert self.logged() == self.events
        assert (self.folder / "incumbents.csv").read_bytes() == self.complete.table
        return "recovered"

    def logged(self) -> list[dict[str, Any]]:
        return [without_time(event) for event in read_events(self.folder / "events.jsonl")]


def run_until(choice: Any, preset: Preset, folder: Path, events: int) -> None:
    """Stop the run, with a checkpoint, when it has written so many events more, at the latest."""
    done: list[object] = []
    run = Run(choice, "tiny", preset, 0)
    with pytest.raises(Interrupted):
        run.execute(folder, report=done.append, stop_requested=lambda: len(done) >= events)


def make_scene(
    searcher: str, folder: Path, overrides: tuple[str, ...], first: int = 2, more: int = 2
) -> Scene:
    """Checkpoint after ``first`` events, log of ``more`` beyond it."""
    preset = load_preset("tiny", list(overrides))
    chosen = Chosen.of(searcher, preset)
    choice = (chosen.name, chosen.kind, chosen.settings)
    run_until(choice, preset, folder, first)
    checkpoint = Files.of(folder).checkpoint
    run_until(choice, preset, folder, more)
    now = Files.of(folder)
    undisturbed = folder.with_name(f"{folder.name}-undisturbed")
    result = Run(choice, "tiny", preset, 0).execute(undisturbed)
    return Scene(
        choice,
        preset,
        folder,
        Files(now.log, checkpoint, now.table, None),
        [without_time(event) for event in read_events(undisturbed / "events.jsonl")],
        Files.of(undisturbed),
        without_clocks(plain(result)),
    )


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """What is the same for all runs here is computed once, and nothing waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.records.settings, "load_space", lru_cache(load_space))
        patch.setattr(bench.run, "hardware", lru_cache(bench.run.hardware))
        patch.setattr(bench.run, "versions", lru_cache(bench.run.versions))
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def cuts(content: bytes | None, step: int) -> Iterator[bytes]:
    """The content cut at every ``step``-th byte of its last kilobyte, and to nothing."""
    assert content is not None
    for missing in range(1, min(KILOBYTE, len(content)) + 1, step):
        yield content[:-missing]
    yield b""


def flips(content: bytes | None, n: int, seed: int = 0) -> Iterator[bytes]:
    """The content with one byte changed, at ``n`` random places."""
    assert content is not None
    places = random.Random(seed)
    for _ in range(n):
        changed = bytearray(content)
        changed[places.randrange(len(content))] ^= places.randrange(1, 256)
        yield bytes(changed)


def check_cuts(scene: Scene, step: int) -> None:
    """A cut file costs time, nothing else."""
    stopped, complete = scene.stopped, scene.complete
    assert scene.resume(stopped) == "recovered"
    for log in cuts(stopped.log, step):
        assert scene.resume(replace(stopped, log=log)) == "recovered"
    for checkpoint in cuts(stopped.checkpoint, step):
        assert scene.resume(replace(stopped, checkpoint=checkpoint)) == "recovered"
    assert scene.resume(replace(stopped, checkpoint=None)) == "recovered"
    # A run that had ended: its result stands for a log that is no longer whole.
    for log in cuts(complete.log, step):
        assert scene.resume(replace(complete, log=log)) == "recovered"


def check_flips(scene: Scene, n: int) -> None:
    """A changed byte is found: in a checkpoint it costs time, in a log a line may be lost."""
    stopped = scene.stopped
    for checkpoint in flips(stopped.checkpoint, n):
        assert scene.resume(replace(stopped, checkpoint=checkpoint)) == "recovered"
    outcomes = Counter(
        scene.resume(replace(stopped, log=log)) for log in flips(stopped.log, n, seed=1)
    )
    assert outcomes["named"] > 0


@pytest.mark.parametrize(
    ("searcher", "step"), [("random", 64), pytest.param("evolution", 32, marks=pytest.mark.slow)]
)
def test_cut_files(searcher: str, step: int, tmp_path: Path) -> None:
    check_cuts(make_scene(searcher, tmp_path / "run", SYNTHETIC), step)


@pytest.mark.parametrize(
    ("searcher", "step", "n"),
    [("proxyless", 256, 15), pytest.param("random", 128, 50, marks=pytest.mark.slow)],
)
def test_changed_bytes(searcher: str, step: int, n: int, tmp_path: Path) -> None:
    scene = make_scene(searcher, tmp_path / "run", SYNTHETIC)
    check_cuts(scene, step)
    check_flips(scene, n)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("searcher", sorted(SEARCHERS))
def test_cut_at_every_byte_and_changed_at_200(searcher: str, tmp_path: Path) -> None:
    # Few images, but as many as this searcher needs for all kinds of work.
    budget = {"autostr": 640}.get(searcher, 200)
    overrides = (*SYNTHETIC, f"run.budget_images={budget}")
    scene = make_scene(searcher, tmp_path / "run", overrides)
    check_cuts(scene, step=1)
    check_flips(scene, n=200)


def test_every_byte_of_a_file_of_tensors_counts(tmp_path: Path) -> None:
    """What a run does without a usable checkpoint, the others show; each byte can make it one."""
    path = tmp_path / "file"
    tensors = {"a": torch.arange(9.0), "b/c": torch.ones(3, 2).half(), "n": torch.tensor(7)}
    start_of_hash = b'"blake2b":"'
    write_tensors(path, tensors, {"text": f'{start_of_hash.decode()}{"0" * 32}"', "n": [1, 2.5]})
    whole = path.read_bytes()
    assert read_tensors(path)[1]["n"] == [1, 2.5]
    entry = whole.index(start_of_hash)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        damaged = [whole[:place], bytes(changed)]
        # If only the entry of the hash has changed, the rest is as it was.
        for content in damaged[: 1 if entry <= place < entry + len(start_of_hash) + 32 else 2]:
            path.write_bytes(content)
            with pytest.raises(TrainerError, match="is damaged or not a file of this project"):
                read_tensors(path)


def test_files_without_a_hash_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save

    path = tmp_path / "older.safetensors"
    path.write_bytes(save({"a": torch.ones(3)}, {METADATA_KEY: '{"n": 1}'}))
    tensors, metadata = read_tensors(path)
    assert metadata == {"n": 1}
    assert tensors["a"].tolist() == [1, 1, 1]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A run of the real trainer, stopped."""
    folder = tmp_path_factory.mktemp("real") / "run"
    return make_scene("random", folder, ("run.budget_images=120", "run.referee_points=1"), 1, 1)


@pytest.mark.parametrize(
    "damage",
    [
        "log cut",
        "checkpoint cut",
        pytest.param("no checkpoint", marks=pytest.mark.slow),
        "flipped weight",
        pytest.param("flipped header", marks=pytest.mark.slow),
    ],
)
def test_files_of_the_real_trainer(real: Scene, damage: str) -> None:
    stopped = real.stopped
    assert stopped.log is not None
    assert stopped.checkpoint is not None
    header = 8 + int.from_bytes(stopped.checkpoint[:8], "little")
    # A low bit of a number in the middle of the weights: still finite, still a weight.
    place = {"flipped weight": (header + len(stopped.checkpoint)) // 8 * 4}.get(damage, 4000)
    changed = bytearray(stopped.checkpoint)
    changed[place] ^= 1
    damaged = {
        "log cut": replace(stopped, log=stopped.log[:-100]),
        "checkpoint cut": replace(stopped, checkpoint=stopped.checkpoint[:-500]),
        "no checkpoint": replace(stopped, checkpoint=None),
    }.get(damage, replace(stopped, checkpoint=bytes(changed)))
    assert real.resume(damaged) == "recovered"


@pytest.mark.slow
def test_many_damages_of_the_real_trainer(real: Scene) -> None:
    stopped = real.stopped
    for log in cuts(stopped.log, 128):
        assert real.resume(replace(stopped, log=log)) == "recovered"
    for checkpoint in (*cuts(stopped.checkpoint, 64), *flips(stopped.checkpoint, 40)):
        assert real.resume(replace(stopped, checkpoint=checkpoint)) == "recovered"


def test_another_runs_checkpoint_is_not_continued(tmp_path: Path) -> None:
    one = make_scene("random", tmp_path / "one", SYNTHETIC)
    other = make_scene("proxyless", tmp_path / "other", SYNTHETIC)
    assert one.resume(replace(one.stopped, checkpoint=other.stopped.checkpoint)) == "recovered"
    foreign = replace(one.stopped, log=other.stopped.log)
    assert one.resume(foreign) == "named"


def test_a_changed_time_is_no_other_run_and_a_missing_one_is_named(tmp_path: Path) -> None:
    scene = make_scene("random", tmp_path / "run", SYNTHETIC)
    stopped, old = scene.stopped, b'"ask": '
    assert stopped.log is not None
    later = stopped.log.rindex(old)
    log = stopped.log[:later] + b'"ask": 9' + stopped.log[later + len(old) :]
    assert scene.resume(replace(stopped, log=log)) == "recovered"
    log = stopped.log[:later] + b'"axe": ' + stopped.log[later + len(old) :]
    assert scene.resume(replace(stopped, log=log)) == "named"


def test_damage_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    arguments = ["run", "--searcher", "random", "--preset", "tiny", "--out", str(folder), "--quiet"]
    for override in SYNTHETIC:
        arguments += ["--set", override]
    assert command(arguments) == 0
    capsys.readouterr()
    for name, content, says in (
        ("result.json", b"[1]", "result.json is damaged (not an object): delete it and run again"),
        ("result.json", b"{", "result.json is damaged"),
        ("run.json", b"{", "run.json is not the manifest of a run"),
    ):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(content)
        assert command(arguments) == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1
        assert says in captured.err
        (folder / name).write_bytes(whole)
    log = folder / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"score"', b'"store"', 1))
    assert command(arguments) == 2
    assert "repeating the work gave another" in capsys.readouterr().err
