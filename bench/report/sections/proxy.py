"""How well proxy scores predict final ones, and what recommendations are worth when trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.comparison.answers import Missing
from bench.comparison.final_scores import Agreement, FinalScores, NoFinalScores
from bench.comparison.retraining import Commands
from bench.comparison.trainings import LeftOut
from bench.report.figures.legend import Legend
from bench.report.figures.proxy import proxy_figure
from bench.report.model import (
    Block,
    Bullets,
    Column,
    Figure,
    Fold,
    Refused,
    Row,
    Section,
    Table,
    Text,
)
from bench.statistics.answers import NotComputable

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
    "rivals": "tau-b of",
    "lead": "lead over the best of these",
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


def proxy_final(found: FinalScores | NoFinalScores, legend: Legend) -> Section:
    """Rank agreement, the panel, final scores by searcher, and what there is left to train."""
    rest = _rest(found.left_out or (), found.commands)
    if isinstance(found, NoFinalScores):
        return Section("proxy", TITLE, [Refused(TITLE, found.reason), *rest])
    blocks: list[Block] = []
    if isinstance(found.agreement, Agreement):
        blocks.append(Text(found.agreement.better_than_rival))
    blocks.append(Bullets(found.notes))
    return Section("proxy", TITLE, [*blocks, *_panel(found, legend), *_finals(found), *rest])


def _panel(found: FinalScores, legend: Legend) -> list[Block]:
    points = [{**vars(point), "seeds": len(point.seeds)} for point in found.points]
    panel = Table("proxy-final", "The panel", PANEL, points)
    answers = found.agreement
    lacking = answers if isinstance(answers, Missing) else answers.tau
    if isinstance(lacking, NotComputable) and lacking.value is None:
        return [Refused("Agreement of proxy and final score", lacking.reason), panel]
    rows = [row for key, name in NAMES.items() for row in _quality(name, getattr(answers, key))]
    quality = Table("proxy-quality", "How well the proxy ranks", QUALITY, rows)
    caption = (
        "Proxy score and mean final score of every architecture of the panel, in the colour of the "
        "searcher that recommended it; bars reach from its lowest seed to its highest."
    )
    drawn = proxy_figure(found.points, legend)
    return [quality, Figure("proxy-final", caption, drawn, (panel,))]


def _quality(name: str, value: object) -> list[Row]:
    """A statistic a row; some come for several rivals, or for several k."""
    if not isinstance(value, Mapping):
        return [{"what": name, "value": value}]
    return [{"what": f"{name} {inner}", "value": entry} for inner, entry in value.items()]


def _finals(found: FinalScores) -> list[Block]:
    rows = [
        {**vars(row), "final": row.final.reason if isinstance(row.final, Missing) else row.final}
        for row in found.searchers
    ]
    table = Table("final-scores", "Final scores by searcher", SEARCHERS, rows)
    text = (
        "Final scores by searcher: the mean over those of its runs whose recommendation was "
        "trained from scratch. Runs that recommend the same architecture share its trainings."
    )
    every = [vars(training) for training in found.trainings]
    trainings = Table("trainings", "Every training from scratch", TRAININGS, every)
    return [Text(text), table, Fold("Every training from scratch", [trainings])]


def _rest(left_out: Sequence[LeftOut], commands: Commands | None) -> list[Block]:
    """Models that do not belong, and commands that train what is lacking."""
    blocks: list[Block] = []
    if left_out:
        rows = [vars(model) for model in left_out]
        table = Table("models-left-out", "Models left out", LEFT_OUT, rows)
        blocks += [Text("Models that do not belong here, and why:"), table]
    if commands is not None and commands.lines:
        shown, more = len(commands.lines), commands.more
        text = "Commands that train what lacks seeds"
        text += f", the first {shown} of {shown + more}:" if more else ":"
        lines = [{"command": line} for line in commands.lines]
        blocks += [Text(text), Table("retraining", "Commands", COMMANDS, lines)]
    return blocks
