"""Studies on a dask cluster: a scheduler and two workers on the loopback, in processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from study_process import (
    PATIENCE,
    SLOW,
    begin_bench,
    begin_study,
    environment,
    kill_session,
    lines_below,
    logs_below,
    processes,
    wait_until,
)

from bench.cli import run as bench
from bench.records.study_file import read_study
from bench.study.plan import DONE, make_plan

pytestmark = pytest.mark.whole


@dataclass(frozen=True)
class Running:
    """A scheduler's address and its workers; each of these has a nanny that begins it again."""

    address: str
    nannies: list[subprocess.Popen[bytes]]

    def options(self) -> list[str]:
        return ["--backend", "dask", "--scheduler", self.address]

    def kill_one_worker(self) -> None:
        """What does the work, below its nanny."""
        nanny = self.nannies[0].pid
        found = processes(lambda parent, session: parent == nanny)
        (worker,) = [pid for pid, command in found.items() if "spawn_main" in command]
        os.kill(worker, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def begin_dask(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    # A folder of its own for each: the study's paths have to mean the same in all of them.
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
            cwd=folder,
            env=environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def begin_cluster(folder: Path, workers: int, threads: int = 1) -> Iterator[Running]:
    address = f"tcp://127.0.0.1:{free_port()}"
    place = address.removeprefix("tcp://").split(":")
    began = [begin_dask(folder / "scheduler", "scheduler", "--host", place[0], "--port", place[1])]
    for number in range(workers):
        own = folder / f"worker{number}"
        began.append(begin_dask(own, "worker", address, "--nthreads", str(threads)))
    try:
        yield Running(address, began[1:])
    finally:
        for process in began:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from begin_cluster(tmp_path_factory.mktemp("cluster"), 2)


@pytest.fixture
def one_worker(tmp_path: Path) -> Iterator[Running]:
    yield from begin_cluster(tmp_path / "cluster", 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "study.toml"
    path.write_text(SLOW)
    return path


@pytest.fixture(scope="module")
def undisturbed(file: Path) -> dict[str, list[dict[str, object]]]:
    out = file.parent / "undisturbed"
    assert bench(["study", str(file), "--out", str(out), "--quiet"]) == 0
    return logs_below(out)


def test_a_worker_of_a_cluster_gives_what_one_process_gives(
    tmp_path: Path,
    one_worker: Running,
    file: Path,
    undisturbed: dict[str, list[dict[str, object]]],
) -> None:
    check_cluster(tmp_path, one_worker, file, undisturbed)


@pytest.mark.slow
def test_a_cluster_gives_what_one_process_gives(
    tmp_path: Path, running: Running, file: Path, undisturbed: dict[str, list[dict[str, object]]]
) -> None:
    check_cluster(tmp_path, running, file, undisturbed)


def check_cluster(
    tmp_path: Path, running: Running, file: Path, undisturbed: dict[str, list[dict[str, object]]]
) -> None:
    # A relative --out, since the workers are in other folders than the study.
    process = begin_study(file, Path("out"), *running.options(), cwd=tmp_path)
    printed, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed, error) == (0, "", "")
    assert logs_below(tmp_path / "out") == undisturbed
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.slow
def test_trainings_from_scratch_are_done_by_a_cluster_too(tmp_path: Path, running: Running) -> None:
    architectures = ["A..B..A..B..B..-555555545514466", "A..B..A..B..B..-211511111111111"]
    settings = ["--set=retraining.epochs=0.25", "--set=retraining.validations=1"]
    given = ["retrain", *architectures, "--preset", "tiny", "--device", "cpu", *settings]
    # A relative --out, since the workers are in other folders.
    process = begin_bench(
        *given, "--out", "models", "--quiet", "--json", *running.options(), cwd=tmp_path
    )
    printed, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, error) == (0, "")
    document = json.loads(printed)
    assert [each["text"] for each in document["models"]] == architectures
    for each in document["models"]:
        card = json.loads((tmp_path / each["model"] / "model.json").read_text())
        assert card["scores"] == each["scores"]
    assert not list((tmp_path / "models").glob(".*"))


@pytest.mark.slow
def test_a_killed_worker_costs_only_what_it_was_doing(
    tmp_path: Path, running: Running, file: Path, undisturbed: dict[str, list[dict[str, object]]]
) -> None:
    out = tmp_path / "out"
    process = begin_study(file, out, *running.options())
    try:
        wait_until(lambda: lines_below(out) > 100)
        running.kill_one_worker()
        _, error = process.communicate(timeout=PATIENCE)
        assert (process.returncode, error) == (0, "")
    finally:
        kill_session(process)
    assert logs_below(out) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_leave_a_study_that_is_no_more(
    tmp_path: Path,
    running: Running,
    file: Path,
    undisturbed: dict[str, list[dict[str, object]]],
    number: signal.Signals,
) -> None:
    out = tmp_path / "out"
    process = begin_study(file, out, *running.options())
    try:
        wait_until(lambda: lines_below(out) > 100)
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE)
    finally:
        kill_session(process)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert error == f"bench: interrupted: run the same command again to resume {out}\n"
    plan = make_plan(read_study(file), out)
    wait_until(lambda: at_rest(out))
    assert plan.count(DONE) < len(plan.runs)
    assert bench(["study", str(file), "--out", str(out), "--quiet", *running.options()]) == 0
    assert logs_below(out) == undisturbed


def at_rest(folder: Path) -> bool:
    """Nothing is written for a second."""
    before = lines_below(folder)
    try:
        wait_until(lambda: lines_below(folder) != before, 1.0)
    except TimeoutError:
        return True
    return False


def test_what_cannot_work_is_one_line(
    tmp_path: Path, file: Path, refused: Callable[..., str]
) -> None:
    study = ["study", file, "--out", tmp_path / "out", "--quiet"]
    nobody = f"tcp://127.0.0.1:{free_port()}"
    assert f"no dask scheduler answers at {nobody}" in refused(
        *study, "--backend", "dask", "--scheduler", nobody
    )
    assert "expected an address" in refused(*study, "--backend", "dask", "--scheduler", "localhost")
    assert "is for --backend dask" in refused(*study, "--scheduler", nobody)
    assert "needs the address" in refused(*study, "--backend", "dask")


@pytest.mark.slow
def test_a_cluster_without_workers_is_refused(
    tmp_path: Path, file: Path, refused: Callable[..., str]
) -> None:
    for found in begin_cluster(tmp_path / "cluster", 0):
        answer = refused("study", file, "--out", tmp_path / "out", "--quiet", *found.options())
        assert f"the dask scheduler at {found.address} has no workers" in answer


@pytest.mark.slow
def test_a_worker_with_threads_is_refused(
    tmp_path: Path, file: Path, refused: Callable[..., str]
) -> None:
    for found in begin_cluster(tmp_path / "cluster", 1, threads=2):
        answer = refused("study", file, "--out", tmp_path / "out", "--quiet", *found.options())
        assert "start it with --nthreads 1" in answer
        assert not list((tmp_path / "out").rglob("events.jsonl"))


def test_a_worker_that_does_not_see_the_study_says_so(tmp_path: Path) -> None:
    from bench.workers.cluster import Home

    sign = tmp_path / ".seen"
    sign.touch()
    assert Home(tmp_path, sign).trouble() == ""
    assert str(tmp_path / "elsewhere") in Home(tmp_path / "elsewhere", sign).trouble()
    assert f"does not see the command's {tmp_path}:" in Home(tmp_path, tmp_path / ".no").trouble()
    assert "install the same" in Home(tmp_path, sign, "0.0.0").trouble()
