"""`bench retrain` of several: each model is the one that the command for it alone makes."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from study_process import PATIENCE, begin_bench, kill_session, session_of, wait_until, workers_of

import trainers.opened_words as words_module
from bench.cli import run as run_bench
from bench.commands.shared.training import default_folder
from bench.commands.shared.workers import parse_seeds
from bench.models.origin import Architectures
from bench.models.retraining import RetrainingJob
from bench.records.errors import Interrupted, PresetError
from bench.records.trouble import known_trouble
from trainers.models.training import ModelTraining

FIRST, SECOND, THIRD = (
    "A..B..A..B..B..-555555545514466",
    "A..B..A..B..B..-211511111111111",
    "..B.....AB.B.A.-224631565153245",
)
SETTINGS = ("retraining.epochs=0.5", "retraining.validations=2", "run.checkpoint_seconds=0")
#: Two steps each, where it does not matter what is trained.
BRIEF = ("retraining.epochs=0.125", "retraining.validations=1", "run.checkpoint_seconds=0")
#: Trainings that take seconds, to be killed.
LONG = ("retraining.epochs=3", "retraining.validations=2", "run.checkpoint_seconds=0")


def options(out: Path, settings: tuple[str, ...] = SETTINGS) -> list[str]:
    given = ["--preset", "tiny", "--device", "cpu", "--out", str(out), "--quiet"]
    return [*given, *(f"--set={text}" for text in settings)]


def settled(folder: Path) -> dict[str, Any]:
    """All that a model folder says but for times, memory and what was typed."""
    card = json.loads((folder / "model.json").read_text())
    del card["document_hash"]
    for key in ("command", "created", "ended"):
        del card["provenance"][key]
    for key in ("seconds", "step_seconds", "peak_memory_bytes"):
        del card["cost"][key]
    return {**card, "curve": (folder / "curve.csv").read_text()}


def models_in(out: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: settled(path.parent) for path in out.glob("*/model.json")}


def times_in(out: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in out.glob("*/model.json")}


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def train_four(out: Path, settings: tuple[str, ...], workers: str) -> Path:
    """Two architectures with two seeds."""
    given = [FIRST, SECOND, "--seeds", "2", "--workers", workers, *options(out, settings)]
    assert run_bench(["retrain", *given]) == 0
    return out


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is to be killed, in the end."""
    return train_four(tmp_path_factory.mktemp("long") / "models", LONG, "2")


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_each_is_the_model_of_the_command_for_it_alone(tmp_path: Path, workers: str) -> None:
    found = models_in(train_four(tmp_path / "models", BRIEF, workers))
    assert len(found) == 4
    for text, seed in ((FIRST, 0), (SECOND, 1)):
        origin = Architectures("tiny", ['trainer.device="cpu"', *BRIEF]).find(text)
        job = RetrainingJob(origin, seed)
        name = default_folder(origin, seed, job.identity_hash).name
        torch.set_num_threads(found[name]["provenance"]["hardware"]["torch_threads"])
        job.train(tmp_path / name, "", lambda at: None, lambda: False)
        assert settled(tmp_path / name) == found[name]


