"""``bench baseline list`` and ``bench baseline show``."""

from __future__ import annotations

import subprocess
import sys

from trainers.baselines.catalogue import BASELINES

NAMES = ["crnn", "rare", "r2am", "star-net", "grcnn", "rosetta", "trba", "aster"]


def test_the_list_names_all(bench):
    listed = bench("baseline", "list", "--json").json["baselines"]
    assert [each["name"] for each in listed] == list(BASELINES)
    assert set(NAMES) <= set(BASELINES)
    rows = [line.split() for line in bench("baseline", "list").out.splitlines()]
    for name, baseline in BASELINES.items():
        published = (baseline.published_params or "").split()
        assert [name, *baseline.stages.values(), *published] in rows


def test_the_list_does_not_wait_for_torch():
    code = (
        "import sys; from bench.cli import run; assert run(['baseline', 'list']) == 0; "
        "sys.exit(7 if 'torch' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=500)
    assert done.returncode == 0, done.stderr


def test_show_says_what_is_counted(bench):
    crnn = bench("baseline", "show", "crnn", "--json").json
    assert crnn["params"] == crnn["recogniser"]["params"] == 8_329_765
    assert crnn["macs"] == sum(stage["macs"] for stage in crnn["stage_costs"].values())
    assert crnn["published"]["params"] == "8.3 M"
    assert crnn["stages"] == {
        "rectifier": "none",
        "backbone": "vgg",
        "sequence_encoder": "bilstm",
        "head": "ctc",
    }
    assert "architecture" in crnn
    assert crnn["architecture"] is None
    fixed = bench("baseline", "show", "5x5-ex6", "--json").json
    assert (fixed["params"], fixed["published"]["params"]) == (23_282_590, "23.283 M")
    assert fixed["architecture"] == "k5-5555-5555-5555-5555-55555"
    aster = bench("baseline", "show", "aster", "--json").json
    assert aster["counted"] == "backbone"
    assert (aster["params"], aster["macs"]) == (12_994_784, 552_448_000)
    assert aster["recogniser"]["params"] > aster["params"]


def test_show_for_people_has_the_same_numbers(bench):
    shown = bench("baseline", "show", "rosetta", "--json").json
    text = bench("baseline", "show", "rosetta").out
    assert f"{shown['params']:,} (published: {shown['published']['params']})" in text
    for stage, cost in shown["stage_costs"].items():
        (row,) = [line for line in text.splitlines() if line.split()[:1] == [stage]]
        assert row.split()[-2:] == [f"{cost['params']:,}", f"{cost['macs']:,}"]


def test_an_unknown_name_is_refused(refused):
    assert "did you mean 'crnn'?" in refused("baseline", "show", "crn")
