"""Several processes train like one, and end together, whatever ends them."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

import distributed_child
from forked import fork

from bench.cli import run
from bench.records.event_log import read_events, without_time
from trainers.errors import TrainerError
from trainers.launch import VARIABLES, Launch, find_launch
from trainers.state import read_tensors

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
CHILD = Path(distributed_child.__file__)
PROCESSES = 2


def start(*command: str) -> subprocess.Popen[str]:
    """``torchrun`` with two processes on this machine."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={PROCESSES}"]
    return subprocess.Popen(
        [*torchrun, "--standalone", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=500)
    finally:
        process.terminate()
    return process.returncode, output


def train_forked(folder: Path, *cases: str) -> Path:
    """As ``train_cases``, in processes that need not import torch: what torchrun tells them."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(PROCESSES):
        told = (rank, PROCESSES, rank, "localhost", port)
        environment = dict(zip(VARIABLES, map(str, told), strict=True))
        processes.append(fork(distributed_child.main_as, environment, folder, list(cases)))
    try:
        for process in processes:
            process.join(500)
        assert [process.exitcode for process in processes] == [0] * PROCESSES
    finally:
        for process in processes:
            process.kill()
            process.join()
    return folder


def train_cases(folder: Path, *cases: str) -> Path:
    """What ``distributed_child`` leaves."""
    code, output = finish(start(str(CHILD), str(folder), *cases))
    assert code == 0, output
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_forked(tmp_path_factory.mktemp("trained"), "ctc")


@pytest.fixture(scope="module")
def trained_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_cases(tmp_path_factory.mktemp("all"), *distributed_child.CASES, "retrain")


def test_processes_train_like_one(trained: Path) -> None:
    check_like_one(trained, "ctc")


@pytest.mark.slow
@pytest.mark.parametrize("case", distributed_child.CASES)
def test_processes_train_every_network_like_one(trained_all: Path, case: str) -> None:
    check_like_one(trained_all, case)


def check_like_one(trained: Path, case: str) -> None:
    losses, trainer = distributed_child.train(distributed_child.CASES[case])
    tensors, metadata = read_tensors(trained / f"{case}.safetensors")
    assert metadata["losses"] == pytest.approx(losses, rel=1e-7)
    expected, _ = trainer.state()
    assert tensors.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(tensors[name], value, rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.slow
def test_processes_train_from_scratch_like_one(trained_all: Path) -> None:
    losses, weights = distributed_child.retrain()
    tensors, metadata = read_tensors(trained_all / "retrain.safetensors")
    assert metadata["losses"] == pytest.approx(losses, rel=1e-7)
    assert tensors.keys() == weights.keys()
    for name, value in weights.items():
        torch.testing.assert_close(tensors[name], value, rtol=1e-5, atol=1e-6, msg=name)


def test_a_loss_that_is_not_finite_on_one_process_is_skipped_by_all(trained: Path) -> None:
    found = [json.loads((trained / f"spoilt-{rank}.json").read_text()) for rank in range(PROCESSES)]
    assert found[0] == found[1]
    assert found[0]["failed"] == 2
    assert found[0]["unchanged"]
    assert math.isfinite(found[0]["next"])


def test_an_image_that_one_process_cannot_read_is_counted_by_all(trained: Path) -> None:
    expected = distributed_child.told_of_words()
    assert "1 of 16 images could not be decoded" in expected[0][0]
    assert "1 of 24 images could not be decoded" in expected[1][0]
    for rank in range(PROCESSES):
        assert json.loads((trained / f"words-{rank}.json").read_text()) == expected


def train_supernet(out: Path) -> subprocess.Popen[str]:
    often = "--set=run.checkpoint_seconds=0.2"
    command = ["-m", "bench", "supernet", "train", "--preset", "tiny", "--out", str(out)]
    return start(*command, "--quiet", often, "--set=supernet_recipe.images=1600")


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 500
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lines_in(folder: Path) -> int:
    path = folder / "events.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def follower_of(torchrun: subprocess.Popen[str]) -> int:
    """Process id of rank 1."""
    children = Path(f"/proc/{torchrun.pid}/task/{torchrun.pid}/children").read_text().split()
    for child in children:
        if b"RANK=1" in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
            return int(child)
    raise AssertionError(children)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes below /proc")
def test_stopped_then_killed_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    code, output = finish(train_supernet(undisturbed.with_suffix(".safetensors")))
    assert code == 0, output
    folder = tmp_path / "disturbed"
    out = folder.with_suffix(".safetensors")

    stopped = train_supernet(out)
    wait_until(lambda: lines_in(folder) >= 2)
    stopped.send_signal(signal.SIGTERM)
    code, output = finish(stopped)
    assert code != 0
    assert "run the same command again to resume" in output
    done = lines_in(folder)
    _, state = read_tensors(folder / "checkpoint" / "state.safetensors")
    assert state["events"] == done  # Orderly: nothing has to be repeated.

    killed = train_supernet(out)
    wait_until(lambda: lines_in(folder) >= done + 3)
    os.kill(follower_of(killed), signal.SIGKILL)
    code, output = finish(killed)
    assert code != 0
    assert "another process of this training has ended: run the same command" in output
    assert not out.exists()

    code, output = finish(train_supernet(out))
    assert code == 0, output
    logs = [
        [without_time(event) for event in read_events(path / "events.jsonl")]
        for path in (undisturbed, folder)
    ]
    assert logs[0] == logs[1]
    files = [read_tensors(path.with_suffix(".safetensors"))[0] for path in (undisturbed, folder)]
    assert torch.equal(files[0]["parameters"], files[1]["parameters"])


@pytest.fixture
def as_torchrun(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``as_torchrun(rank)``: this process takes itself for one of three."""

    def pretend(rank: int) -> None:
        for name, value in zip(VARIABLES, (rank, 3, rank, "localhost", 29500), strict=True):
            monkeypatch.setenv(name, str(value))

    return pretend


@pytest.mark.parametrize("batch", [8, 3])
def test_a_batch_that_cannot_be_shared_out_is_refused_in_one_line(
    as_torchrun: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    batch: int,
) -> None:
    as_torchrun(0)
    out = str(tmp_path / "s.safetensors")
    settings = ["--preset", "tiny", "--out", out, "--set", f"trainer.batch_images={batch}"]
    assert run(["supernet", "train", *settings]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"bench: trainer.batch_images {batch} on 3 processes: expected ")
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["run", "--searcher", "random"], ["study", "none.toml"]])
def test_other_commands_are_refused_by_the_first_process_for_all(
    as_torchrun: Callable[[int], None], capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    as_torchrun(0)
    assert run(command) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"bench: torchrun started 3 processes, `bench {command[0]}` uses one")
    assert told.count("\n") == 1
    as_torchrun(1)
    with pytest.raises(SystemExit):
        run(command)
    assert capsys.readouterr().err == ""


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "8")  # Clusters set it for their own ends.
    assert find_launch() == Launch(0, 1, 0)


@pytest.mark.parametrize("numbers", [(2, 2, 0), (0, 2, 1), (-1, 2, -1)])
def test_numbers_that_do_not_go_together_are_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(TrainerError, match=r"start the processes with torchrun$"):
        Launch(*numbers)
