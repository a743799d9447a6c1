"""Final scores of trained models beside the runs: who belongs, and what the numbers are."""

from __future__ import annotations

import json
import math
import re
import shlex
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import convert
from scipy import stats

from bench.cli import run
from bench.commands.retrain import retrain
from bench.comparison.agreement import SIZES, UNTRAINED, agreement
from bench.comparison.analysis import analyse
from bench.comparison.answers import Missing
from bench.comparison.final_scores import Agreement, FinalScores, NoFinalScores, Point
from bench.comparison.groups import group_runs
from bench.comparison.protocol import Protocol
from bench.comparison.proxy_final import proxy_final
from bench.comparison.retraining import recommended
from bench.comparison.serialised import serialised
from bench.comparison.trainings import Models, find_models, read_models
from bench.presets import load_preset
from bench.records.documents import plain
from bench.records.errors import RecordError
from bench.records.events import Event
from bench.records.manifest import Manifest
from bench.records.record import RunRecord
from bench.records.result import RefereeRow
from bench.records.runs import find_runs, read_runs
from bench.records.settings import settings_as_dict
from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.intervals import mean_interval
from trainers.models.description import describe_architecture, describe_baseline

pytestmark = pytest.mark.usefixtures("undrawn")

HASHES = {"search_train": ["train"], "search_val": ["val"], "test": ["held out"]}
PRESET = load_preset("tiny")


