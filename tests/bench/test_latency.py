"""Latency tables: measured, written, read strictly, and turned into what searchers use."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bench.records.errors import RecordError
from bench.running.latency import (
    LatencyEntry,
    LatencyTable,
    compare_sums,
    latency_array,
    read_latency,
    write_latency,
)
from spaces import load_space


def table(**changes: object) -> LatencyTable:
    """A made-up table of the full-size space: each candidate takes its MACs in nanoseconds."""
    graph = load_space("autostr").path_graph()
    names = load_space("autostr").operations
    ms = {
        (shape, name): float(macs) / 1e6
        for shape, row in zip(graph.shapes, graph.edge_macs, strict=True)
        for name, macs in zip(names, row, strict=True)
    }
    entries = [LatencyEntry(shape, name, value, 0.1) for (shape, name), value in ms.items()]
    made = LatencyTable("autostr", "cpu", 1, 5, {"cores": 2}, {"torch": "2.13.0"}, 0.5, entries)
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "latency.json"
    write_latency(table(), path)
    return path


def test_a_table_survives_the_disk_and_becomes_an_array(written: Path) -> None:
    found = read_latency(written)
    assert found == table()
    space = load_space("autostr")
    array = latency_array(found, space)
    np.testing.assert_allclose(array, space.path_graph().edge_macs / 1e6)


def test_a_strict_space_needs_no_strided_skips() -> None:
    entries = [
        entry
        for entry in table().entries
        if entry.operation != "skip" or len(set(entry.shape.split(">"))) == 1
    ]
    strict = load_space("autostr", strict=True)
    array = latency_array(table(entries=entries), strict)
    assert (array[~strict.path_graph().edge_allowed] == 0).all()
    with pytest.raises(RecordError, match=r"lacks .* skip: measure it"):
        latency_array(table(entries=entries), load_space("autostr"))


def test_foreign_and_double_entries_are_refused() -> None:
    space = load_space("autostr")
    with pytest.raises(RecordError, match="is of space other"):
        latency_array(table(space="other"), space)
    entries = table().entries
    with pytest.raises(RecordError, match="twice"):
        latency_array(table(entries=[*entries, entries[0]]), space)
    narrow = load_space("autostr", stem_width=16)
    with pytest.raises(RecordError, match="lacks 16x32x100>"):
        latency_array(table(), narrow)


@pytest.mark.parametrize(
    "change",
    [
        {"entries": []},
        {"threads": 0},
        {"format": 2},
        {"surprise": 1},
        {"stem_ms": -1.0},
        {"stem_ms": "fast"},
        {"entries": [{"shape": "a", "operation": "b", "ms": 1e12, "spread_ms": 0}]},
        {"entries": [{"shape": "a", "operation": "b", "ms": 1}]},
        {"entries": [{"shape": "x" * 1000, "operation": "b", "ms": 1, "spread_ms": 0}]},
    ],
)
def test_what_is_no_table_is_refused(written: Path, change: dict[str, object]) -> None:
    document = json.loads(written.read_text()) | change
    written.write_text(json.dumps(document))
    with pytest.raises(RecordError, match=r"no latency table .*make one with `bench latency"):
        read_latency(written)


@pytest.mark.parametrize("content", [b"", b"[", b"\xff\xfe", b"NaN", b"[" * 100_000])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "latency.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match="no latency table"):
        read_latency(path)


def test_missing_and_huge_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        read_latency(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(5 * 2**20)
    with pytest.raises(RecordError, match="larger than"):
        read_latency(huge)


def test_every_candidate_at_every_shape_is_timed_once() -> None:
    import torch

    from trainers.errors import TrainerError
    from trainers.latency import STEM, measure_latency

    space = load_space("autostr", stem_width=4, widths=(4, 8, 8, 16, 16), height=32, width=24)
    threads, rounds = torch.get_num_threads(), []
    timings = measure_latency(
        space, repetitions=2, threads=1, report=lambda done, total: rounds.append((done, total))
    )
    assert torch.get_num_threads() == threads
    assert rounds[-1] == (5, 5)
    places = [(one.shape, one.operation) for one in timings]
    assert len(set(places)) == len(places) == 1 + 29 * 7
    assert all(one.ms >= 0 and one.spread_ms >= 0 for one in timings)
    by_place = dict(zip(places, timings, strict=True))
    assert by_place[STEM, STEM].ms > 0
    assert by_place["4x32x24>4x32x24", "k5e6"].ms > by_place["4x32x24>4x32x24", "skip"].ms
    with pytest.raises(TrainerError, match="expected 1 or more"):
        measure_latency(space, repetitions=0)


def test_the_command_writes_a_table_that_fits_the_space(bench, tmp_path: Path) -> None:
    out = tmp_path / "latency.json"
    shown = bench("latency", "measure", out, "--repetitions", 1, "--quiet", "--json").json
    assert shown["file"] == str(out)
    assert shown["entries"] == 203
    found = read_latency(out)
    assert (found.device, found.threads, found.repetitions) == ("cpu", 1, 1)
    assert found.hardware["torch_threads"] == 1
    array = latency_array(found, load_space("autostr"))
    assert array.max() == shown["slowest_ms"]


def test_the_command_refuses_before_it_measures(refused, tmp_path: Path) -> None:
    assert "existing folder" in refused("latency", "measure", tmp_path / "none" / "out.json")
    line = refused("latency", "measure", tmp_path / "out.json", "--device", "abacus")
    assert "device 'abacus' cannot be used" in line
    assert "did you mean 'autostr'" in refused(
        "latency", "measure", tmp_path / "out.json", "--space", "autost"
    )
    assert list(tmp_path.iterdir()) == []


def test_errors_of_sums() -> None:
    found = compare_sums(np.array([1.0, 3.0, 2.0]), np.array([2.0, 4.0, 3.0]))
    assert found["relative_bias"] == pytest.approx(-(1 / 2 + 1 / 4 + 1 / 3) / 3)
    assert found["largest_relative_error"] == pytest.approx(0.5)
    assert found["rank_correlation"] == pytest.approx(1.0)
    over = compare_sums(np.array([2.0, 4.0]), np.array([4.0, 2.0]))
    assert over["mean_absolute_relative_error"] == pytest.approx(0.75)
    assert over["relative_bias"] == pytest.approx(0.25)
    assert over["rank_correlation"] == pytest.approx(-1.0)
    assert compare_sums(np.ones(3), np.arange(1.0, 4.0))["rank_correlation"] is None


def test_a_table_of_strnas_is_measured_used_and_checked(bench, tmp_path: Path) -> None:
    out = tmp_path / "latency.json"
    given = ("--space", "strnas", "--repetitions", 1, "--quiet", "--json")
    shown = bench("latency", "measure", out, *given).json
    # A first cell, and in each of five stages a reduction and a normal cell.
    assert shown["entries"] == 3 + 5 * (6 + 7)
    for part in ("extractor", "rectifier", "both"):
        space = load_space("strnas", part=part)
        array = latency_array(read_latency(out), space)
        assert (array[~space.operation_allowed(())] == 0).all()
        assert array[0, 7:].min() > 0
    checked = bench("latency", "check", out, "-n", 3, "--repetitions", 1, "--quiet", "--json").json
    assert len(checked["measured"]) == 3
    sums = np.array([row["sum_ms"] for row in checked["measured"]])
    times = np.array([row["ms"] for row in checked["measured"]])
    assert checked["relative_bias"] == pytest.approx(float((sums / times - 1).mean()))
    space = load_space("strnas")
    array, text = latency_array(read_latency(out), space), checked["measured"][0]["text"]
    row = np.array(space.parse(text).encoding)
    assert sums[0] == pytest.approx(shown["stem_ms"] + array[np.arange(22), row].sum())
