"""How well proxy scores predict final ones, and what recommendations are worth when trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.look import Look
from bench.report.figures.proxy import proxy_figure
from bench.report.formatting import value_text
from bench.report.model import Block, Bullets, Column, Figure, Fold, Refused, Section, Table, Text
from bench.report.plain import entries, number_of, part, reason_of

TITLE = "Proxy against final score"
PANEL = (
    Column("architecture", "architecture", "code"),
    Column("recommended_by", "recommended by"),
    Column("proxy", "proxy score", "score"),
    Column("proxy_runs", "runs that know it", "count"),
    Column("final", "final score, mean", "score"),
    Column("sd", "sd", "score"),
    Column("seeds", "seeds", "count"),
    Column("images", "images, a training", "compact"),
    Column("scores", "final scores", paged=False),
)
QUALITY = (Column("what", "statistic"), Column("value", "value", "number"))
NAMES = {
    "tau": "Kendall's tau-b",
    "tau_error_of_chance": "its standard error by chance",
    "ceiling": "tau-b between two seeds",
    "tau_corrected": "tau-b freed of the noise of seeds",
    "sizes": "tau-b of",
    "lead": "lead over the better of these",
    "top_k": "precision of the top",
    "regret": "regret of the top",
}
SEARCHERS = (
    Column("searcher", "searcher"),
    Column("final", "final score", "score"),
    Column("retrained", "recommendations trained", "count"),
    Column("runs", "of runs", "count"),
    Column("architectures", "different ones", "count"),
)
TRAININGS = (
    Column("architecture", "architecture", "code"),
    Column("seed", "seed", "count"),
    Column("final", "final score", "score"),
    Column("images", "images", "compact"),
    Column("folder", "model", "code"),
)
LEFT_OUT = (Column("model", "model", "code"), Column("reason", "reason"))
COMMANDS = (Column("command", "command", "code"),)


def proxy_final(analysis: Mapping[str, Any], look: Look) -> Section:
    """Rank agreement, the panel, final scores by searcher, and what there is left to train."""
    found = analysis.get("proxy_final")
    reason = reason_of(found)
    if reason or not isinstance(found, Mapping):
        refused: Block = Refused(TITLE, reason or "this analysis does not hold it")
        return Section("proxy", TITLE, [refused, *_rest(part(analysis, "proxy_final"))])
    blocks: list[Block] = []
    if better := found.get("better_than_size"):
        blocks.append(Text(value_text(better)))
    if notes := found.get("notes"):
        blocks.append(Bullets([value_text(note) for note in notes]))
    return Section("proxy", TITLE, [*blocks, *_panel(found, look), *_finals(found), *_rest(found)])


def _panel(found: Mapping[str, Any], look: Look) -> list[Block]:
    points = [
        {**point, "seeds": len(point.get("seeds") or ())} for point in entries(found.get("points"))
    ]
    panel = Table("proxy-final", "The panel", PANEL, points)
    tau = found.get("tau")
    if (reason := reason_of(tau)) and number_of(tau) is None:
        return [Refused("Agreement of proxy and final score", reason), panel]
    rows = [row for key in NAMES if key in found for row in _quality(key, found[key])]
    quality = Table("proxy-quality", "How well the proxy ranks", QUALITY, rows)
    drawn = proxy_figure(found, look)
    if drawn is None:
        return [Refused(TITLE, "no architecture has both scores"), quality, panel]
    caption = (
        "Proxy score and mean final score of every architecture of the panel, in the colour of the "
        "searcher that recommended it; bars reach from its lowest seed to its highest."
    )
    return [quality, Figure("proxy-final", caption, drawn, (panel,))]


def _quality(key: str, value: object) -> list[dict[str, Any]]:
    """A statistic a row; top-k precision and regret may come for several k."""
    if not isinstance(value, Mapping) or number_of(value) is not None or reason_of(value):
        return [{"what": NAMES[key], "value": value}]
    return [{"what": f"{NAMES[key]} {inner}", "value": entry} for inner, entry in value.items()]


def _finals(found: Mapping[str, Any]) -> list[Block]:
    rows = [
        {**row, "final": reason_of(row.get("final")) if not row.get("retrained") else row["final"]}
        for row in entries(found.get("searchers"))
    ]
    if not rows:
        return []
    table = Table("final-scores", "Final scores by searcher", SEARCHERS, rows)
    text = (
        "Final scores by searcher: the mean over those of its runs whose recommendation was "
        "trained from scratch. Runs that recommend the same architecture share its trainings."
    )
    trainings = Table(
        "trainings", "Every training from scratch", TRAININGS, entries(found.get("trainings"))
    )
    return [Text(text), table, Fold("Every training from scratch", [trainings])]


def _rest(found: object) -> list[Block]:
    """Models that do not belong, and commands that train what is lacking."""
    blocks: list[Block] = []
    left_out = entries(part(found, "left_out"))
    if left_out:
        table = Table("models-left-out", "Models left out", LEFT_OUT, left_out)
        blocks += [Text("Models that do not belong here, and why:"), table]
    commands = part(found, "commands")
    lines = part(commands, "lines") or []
    if lines:
        more = number_of(part(commands, "more")) or 0
        text = "Commands that train what lacks seeds"
        text += f", the first {len(lines)} of {len(lines) + more:.0f}:" if more else ":"
        rows = [{"command": line} for line in lines]
        blocks += [Text(text), Table("retraining", "Commands", COMMANDS, rows)]
    return blocks
