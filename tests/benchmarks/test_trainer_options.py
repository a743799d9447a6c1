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
