"""What `python -m benchmarks.trainer` refuses before it measures anything."""

from __future__ import annotations

import pytest

from benchmarks.trainer import main


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--only xyz", "no row has xyz in its name, choose among: weights 32, random paths; "),
        ("--rounds 0", "rounds, images, population images and threads: expected 1 or more"),
        ("--population-images 0", "population images and threads: expected 1 or more"),
        ("--batch 32 1", "batch 1: expected 2 images or more"),
        ("--json /nowhere/figures.json", "no folder /nowhere to write figures.json to"),
        ("--preset nope", "unknown preset 'nope'"),
        ("--preset tiny --set a=1", "unknown key 'a'"),
        ("--preset tiny --rounds 0", "rounds, images, population images and threads: expected 1 "),
        ("--preset tiny --threads 2 0", "rounds, images, population images and threads: expected"),
        ("--preset strnas", "preset strnas is of space strnas: the benchmark knows autostr"),
        ("--preset tiny --set run.evaluator=synthetic", "run.evaluator = synthetic trains nothing"),
        ("--preset tiny --against /nowhere", "--against /nowhere: expected a checkout of this "),
        ("--preset tiny --subjects ours before", "ours among them, and before if and only if --ag"),
        ("--preset tiny --subjects plain", "--subjects: expected ours among them"),
        ("--preset tiny --processes 1", "--processes: expected 2 or more, with an interval of"),
        ("--processes 2", "several numbers of threads, or --processes: only with --preset"),
        ("--threads 1 2", "several numbers of threads, or --processes: only with --preset"),
    ],
)
def test_bad_options_end_in_one_line(
    options: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks.trainer", *options.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert told in said.err.splitlines()[-1]
