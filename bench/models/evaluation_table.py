"""An evaluation as tables: one of each model, and all of them beside the papers' rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from bench.models.evaluation import Evaluation, ModelScores, SetScores
from bench.models.evaluation_pairs import CAVEAT, pairs
from bench.models.published import MISPRINTED, PARAMS, PUBLISHED, TIME, Published
from bench.records.readable import readable
from bench.report.markdown import escaped
from bench.statistics.answers import Estimate

MISSING = "missing"
NONE = "-"
AVERAGE = "average over words"


@dataclass(frozen=True)
class TextTable:
    """Headings and rows of text; the first column names the row, the others hold figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def parts(self, width: int) -> list[TextTable]:
        """The same, ``width`` columns of figures in each at most, without rows that have none."""
        count = len(self.columns) - 1
        per_part = ceil(count / ceil(count / width))
        starts = range(1, count + 1, per_part)
        return [
            TextTable(
                (self.columns[0], *self.columns[start : start + per_part]),
                tuple(
                    (row[0], *figures)
                    for row in self.rows
                    if set(figures := row[start : start + per_part]) != {NONE}
                ),
            )
            for start in starts
        ]


def names_of(rows: Sequence[ModelScores]) -> list[str]:
    """The folder's name of each model; its path where two have the same."""
    names = [row.trained.folder.resolve().name for row in rows]
    often = Counter(names)
    return [
        readable(name if often[name] == 1 else str(row.trained.folder))
        for name, row in zip(names, rows, strict=True)
    ]


def facts_of(row: ModelScores) -> dict[str, str]:
    """What a model is."""
    model, card = row.trained.model, row.trained.card
    facts = {"model": readable(str(row.trained.folder)), "recogniser": model.description.name}
    facts["seed"] = str(card.seed)
    facts["preset"] = readable(card.preset_name)
    characters = f"{len(model.charset)} characters, words of at most "
    facts["reads"] = f"{characters}{model.description.max_length}"
    facts["parameters"] = f"{model.params / 1e6:.3f} x 10^6"
    facts["ms/image"] = _latency(row)
    return facts


def score_table(evaluation: Evaluation, row: ModelScores) -> TextTable:
    """The sets of one model in rows, missing ones too, and the average over all words."""
    scores = {each.test_set.title: each for each in row.scores}
    rows = [_score_row(title, scores.get(title)) for title in evaluation.sets.titles()]
    if len(scores) > 1 or evaluation.sets.missing:
        rows.append(_average_row(evaluation, row))
    return TextTable(("set", "words", "accuracy, %", "95 % interval", "1-NED, %"), tuple(rows))


def comparison(evaluation: Evaluation) -> TextTable:
    """Models, then the papers' methods, in rows; accuracies in per cent."""
    titles = [each.title for each in evaluation.sets.found]
    rows = [
        (
            name,
            *(_percent(each.accuracy.value) for each in row.scores),
            NONE if row.latency is None else f"{row.latency.ms:.1f}",
            f"{row.trained.model.params / 1e6:.3f}",
        )
        for name, row in zip(names_of(evaluation.rows), evaluation.rows, strict=True)
    ]
    source = ""
    for published in published_on(titles):
        if published.source != source:
            source = published.source
            rows.append((f"published: {source}", *[""] * (len(titles) + 2)))
        rows.append(_published_row(published, titles))
    return TextTable(("word accuracy, %", *titles, TIME, PARAMS), tuple(rows))


def pair_table(evaluation: Evaluation) -> TextTable:
    """Each two models: what only one of them reads, and whether that is more than chance."""
    names = names_of(evaluation.rows)
    rows = [
        (
            f"{names[pair.first]} - {names[pair.second]}",
            f"{100.0 * pair.found.difference.value:+.1f}",
            f"{100.0 * pair.found.difference.low:+.1f} to "
            f"{100.0 * pair.found.difference.high:+.1f}",
            f"{pair.found.only_first:,}",
            f"{pair.found.only_second:,}",
            "< 0.001" if pair.p < 0.001 else f"{pair.p:.3f}",
        )
        for pair in pairs(evaluation)
    ]
    columns = ("difference, %", "%", "95 % interval", "only first", "only second", "p")
    return TextTable(columns, tuple(rows))


def published_on(titles: Sequence[str]) -> list[Published]:
    """The papers' methods that have a figure on one of these sets."""
    return [each for each in PUBLISHED if any(title in each.accuracy for title in titles)]