def test_what_is_trained_is_found_by_either_command(
    bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [each for each in options(Path("x"), BRIEF) if each not in ("--out", "x")]
    alone = bench("retrain", FIRST, "--seed", 1, "--json", *given).json["model"]
    before = times_in(Path("results/models"))
    answer = bench("retrain", FIRST, SECOND, "--seeds", "1,", "--json", *given)
    assert answer.json["models"][0]["model"] == alone
    after = times_in(Path("results/models"))
    assert after.items() > before.items()
    for text in (FIRST, SECOND):
        assert bench("retrain", text, "--seed", 1, *given).code == 0
    assert bench("retrain", FIRST, SECOND, "--seed", 1, *given).code == 0
    assert times_in(Path("results/models")) == after


def test_a_list_is_trained_and_told(bench: Callable[..., Any], tmp_path: Path) -> None:
    file, out = tmp_path / "list.txt", tmp_path / "out"
    index = str(Architectures("tiny", []).find(SECOND).label.rpartition("-")[2])
    file.write_text(f"\ufeff# mine\n{FIRST}\n\n  {SECOND}  \n{index}\n")
    answer = bench("retrain", THIRD, "--from", file, "--json", *options(out, BRIEF))
    assert answer.code == 0
    assert answer.err == f"bench: given twice, trained once: {SECOND}, seed 0\n"
    document = answer.json
    assert [each["text"] for each in document["models"]] == [THIRD, FIRST, SECOND]
    assert document["failed"] == []
    for each in document["models"]:
        card = json.loads((Path(each["model"]) / "model.json").read_text())
        assert each == {
            "model": each["model"], "text": card["description"]["text"],
            **{key: card[key] for key in ("params", "seed", "scores", "cost")},
        }  # fmt: skip
        assert 0 < each["cost"]["step_seconds"] <= each["cost"]["seconds"]
    lines = bench("retrain", THIRD, "--from", file, *options(out, BRIEF)).out.splitlines()
    rows = [line for line in lines if line.startswith(("A", "."))]
    assert [row.split()[0] for row in rows] == [THIRD, FIRST, SECOND]
    # Each column begins or ends at one place.
    assert len({row.rindex("tiny-autostr") for row in rows}) == 1
    assert all(Path(out / row.split()[-1] / "model.json").exists() for row in rows)


def test_a_list_comes_from_standard_input_too(
    bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{FIRST}\n")
    with file.open() as given:
        monkeypatch.setattr(sys, "stdin", given)
        answer = bench("retrain", "--from", "-", "--json", *options(tmp_path / "out", BRIEF))
    assert [each["text"] for each in answer.json["models"]] == [FIRST]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{FIRST}\n\nnonsense\n".encode(), "list.txt, line 3: nonsense is no folder of a run"),
        (b"crnn\n", "list.txt, line 1: crnn is a hand-made recogniser"),
        (b"# nothing\n\n", "list.txt lists nothing"),
        (b"\xff\xfe\x00", "list.txt is not UTF-8 text"),
        (b"x" * 5_000, "list.txt, line 1: 'xxxxxxxx"),
        (b"x" * 1_000, "list.txt, line 1: xxxxxxxx"),
        (b"a\0b\n", "list.txt, line 1: 'a\\x00b'"),
        (b"#" * (2**22 + 1), "is larger than 4,194,304 bytes"),
        (None, "list.txt cannot be read (No such file or directory)"),
    ],
)
def test_a_bad_list_is_one_line(
    refused: Callable[..., str], tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "list.txt"
    if content is not None:
        file.write_bytes(content)
    assert said in refused("retrain", "--from", file, *options(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give an architecture, the folder of a run, or --from FILE"),
        ([FIRST, "--seed", "0", "--seeds", "2"], "--seed 0 and --seeds 2: give one of them"),
        ([FIRST, "--seeds", "two"], "expected how many, such as 3, or a list"),
        ([FIRST, SECOND, "--device", "tpu"], "device 'tpu' cannot be used here"),
        ([FIRST, SECOND, "--set", "retraining.batch_images=1"], "raise retraining.batch_images"),
        ([FIRST, "--scheduler", "tcp://localhost:1"], "is for --backend dask"),
        ([FIRST, "--backend", "dask"], "needs the address of its --scheduler"),
    ],
)
def test_nonsense_is_refused_before_anything_is_trained(
    refused: Callable[..., str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    assert said in refused("retrain", *options(tmp_path / "out"), *arguments)
    assert not (tmp_path / "out").exists()


def test_seeds_are_a_number_or_a_list() -> None:
    assert parse_seeds("3") == (0, 1, 2)
    assert parse_seeds("5, 1") == (5, 1)
    assert parse_seeds("7,") == (7,)
    for bad in ("0", "", ",", "1,1", "-1", "1,,2", "2147483648,", "10001", "99999999999"):
        with pytest.raises(PresetError):
            parse_seeds(bad)


def test_a_place_that_is_a_model_s_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    model = tmp_path / "model"
    assert run_bench(["retrain", FIRST, *options(model, BRIEF)]) == 0
    said = refused("retrain", FIRST, SECOND, *options(model))
    assert "is the folder of a model (training.json): with several trainings" in said
    (tmp_path / "file").write_text("")
    assert "is a file" in refused("retrain", FIRST, SECOND, *options(tmp_path / "file"))


def test_torchrun_is_for_one(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0",
        "MASTER_ADDR": "localhost", "MASTER_PORT": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    said = refused("retrain", FIRST, SECOND, *options(tmp_path / "out"))
    assert "give it one architecture and no --from, --seeds or --workers" in said


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_one_that_fails_does_not_stop_the_others(
    bench: Callable[..., Any], tmp_path: Path, workers: str
) -> None:
    origin = Architectures("tiny", ['trainer.device="cpu"', *BRIEF]).find(SECOND)
    name = default_folder(origin, 0, RetrainingJob(origin, 0).identity_hash).name
    foreign = tmp_path / "out" / name
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("mine")
    given = [
        FIRST,
        SECOND,
        THIRD,
        "--workers",
        workers,
        "--json",
        *options(tmp_path / "out", BRIEF),
    ]
    answer = bench("retrain", *given)
    assert answer.code == 1
    assert [each["text"] for each in answer.json["models"]] == [FIRST, THIRD]
    (failed,) = answer.json["failed"]
    assert (failed["text"], failed["seed"]) == (SECOND, 0)
    assert failed["model"] == str(foreign)
    assert "thesis.txt" in failed["reason"]
    assert answer.err.startswith(f"bench: {SECOND}, seed 0: {foreign} holds other files")
    assert answer.err.count("\n") == 1
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]


def test_why_one_failed_is_kept_until_it_is_trained(
    bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["retrain", FIRST, "--seeds", "2", *options(tmp_path)]
    with monkeypatch.context() as broken:
        step = ModelTraining.step

        def fail(self: ModelTraining) -> float:
            if self.weight_steps.words.seed == 1 and self.done == 3:
                raise RuntimeError("the disk\n is on fire")
            return step(self)

        broken.setattr(ModelTraining, "step", fail)
        answer = bench(*given)
    assert answer.code == 1
    assert answer.err == f"bench: {FIRST}, seed 1: RuntimeError: the disk is on fire\n"
    (kept,) = tmp_path.rglob("trouble.json")
    assert known_trouble(kept.parent) == "RuntimeError: the disk is on fire"
    assert bench(*given).code == 0
    assert len(models_in(tmp_path)) == 2
    assert not list(tmp_path.rglob("trouble.json"))


def test_a_model_without_a_finite_loss_is_a_failure_each_time(
    bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["retrain", FIRST, "--seeds", "2", *options(tmp_path)]
    with monkeypatch.context() as broken:
        step = ModelTraining.step

        def spend(self: ModelTraining) -> float:
            loss = step(self)
            return float("nan") if self.weight_steps.words.seed == 1 else loss

        broken.setattr(ModelTraining, "step", spend)
        answer = bench(*given)
    assert answer.code == 1
    said = f"bench: {FIRST}, seed 1: none of its 8 steps had a finite loss"
    assert answer.err.startswith(said)
    assert len(models_in(tmp_path)) == 2
    # It is trained to the end: the same command trains nothing, and says the same.
    before = times_in(tmp_path)
    again = bench(*given)
    assert (again.code, again.err) == (1, answer.err)
    assert times_in(tmp_path) == before


def test_words_are_read_once_a_command(
    bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = ["data", "render", tmp_path / "words", "--split", "test", "--count", 40, "--quiet"]
    assert bench(*render, "--seed", 1).code == 0
    opened: list[int] = []
    open_splits = words_module.open_splits

    def counted(*given: Any) -> Any:
        opened.append(1)
        return open_splits(*given)

    monkeypatch.setattr(words_module, "open_splits", counted)
    given = ["--seeds", "2", "--test", tmp_path / "words", "--json"]
    first = bench("retrain", FIRST, SECOND, *given, *options(tmp_path / "out", BRIEF)).json
    assert len(first["models"]) == 4
    assert opened == [1]
    # Changed between two commands: other words, so other models.
    for path in (tmp_path / "words").iterdir():
        path.unlink()
    (tmp_path / "words").rmdir()
    assert bench(*render, "--seed", 2).code == 0
    second = bench("retrain", FIRST, *given, *options(tmp_path / "out", BRIEF)).json
    names = [{each["model"] for each in found["models"]} for found in (first, second)]
    assert not names[0] & names[1]


def test_one_that_goes_on_with_other_threads_keeps_them_to_itself(tmp_path: Path) -> None:
    origin = Architectures("tiny", ['trainer.device="cpu"', *BRIEF]).find(FIRST)
    job = RetrainingJob(origin, 0)
    folder = tmp_path / default_folder(origin, 0, job.identity_hash).name
    torch.set_num_threads(2)
    with pytest.raises(Interrupted):
        job.train(folder, "", lambda at: None, lambda: True)
    torch.set_num_threads(1)
    assert run_bench(["retrain", FIRST, "--seeds", "2", *options(tmp_path, BRIEF)]) == 0
    found = {
        card["seed"]: card["provenance"]["hardware"]["torch_threads"]
        for card in models_in(tmp_path).values()
    }
    assert found == {0: 2, 1: 1}
    assert torch.get_num_threads() == 1


def begun(out: Path, count: int) -> bool:
    return len(list(out.glob("*/checkpoint/state.safetensors"))) >= count


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_time(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = [FIRST, SECOND, "--seeds", "2", "--workers", "2", *options(out, LONG)]
    process = begin_bench("retrain", *given)
    try:
        wait_until(lambda: begun(out, 2))
        os.kill(workers_of(process)[0], signal.SIGKILL)
        _, error = process.communicate(timeout=PATIENCE)
        assert (process.returncode, error) == (0, "")
    finally:
        kill_session(process)
    assert models_in(out) == models_in(undisturbed)
    assert not list(out.glob("*/checkpoint"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGKILL,
    ],
)
def test_killed_or_interrupted_the_same_command_goes_on(
    undisturbed: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    given = [FIRST, SECOND, "--seeds", "2", "--workers", "2", *options(out, LONG)]
    process = begin_bench("retrain", *given)
    try:
        wait_until(lambda: begun(out, 2))
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE)
        wait_until(lambda: not session_of(process))
    finally:
        kill_session(process)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert error == f"bench: interrupted: run the same command again to resume in {out}\n"
    left = len(models_in(undisturbed)) - len(models_in(out))
    assert left > 0
    assert run_bench(["retrain", *given]) == 0
    assert models_in(out) == models_in(undisturbed)
