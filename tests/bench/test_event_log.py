"""The event log: append, repeat, refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records.errors import RecordError
from bench.records.event_log import EventLog, read_events
from bench.records.events import EventResult, EventTime, EventWork, Line, read_log
from bench.records.result import Consumed
from bench.running.ledger import Ledger
from trainers.cost import Cost


def write(path: Path, losses: list[float]) -> None:
    with EventLog(path) as log:
        for loss in losses:
            log.record({"loss": loss, "time": {"trainer": 1.0}})


def test_every_truncation_of_the_last_kilobyte_keeps_complete_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [float(n) for n in range(40)])
    whole = path.read_bytes()
    for cut in range(1, 1025):
        path.write_bytes(whole[:-cut])
        complete = whole[:-cut].count(b"\n")
        assert [event["loss"] for event in read_events(path)] == list(range(complete))
        with EventLog(path) as log:
            assert len(log.events) == complete
        assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:complete])


def test_repeating_the_same_work_writes_nothing_and_keeps_the_first_times(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [1.0, 2.0])
    before = path.read_bytes()
    with EventLog(path) as log:
        line = log.record({"loss": 1.0, "time": {"trainer": 9.0}})
        assert line["time"] == {"trainer": 1.0}
        assert log.repeating
        log.record({"loss": 2.0, "time": {"trainer": 9.0}})
        assert not log.repeating
        assert path.read_bytes() == before
        log.record({"loss": 3.0, "time": {}})
    assert [event["event"] for event in read_events(path)] == [0, 1, 2]


def test_a_line_says_all_that_is_given_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        for line in (
            Line(
                0,
                "evaluate",
                work=EventWork("A"),
                result=EventResult(0.0),
                cost=Consumed(images=0, macs=0, evaluations=0),
                images=0,
                status={},
                time=EventTime(0.0, 0.0, 0.0),
            ),
            Line(1, "referee", samples=[], warnings=[], time=EventTime(referee=0.0)),
        ):
            log.record(line)
    costs = '{"images": 0, "images_forward": 0, "images_forward_backward": 0, "macs": 0, '
    first, second = path.read_text().splitlines()
    assert first == (
        '{"event": 0, "kind": "evaluate", "work": {"architecture": "A"}, "result": {"score": 0.0}, '
        f'"cost": {costs}"evaluations": 0}}, "images": 0, "status": {{}}, '
        '"time": {"ask": 0.0, "trainer": 0.0, "tell": 0.0}}'
    )
    assert second == (
        '{"event": 1, "kind": "referee", "samples": [], "warnings": [], "time": {"referee": 0.0}}'
    )
    assert [event.result.score for event in read_log(path)] == [0.0, None]


def test_another_result_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [1.0])
    with EventLog(path) as log, pytest.raises(RecordError, match="another loss than recorded"):
        log.record({"loss": 1.5, "time": {}})


@pytest.mark.parametrize(
    "damage", [b"{not json}\n", b'{"event": 7}\n', b"[]\n", b"\xff\xfe\n", b"[" * 5000 + b"\n"]
)
def test_a_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [1.0])
    path.write_bytes(path.read_bytes() + damage)
    with pytest.raises(RecordError, match="line 2 is damaged"):
        EventLog(path)


def test_a_checkpoint_beyond_the_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [1.0])
    with EventLog(path) as log, pytest.raises(RecordError, match="has 1 events but the checkpoint"):
        log.start_at(2)


def test_the_ledger_survives_a_round_trip_and_adds_up() -> None:
    ledger = Ledger()
    ledger.bill("evaluate", Cost(images_forward=10, macs=5, evaluations=1))
    ledger.bill("train_weights", Cost(images_forward_backward=8, macs=7))
    ledger.bill("evaluate", Cost(images_forward=10, macs=5, evaluations=1))
    ledger.clock(EventTime(1.0, 2.0, referee=4.0))
    assert ledger.total == Cost(20, 8, 17, 2)
    assert ledger.total.images == 28
    assert ledger.billed().seconds.total == 3.0
    assert Ledger.of(ledger.billed()).billed() == ledger.billed()