def notes(evaluation: Evaluation) -> list[str]:
    """What has to be known to read the figures, one sentence or two each."""
    sets = evaluation.sets
    found = [f"Protocol: {evaluation.protocol.name}; 95 % Wilson intervals."]
    if len(evaluation.rows) > 1:
        found.append(CAVEAT)
    if absent := sets.absent():
        found.append(f"No average over words: there is no set of {', '.join(absent)}.")
    found += [f"{each.title}: {each.remark}." for each in sets.found if each.remark]
    found += [
        f"{each.title}: left out {each.unlabelled} without a label and {each.empty} without a "
        f"letter or digit, of {each.samples:,}."
        for each in sets.found
        if each.words < each.samples
    ]
    for name, row in zip(names_of(evaluation.rows), evaluation.rows, strict=True):
        found += _errors(name, row)
    published = published_on([each.title for each in sets.found])
    if not published:
        found.append("The papers' tables have no figure on these sets.")
        return found
    found.append(
        "Published rows are the papers' claims, as printed: other training data (90k: Synth90k, "
        "which is MJSynth; ST: SynthText), times of other devices. † uses boxes of characters."
    )
    if any(each.method == "CRNN" and each.extras for each in published):
        found.append(MISPRINTED)
    return found


def markdown(evaluation: Evaluation) -> str:
    """The same as a page of GitHub's Markdown."""
    lines = ["# Evaluation on test sets", ""]
    for name, row in zip(names_of(evaluation.rows), evaluation.rows, strict=True):
        lines += [f"## {escaped(name)}", ""]
        lines += [f"- {escaped(key)}: {escaped(value)}" for key, value in facts_of(row).items()]
        lines += ["", *_markdown_table(score_table(evaluation, row)), ""]
    if len(evaluation.rows) > 1:
        lines += ["## Beside each other", "", *_markdown_table(pair_table(evaluation)), ""]
    lines += ["## Beside the papers", "", *_markdown_table(comparison(evaluation)), ""]
    lines += [f"- {escaped(note)}" for note in notes(evaluation)]
    return "\n".join(lines) + "\n"


def _markdown_table(table: TextTable) -> list[str]:
    return [
        "| " + " | ".join(escaped(heading) for heading in table.columns) + " |",
        "|" + "|".join(["---", *["---:"] * (len(table.columns) - 1)]) + "|",
        *("| " + " | ".join(escaped(cell) for cell in row) + " |" for row in table.rows),
    ]


def _score_row(title: str, scores: SetScores | None) -> tuple[str, ...]:
    if scores is None:
        return title, NONE, MISSING, NONE, NONE
    found = scores.accuracy
    return (
        title,
        f"{found.n:6,}",
        _percent(found.value),
        _interval(found),
        _percent(scores.one_ned),
    )


def _average_row(evaluation: Evaluation, row: ModelScores) -> tuple[str, ...]:
    if evaluation.sets.absent():
        return AVERAGE, NONE, MISSING, NONE, NONE
    found = row.average(evaluation.sets.counted_once())
    return AVERAGE, f"{found.n:6,}", _percent(found.value), _interval(found), NONE


def _published_row(published: Published, titles: Sequence[str]) -> tuple[str, ...]:
    return (
        f"{published.method} ({published.data})",
        *(published.accuracy.get(title, NONE) for title in titles),
        published.extras.get(TIME, NONE),
        published.extras.get(PARAMS, NONE),
    )


def _errors(name: str, row: ModelScores) -> list[str]:
    longest = row.trained.model.description.max_length
    found = []
    for each in row.scores:
        parts = []
        if each.unreadable:
            parts.append(f"images that cannot be decoded ({each.unreadable:,})")
        if each.too_long:
            parts.append(f"words longer than the {longest} it reads ({each.too_long:,})")
        if parts:
            found.append(
                f"{name} on {each.test_set.title}: counted as errors, {' and '.join(parts)}."
            )
    return found + [
        f"{name} on {title}: no test, these very words are its {split}."
        for title, split in row.known.items()
    ]


def _latency(row: ModelScores) -> str:
    found = row.latency
    if found is None:
        return "not measured (no crops to be timed)"
    return (
        f"{found.ms:.1f} at batch 1, median of {found.crops} crops (interquartile range "
        f"{found.spread_ms:.1f}); {found.device}, {found.threads} "
        f"thread{'s' if found.threads > 1 else ''}"
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:4.1f}"


def _interval(found: Estimate) -> str:
    return f"{_percent(found.low)} to {_percent(found.high)}"
