"""STR-NAS slides: probabilities of the candidates after the search, rectifier and extractor."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

from bench.records.errors import RecordError
from bench.reproduce.entry import OUT, SLIDES, Check, Entry, Recipe, Reproduction
from bench.reproduce.study_file import CPU, TINY
from bench.statistics.intervals import unpaired_difference
from spaces.files import read_object

PARTS = ("rectifier", "extractor")
NORMAL = ("skip", "k3e3", "k5e3", "k7e3", "k3e6", "k5e6", "k7e6")
#: Part -> the cell -> its candidates' probabilities as printed: the first cell, the first normal
#: and the first reduction cell.
PRINTED: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "rectifier": {
        "first": {"k3": 0.334, "k5": 0.334, "k7": 0.321},
        "normal": dict(zip(NORMAL, (0.140, 0.142, 0.147, 0.138, 0.137, 0.150, 0.146), strict=True)),
        "reduction": dict(zip(NORMAL[1:], (0.176, 0.166, 0.174, 0.152, 0.166, 0.166), strict=True)),
    },
    "extractor": {
        "first": {"k3": 0.033, "k5": 0.95, "k7": 0.016},
        "normal": dict(zip(NORMAL, (0.009, 0.009, 0.036, 0.379, 0.011, 0.022, 0.534), strict=True)),
        "reduction": dict(zip(NORMAL[1:], (0.012, 0.012, 0.256, 0.016, 0.018, 0.686), strict=True)),
    },
}


def _recipe(preset: str, seeds: int, settings: tuple[str, ...]) -> Recipe:
    chosen = [word for each in settings for word in ("--set", each)]
    return Recipe(
        tuple(
            ("run", "--searcher", "proxyless", "--preset", preset, "--space", "strnas",
             "--part", part, "--seed", str(seed), "--out", f"{OUT}/{part}-{seed}", *chosen,
             # Both parts from fresh weights, so that how decided they are can be compared.
             "--set", "supernet.start=",
             *(("--set", "recogniser.rectifier=none") if part == "rectifier" else ()))
            for part in PARTS
            for seed in range(seeds)
        )
    )  # fmt: skip


def _read(folder: Path) -> Reproduction:
    rows: list[tuple[str, ...]] = []
    undecided: dict[str, list[float]] = {}
    for part in PARTS:
        runs = [_cells(path) for path in sorted(folder.glob(f"{part}-*/result.json"))]
        if not runs:
            raise RecordError(
                f"{folder}: no run of the {part} is there: run the same command again"
            )
        undecided[part] = [sum(map(_evenness, run)) / len(run) for run in runs]
        for kind, printed in PRINTED[part].items():
            first = next((cell for cell in runs[0] if _kind(cell) == kind), {})
            rows.append(
                (
                    part,
                    f"first {kind}" if kind != "first" else "first",
                    _listed(first),
                    f"{_evenness(first):.2f}" if first else "-",
                    _listed(printed),
                    f"{_evenness(printed):.2f}",
                )
            )
    checks = [
        Check(
            "Cells of the extractor are decided more than those of the rectifier (evenness)",
            unpaired_difference(undecided["extractor"], undecided["rectifier"]),
            -1,
        )
    ]
    notes = (
        "Evenness: entropy by that of equal probabilities, 1 where nothing was decided; the check "
        "compares its mean over all cells. Cells shown are those of seed 0.",
    )
    columns = ("part", "cell", "probabilities", "evenness", "printed", "evenness of these")
    return Reproduction(columns, rows, checks, notes)


def _cells(path: Path) -> list[dict[str, float]]:
    """Probabilities of each cell's own candidates, first to last."""
    try:
        layers: list[dict[str, Any]] = read_object(path)["tables"]["operations"]
        return [
            {name: float(p) for name, p in layer["probabilities"].items() if p > 0.0}
            for layer in layers
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{path} has no probabilities: run the same command again") from error


def _kind(cell: Mapping[str, float]) -> str:
    if set(cell) <= set(PRINTED["rectifier"]["first"]):
        return "first"
    return "normal" if "skip" in cell or "identity" in cell else "reduction"


def _evenness(cell: Mapping[str, float]) -> float:
    if len(cell) < 2:
        return 0.0
    total = sum(cell.values())
    shares = [value / total for value in cell.values() if value > 0.0]
    return -sum(share * log(share) for share in shares) / log(len(cell))


def _listed(cell: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in cell.items()) or "-"


ENTRY = Entry(
    "strnas-cells",
    SLIDES,
    "probabilities of first, normal and reduction cells",
    "After the search the rectifier's candidates are about as probable as each other; the "
    "extractor's first cells have decided, mostly for 7x7.",
    {
        "tiny": _recipe("tiny", 2, TINY),
        "cpu": _recipe("strnas-cpu", 3, CPU),
        "paper": _recipe("strnas", 3, ()),
    },
    _read,
)