def on_a_supernet(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a made-up run as that of one that scored words."""
    found = deepcopy(manifest)
    found["identity"].update(data=HASHES, supernet="0123456789")
    found["identity"]["preset"]["run"]["evaluator"] = "supernet"
    return found


@pytest.fixture(scope="module")
def records(study: Path) -> list[RunRecord]:
    read = read_runs(find_runs([study]))
    return [
        RunRecord(r.folder, convert(on_a_supernet(plain(r.manifest)), Manifest), r.result, r.events)
        for r in read
    ]


def card_of(text: str, seed: int, score: float) -> dict[str, Any]:
    """What `bench retrain` writes of a model, as far as a comparison reads it."""
    space = PRESET.space.load()
    description = describe_architecture(
        space, space.parse(text), PRESET.data, PRESET.recogniser, PRESET.supernet
    )
    scores = {
        "word_accuracy": 0.0,
        "one_ned": 0.0,
        "word_accuracy_case_insensitive": score,
        "one_ned_case_insensitive": score,
        "words": 32,
    }
    cost = ("images_forward", "images_forward_backward", "macs", "steps", "seconds")
    return {
        "description": settings_as_dict(description),
        "charset": "0123456789",
        "params": 1,
        "backbone": {"params": 1, "macs": 1},
        "preset_name": "tiny",
        "seed": seed,
        "scores": {"search_val": None, "test": scores},
        "data": {name: {"hashes": hashes} for name, hashes in HASHES.items()},
        "preset": {
            "data": {"test_images": PRESET.data.test_images},
            "retraining": settings_as_dict(PRESET.retraining),
            "trainer": {"precision": "fp32"},
        },
        "cost": {"images": 1000 + seed, "failed_steps": 0, **dict.fromkeys(cost, 1)},
    }


def write_card(folder: Path, card: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(card if isinstance(card, str) else json.dumps(card))
    return folder


def write_models(place: Path, texts: list[str], seeds: int = 3) -> dict[str, list[float]]:
    """Trainings of every architecture; the scores that they got."""
    rng = np.random.default_rng(0)
    scores = {}
    for number, text in enumerate(texts):
        scores[text] = rng.uniform(0.2, 0.9, seeds).tolist()
        for seed, score in enumerate(scores[text]):
            write_card(place / f"a{number}" / f"seed{seed}", card_of(text, seed, score))
    return scores


def recommendations(records: list[RunRecord]) -> list[str]:
    return sorted({text for record in records if (text := recommended(record))})


def panel_or_none(records: list[RunRecord], place: Path) -> FinalScores | NoFinalScores:
    space, models = PRESET.space.load(), find_models([place])
    read = read_models(models, records[0], space)
    found = proxy_final(records, group_runs(records), space, read, Protocol())
    json.dumps(serialised(found), allow_nan=False)
    return found


def panel(records: list[RunRecord], place: Path) -> FinalScores:
    found = panel_or_none(records, place)
    assert isinstance(found, FinalScores)
    return found


def agreed(found: FinalScores) -> Agreement:
    assert isinstance(found.agreement, Agreement)
    return found.agreement


def estimated(answer: Estimate | NotComputable) -> Estimate:
    assert isinstance(answer, Estimate)
    return answer


def last_scores(records: list[RunRecord], text: str) -> list[float]:
    """The referee's last score of an architecture in each run that has one."""
    found = []
    for record in records:
        looks = [event.look for event in record.events if event.look is not None]
        scores = [look.score for look in looks if look.architecture == text]
        found += [score for score in scores[-1:] if score is not None]
    return found


def test_the_numbers_are_those_of_scipy_and_of_hand(
    records: list[RunRecord], tmp_path: Path
) -> None:
    texts = recommendations(records)[:9]
    scores = write_models(tmp_path, texts)
    found = panel(records, tmp_path)
    assert found.proxy == "test"
    points = {point.architecture: point for point in found.points}
    assert set(points) == set(texts)
    proxy = [fmean(last_scores(records, text)) for text in texts]
    means = [fmean(scores[text]) for text in texts]
    for text, mean, expected in zip(texts, means, proxy, strict=True):
        point, own = points[text], scores[text]
        assert point.proxy == pytest.approx(expected, rel=1e-9)
        final = estimated(point.final)
        assert math.isclose(final.value, mean)
        assert (final.low, final.high) == pytest.approx(
            stats.t.interval(0.95, 2, mean, stats.sem(own))
        )
        assert point.sd == pytest.approx(stdev(own), rel=1e-9)
        assert (point.seeds, point.images) == ((0, 1, 2), 1001.0)
    answers = agreed(found)
    tau = estimated(answers.tau)
    assert math.isclose(tau.value, stats.kendalltau(proxy, means).statistic)
    assert tau.low <= tau.value <= tau.high
    assert tau.n == 9
    columns = list(zip(*scores.values(), strict=True))
    between = [stats.kendalltau(a, b).statistic for a, b in combinations(columns, 2)]
    assert answers.ceiling.value == pytest.approx(fmean(between), rel=1e-9)
    assert set(answers.top_k) == {1, 3}
    by_proxy = sorted(range(9), key=lambda i: -proxy[i])[:3]
    by_final = sorted(range(9), key=lambda i: -means[i])[:3]
    shared = len(set(by_proxy) & set(by_final)) / 3
    assert answers.top_k[3].value == pytest.approx(shared, rel=1e-9)
    lost = max(means) - max(means[i] for i in by_proxy)
    assert answers.regret[3].value == pytest.approx(lost)
    space = PRESET.space.load()
    sizes = [space.parse(text) for text in texts]
    macs = stats.kendalltau(space.macs(space.encode(sizes)), means).statistic
    params = stats.kendalltau(space.params(space.encode(sizes)), means).statistic
    assert answers.rivals["multiply-adds"].value == pytest.approx(macs, rel=1e-9)
    assert answers.rivals["parameters"].value == pytest.approx(params, rel=1e-9)
    assert answers.lead.value == pytest.approx(tau.value - max(macs, params))
    assert "not shown to rank these architectures better than" in answers.better_than_rival


def point(text: str, proxy: float, scores: list[float], snip: float = 1.0) -> Point:
    """An architecture with a final score for each seed."""
    final = NotComputable("no interval here", float(np.mean(scores)), len(scores))
    seeds = tuple(range(len(scores)))
    return Point(text, (), proxy, 1, final, None, seeds, tuple(scores), 1000.0, 1.0, snip)


@pytest.mark.parametrize(
    ("follow", "said"),
    [
        ("proxy", "rank these architectures better than"),
        ("macs", "worse than multiply-adds"),
        ("snip", "worse than SNIP"),
    ],
)
def test_a_proxy_is_held_against_rivals(follow: str, said: str) -> None:
    space = PRESET.space.load()
    encodings = space.sample(24, np.random.default_rng(0))
    macs = space.macs(encodings)
    by_size = np.argsort(np.argsort(macs)) / 24
    # Neither follows the other; the larger parameter counts are left to chance.
    by_proxy = np.random.default_rng(3).permutation(24) / 24
    other = np.random.default_rng(4).permutation(24) / 24
    final = {"proxy": by_proxy, "macs": by_size, "snip": other}[follow]
    points = [
        point(text, float(proxy), [float(score)], float(score) if follow == "snip" else 1.0)
        for text, proxy, score in zip(space.texts(encodings), by_proxy, final, strict=True)
    ]
    if follow == "snip":
        # Known of all but one: then it is no rival.
        fewer = [*points[1:], replace(points[0], snip=None)]
        without = agreement(fewer, space, Protocol())
        assert isinstance(without, Agreement)
        assert without.rivals.keys() == {*SIZES.values(), UNTRAINED["gradient_norm"]}
    found = agreement(points, space, Protocol())
    assert isinstance(found, Agreement)
    assert said in found.better_than_rival


def test_tau_without_noise_is_of_as_many_seeds_as_all_have() -> None:
    """One architecture with few of them must not free all from noise that they do not have."""
    space, rng = PRESET.space.load(), np.random.default_rng(1)
    encodings = space.sample(30, rng)
    truth = rng.normal(0.7, 0.05, 30)
    proxy = truth + rng.normal(0.0, 0.05, 30)
    finals = truth[:, None] + rng.normal(0.0, 0.05, (30, 8))

    def corrected(counts: list[int]) -> float:
        points = [
            point(text, float(score), row[:count].tolist())
            for text, score, row, count in zip(
                space.texts(encodings), proxy, finals, counts, strict=True
            )
        ]
        found = agreement(points, space, Protocol())
        assert isinstance(found, Agreement)
        assert isinstance(found.tau_corrected, Estimate)
        return found.tau_corrected.value

    assert corrected([8] * 29 + [2]) == corrected([2] * 30)
    assert corrected([8] * 30) != corrected([2] * 30)


def test_the_order_of_folders_changes_nothing(records: list[RunRecord], tmp_path: Path) -> None:
    write_models(tmp_path, recommendations(records)[:6])
    models = find_models([tmp_path])
    space, groups = PRESET.space.load(), group_runs(records)
    first, second = (
        proxy_final(records, groups, space, read_models(order, records[0], space), Protocol())
        for order in (models, models[::-1])
    )
    assert first == second


def test_the_kind_of_proxy_that_covers_more_is_taken_alone(
    records: list[RunRecord], tmp_path: Path
) -> None:
    looked = {e.look.architecture for r in records for e in r.events if e.look is not None}
    scores: dict[str, list[float]] = {}
    for record in records:
        own = {
            str(event.work.architecture): event.result.score
            for event in record.events
            if event.kind == "evaluate" and event.result.score is not None
        }
        for text, score in own.items():
            scores.setdefault(text, []).append(score)
    known = sorted(set(scores) & set(recommendations(records)))
    texts = [*sorted(set(scores) - looked)[:5], *known[:3]]
    write_models(tmp_path, texts)
    found = panel(records, tmp_path)
    assert found.proxy == "search_val"
    assert any("on search_val" in note for note in found.notes)
    assert any(note.startswith("3 of 8") and "recommendations" in note for note in found.notes)
    for point in found.points:
        assert point.proxy == pytest.approx(fmean(scores[point.architecture]), rel=1e-9)
    nobody = next(point for point in found.points if point.architecture == texts[0])
    assert nobody.recommended_by == ()


def test_of_one_run_its_last_score_counts(records: list[RunRecord], tmp_path: Path) -> None:
    text = recommended(records[0]) or ""
    write_models(tmp_path, [text])
    early = Event(
        0,
        "referee",
        look=RefereeRow(point=0, images=0, evaluations=0, architecture=text, score=0.01),
    )
    first = replace(records[0], events=[early, *records[0].events])
    (point,) = panel([first], tmp_path).points
    assert point.proxy == records[0].score
    assert point.proxy_runs == 1


def test_two_runs_that_recommend_the_same_share_its_trainings(
    records: list[RunRecord], tmp_path: Path
) -> None:
    first, second = [record for record in records if record.searcher == "random"][:2]
    same = replace(second, result=first.result)
    scores = write_models(tmp_path, [recommended(first) or ""])
    (row,) = panel([first, same], tmp_path).searchers
    assert (row.runs, row.retrained, row.architectures) == (2, 2, 1)
    assert isinstance(row.final, NotComputable)
    assert row.final.value == pytest.approx(fmean(*scores.values()))
    assert "are equal" in row.final.reason


def test_an_architecture_that_no_run_scored_is_in_the_table_only(
    records: list[RunRecord], tmp_path: Path
) -> None:
    foreign = "A..B..A..B..B..-555555545514466"
    write_models(tmp_path, [*recommendations(records)[:5], foreign])
    found = panel(records, tmp_path)
    assert agreed(found).tau.n == 5
    row = next(point for point in found.points if point.architecture == foreign)
    assert (row.proxy, row.proxy_runs) == (None, 0)
    assert any("1 of 6 architectures have no such score" in note for note in found.notes)


def test_few_architectures_are_a_table_and_no_statistic(
    records: list[RunRecord], tmp_path: Path
) -> None:
    write_models(tmp_path, recommendations(records)[:4], seeds=2)
    found = panel(records, tmp_path)
    assert isinstance(found.agreement, Missing)
    assert "4 architectures have both scores" in found.agreement.reason
    assert len(found.points) == 4
    assert any("4 of 4 architectures" in n and "fewer than 3 seeds" in n for n in found.notes)


def test_one_seed_has_a_score_and_no_interval(records: list[RunRecord], tmp_path: Path) -> None:
    texts = recommendations(records)[:6]
    scores = write_models(tmp_path, texts, seeds=1)
    found = panel(records, tmp_path)
    point = next(row for row in found.points if row.architecture == texts[0])
    assert isinstance(point.final, NotComputable)
    assert point.final.value == scores[texts[0]][0]
    assert "2 seeds" in point.final.reason
    assert point.sd is None
    ceiling = agreed(found).ceiling
    assert isinstance(ceiling, NotComputable)
    assert "one seed" in ceiling.reason
    assert agreed(found).tau.value is not None


def test_final_scores_of_a_searcher_are_those_of_its_runs(
    records: list[RunRecord], tmp_path: Path
) -> None:
    own = [recommended(r) or "" for r in records if r.searcher == "evolution"]
    scores = write_models(tmp_path, sorted(set(own))[:3])
    analysis = analyse(records, "x", models=find_models([tmp_path]))
    assert isinstance(analysis.proxy_final, FinalScores)
    rows = {row.searcher: row for row in analysis.proxy_final.searchers}
    means = [fmean(scores[text]) for text in own if text in scores]
    row = rows["evolution"]
    assert (row.runs, row.retrained, row.architectures) == (8, len(means), 3)
    assert row.final.value == pytest.approx(fmean(means), rel=1e-9)
    others = {recommended(r) for r in records if r.searcher == "random"}
    assert not others & set(scores)
    assert rows["random"].final == Missing("not retrained")
    item = next(row for row in analysis.provenance.checklist if "from scratch" in row.item)
    assert item.answer == "partly"
    assert f"{len(means)} of 24 runs" in item.note
    assert item.note.endswith("seeds of each, at least: 3")


def test_final_scores_of_a_searcher_on_several_supernets_are_theirs(
    records: list[RunRecord], tmp_path: Path
) -> None:
    """Runs that share one are no units of their own, here as little as in the verdict."""
    several = []
    for record in records:
        content = plain(record.manifest)
        content["identity"]["supernet"] = record.folder.name[len("supernet")] * 16
        manifest = convert(content, Manifest)
        several.append(RunRecord(record.folder, manifest, record.result, record.events))
    scores = write_models(tmp_path, recommendations(several))
    space = PRESET.space.load()
    read = read_models(find_models([tmp_path]), several[0], space)
    found = proxy_final(several, group_runs(several), space, read, Protocol())
    assert isinstance(found, FinalScores)
    row = next(row for row in found.searchers if row.searcher == "evolution")
    runs: dict[str, list[float]] = {}
    for record in several:
        if record.searcher == "evolution":
            runs.setdefault(record.supernet, []).append(fmean(scores[recommended(record) or ""]))
    units = [fmean(found) for found in runs.values()]
    assert (row.retrained, len(units)) == (8, 4)
    found_of, expected = estimated(row.final), estimated(mean_interval(units))
    assert found_of.n == expected.n == 4
    assert (found_of.low, found_of.high) == pytest.approx((expected.low, expected.high))


def changed(*keys: str, to: Any) -> Callable[[dict[str, Any]], Any]:
    """A change of one entry of a card."""

    def change(card: dict[str, Any]) -> dict[str, Any]:
        place = card
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to
        return card

    return change


MISFITS = {
    "space": (changed("description", "space", to="strnas"), 'space is "strnas", in the runs "auto'),
    "part": (changed("description", "part", to="both"), 'part is "both"'),
    "charset": (changed("description", "charset", to="94"), 'charset is "94"'),
    "length": (changed("description", "max_length", to=7), "max_length is 7"),
    "stem": (changed("description", "first_width", to=32), "first_width is 32"),
    "widths": (changed("description", "widths", to=[9] * 5), r"widths is \[9, 9"),
    "head": (changed("description", "recogniser", "head", to="attention"), "recogniser.head"),
    "half a character": (changed("description", "space", to="\ud800"), "is damaged"),
    "text": (changed("description", "text", to="nonsense"), "nonsense"),
    "untrained": (changed("untrained", to={"snip": -1}), "is damaged"),
    "sizes": (changed("description", "widths", to=[10**9] * 5), "described in a way"),
    "words": (changed("data", "test", "hashes", to=["other"]), "scored on other words"),
    "leak": (changed("data", "search_train", "hashes", to=["held out"]), "words of test"),
    "not finite": (changed("scores", "test", to=None), "not finite"),
    "no step": (changed("cost", "failed_steps", to=1), "none of its steps"),
    "NaN": (
        changed("scores", "test", "word_accuracy_case_insensitive", to=math.nan),
        "is damaged",
    ),
    "too good": (changed("scores", "test", "word_accuracy", to=1.5), "damaged"),
    "seed": (changed("seed", to="0"), "damaged"),
    "images": (changed("cost", "images", to=10**30), "damaged"),
    "preset": (lambda card: {**card, "preset": {}}, "is damaged"),
    "fewer words": (changed("scores", "test", "words", to=3), "number of words of test is 3"),
    "a part of test": (changed("preset", "data", "test_images", to=3), "scored on 3 words of test"),
    "longer": (changed("preset", "retraining", "epochs", to=99.0), "epochs is 99.0, in most"),
    "encoder": (
        changed("description", "recogniser", "sequence_encoder", to="bilstm"),
        'sequence_encoder is "bilstm"',
    ),
    "the same": (lambda card: {**card, "seed": 0}, "seed 0 of the same architecture as"),
    "baseline": (
        lambda card: {
            **card,
            "description": settings_as_dict(describe_baseline("crnn", PRESET.data)),
        },
        "hand-made recogniser",
    ),
    "no JSON": (lambda card: "{", "is damaged"),
    "deep": (lambda card: "[" * 100_000, "is damaged"),
    "no object": (lambda card: "[]", "is damaged"),
    "empty": (lambda card: {}, "is damaged"),
    "long": (lambda card: {**card, "seed": 1, "description": {"kind": "x" * 10**5}}, "described"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_model_that_does_not_belong_is_named_with_its_reason(
    records: list[RunRecord], tmp_path: Path, name: str
) -> None:
    texts = recommendations(records)[:2]
    write_models(tmp_path, texts)
    change, reason = MISFITS[name]
    # A seed of its own: nothing but the change speaks against it.
    odd = write_card(tmp_path / "z", change(card_of(texts[0], 7, 0.5)))
    found = panel(records, tmp_path)
    (left_out,) = found.left_out
    assert left_out.model == str(odd)
    assert re.search(reason, left_out.reason), left_out.reason
    assert len(left_out.reason) <= 300
    assert len(found.trainings) == 6


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PLACES = (
    ("description",), ("description", "text"), ("description", "widths"), ("seed",), ("scores",),
    ("scores", "test"), ("data",), ("data", "test", "hashes"), ("preset", "retraining"),
    ("preset", "retraining", "epochs"), ("cost", "images"),
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), ANYTHING)
def test_no_card_stops_a_comparison(
    records: list[RunRecord], tmp_path: Path, place: tuple[str, ...], value: Any
) -> None:
    few = [record for record in records if record.searcher == "random"]
    text = recommendations(few)[0]
    write_card(tmp_path / "good", card_of(text, 1, 0.5))
    write_card(tmp_path / "odd", changed(*place, to=value)(card_of(text, 2, 0.5)))
    found = panel(few, tmp_path)
    assert len(found.left_out) + len(found.trainings) == 2


def test_models_are_found_three_folders_deep_and_links_are_not_followed(tmp_path: Path) -> None:
    write_card(tmp_path / "a" / "b" / "c", {})
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "training.json").write_text("{}")
    assert find_models([tmp_path]) == [tmp_path / "a" / "b" / "c", tmp_path / "unfinished"]
    assert find_models([tmp_path, tmp_path / "a"]) == find_models([tmp_path])
    (tmp_path / "again").symlink_to(tmp_path / "a")
    assert len(find_models([tmp_path])) == 2
    write_card(tmp_path / "deep" / "a" / "b" / "c" / "d", {})
    for place in (tmp_path / "deep", tmp_path / "nowhere"):
        with pytest.raises(RecordError, match="bench retrain"):
            find_models([place])


def test_a_link_to_a_model_is_named(records: list[RunRecord], tmp_path: Path) -> None:
    text = recommendations(records)[0]
    write_card(tmp_path / "elsewhere" / "model", card_of(text, 0, 0.5))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(tmp_path / "elsewhere" / "model")
    (left_out,) = panel_or_none(records, tmp_path / "models").left_out or ()
    assert left_out.reason.startswith("a link")


def test_a_stray_training_does_not_push_out_the_proper_one(
    records: list[RunRecord], tmp_path: Path
) -> None:
    texts = recommendations(records)[:2]
    write_models(tmp_path / "proper", texts)
    stray = changed("preset", "retraining", "epochs", to=99.0)(card_of(texts[0], 0, 0.5))
    write_card(tmp_path / "first" / "stray", stray)
    found = panel(records, tmp_path)
    assert [entry.model for entry in found.left_out] == [str(tmp_path / "first" / "stray")]
    assert len(found.trainings) == 6


def test_commands_ask_for_what_the_other_models_were_trained_with(
    records: list[RunRecord], tmp_path: Path
) -> None:
    texts = recommendations(records)
    for seed in range(2):
        card = changed("preset", "retraining", "epochs", to=2.5)(card_of(texts[0], seed, 0.5))
        write_card(tmp_path / str(seed), card)
    for line in panel(records, tmp_path).commands.lines:
        given = retrain.make_context("retrain", shlex.split(line)[2:]).params
        assert given["overrides"] == ("retraining.epochs=2.5",)


def test_an_unfinished_training_is_named(records: list[RunRecord], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "training.json").write_text("{}")
    found = panel_or_none(records, tmp_path)
    assert isinstance(found, NoFinalScores)
    assert found.reason.startswith("none of the 1 models")
    assert "has not ended" in (found.left_out or ())[0].reason


def test_commands_train_what_lacks_seeds(records: list[RunRecord]) -> None:
    found = proxy_final(
        records, group_runs(records), PRESET.space.load(), Models({}, [], 0), Protocol()
    )
    texts = recommendations(records)
    assert isinstance(found, NoFinalScores)
    assert "--models" in found.reason
    assert found.commands is not None
    assert len(found.commands.lines) == 10
    assert found.commands.more == 3 * len(texts) - 10
    by_folder = {str(record.folder): record for record in records}
    arguments = [shlex.split(line) for line in found.commands.lines]
    for line in arguments:
        assert line[:2] == ["bench", "retrain"]
        given = retrain.make_context("retrain", line[2:]).params
        assert given["seed"] == 0
        (folder,) = given["what"]
        assert by_folder[folder].complete
    first = {by_folder[line[2]].searcher for line in arguments[:3]}
    assert first == {"random", "evolution", "local-search"}
    assert len({line[-1] for line in arguments}) == 10


def test_no_command_trains_a_seed_that_is_there(records: list[RunRecord], tmp_path: Path) -> None:
    texts = recommendations(records)
    write_models(tmp_path, texts)
    for seed in (0, 2):
        shutil.rmtree(tmp_path / "a0" / f"seed{seed}")
    commands = panel(records, tmp_path).commands
    assert commands.more == 0
    runs = {str(r.folder) for r in records if recommended(r) == texts[0]}
    split = [shlex.split(line) for line in commands.lines]
    assert [(line[2] in runs, line[4]) for line in split] == [(True, "0"), (True, "2")]


def test_made_up_runs_have_no_endpoint_final(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "report"
    assert run(["compare", str(study), "--endpoint", "final", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "scores of these runs are made up or replayed" in said
    assert "--endpoint shared" in said
    assert not out.exists()


def test_made_up_runs_have_no_final_scores(study: Path, tmp_path: Path) -> None:
    read = read_runs(find_runs([study]))
    write_models(tmp_path, recommendations(read)[:2])
    found = panel_or_none(read, tmp_path)
    assert isinstance(found, NoFinalScores)
    assert "made up" in found.reason


def test_the_command_takes_models(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    for path in copied.rglob("run.json"):
        path.write_text(json.dumps(on_a_supernet(json.loads(path.read_text()))))
    texts = recommendations(read_runs(find_runs([copied])))
    write_models(tmp_path / "models", texts[:6])
    odd = changed("preset", "retraining", "\x07", to=1)(card_of(texts[0], 9, 0.5))
    write_card(tmp_path / "models" / "odd", odd)
    command = ["compare", str(copied), "--models", str(tmp_path / "models")]
    assert run(command) == 0
    shown = capsys.readouterr().out
    assert f"model left out: {tmp_path / 'models' / 'odd'}: retraining." in shown
    assert "\x07" not in shown
    page = (copied / "report.html").read_text(encoding="utf-8")
    assert 'id="figure-proxy-final"' in page
    assert (copied / "tables" / "final-scores.csv").is_file()
    assert run(["compare", str(copied), "--models", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_what_untrained_networks_told_is_read_from_the_cards(
    records: list[RunRecord], tmp_path: Path
) -> None:
    text = recommendations(records)[0]
    for seed in (0, 1):
        card = card_of(text, seed, 0.5) | {"untrained": {"gradient_norm": 2.0, "snip": 3.0 + seed}}
        write_card(tmp_path / f"seed{seed}", card)
    found = panel(records, tmp_path)
    (point,) = found.points
    assert (point.gradient_norm, point.snip) == (2.0, 3.5)
    # A training of a version that did not keep it: then it is not known of the architecture.
    write_card(tmp_path / "seed2", card_of(text, 2, 0.5))
    (point,) = panel(records, tmp_path).points
    assert (point.gradient_norm, point.snip) == (None, None)
