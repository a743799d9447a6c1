"""AutoSTR, Table 4: what is found against the largest operation everywhere."""

from __future__ import annotations

from pathlib import Path

from bench.reproduce.ends import ends_of, spread
from bench.reproduce.entry import AUTOSTR, OUT, Check, Entry, Recipe, Reproduction
from bench.reproduce.study_file import (
    CPU,
    CPU_TRAINING,
    PAPER_DATA,
    PAPER_SET,
    TINY,
    TINY_TRAINING,
    study_recipe,
    study_text,
    training,
)  # fmt: skip
from bench.reproduce.trained import trained_in
from bench.statistics.intervals import unpaired_difference
from spaces import load_space

#: MBConv(k:5,e:6) on every layer of the path ABABB (Figure 6).
LARGEST = "A..B..A..B..B..-555555555555555"
#: Accuracy on IIIT5K in per cent.
PRINTED = {"autostr": 94.7, "all k5e6": 94.5}
QUESTION = "Is what AutoSTR finds better than the largest operation on every layer?"


def _recipe(preset: str, seeds: int, final_seeds: int, settings: tuple[str, ...]) -> Recipe:
    text = study_text(
        "autostr-table4",
        QUESTION,
        preset,
        seeds,
        {"autostr": ("autostr", ())},
        settings,
        final_seeds,
    )
    largest = training(LARGEST, preset, final_seeds, f"{OUT}/largest", settings)
    needs = PAPER_DATA if preset == "paper" else None
    return study_recipe(text, after=(largest,), needs=needs)


def _read(folder: Path) -> Reproduction:
    ends = ends_of(folder / "study")["autostr"]
    largest = trained_in(folder / "largest", load_space("autostr"))
    rows = [
        (
            "autostr",
            spread([end.accuracy for end in ends], 1, 100.0),
            spread([end.macs for end in ends], 2, 1e-6),
            spread([end.params for end in ends], 3, 1e-6),
            f"{len(ends)} runs",
            f"{PRINTED['autostr']}",
        ),
        (
            "all k5e6",
            spread([one.accuracy for one in largest], 1, 100.0),
            spread([one.macs for one in largest[:1]], 2, 1e-6),
            spread([one.params for one in largest[:1]], 3, 1e-6),
            f"{len(largest)} trainings",
            f"{PRINTED['all k5e6']}",
        ),
    ]
    accuracies = [end.accuracy for end in ends if end.accuracy is not None]
    beside = [one.accuracy for one in largest if one.accuracy is not None]
    checks = [
        Check(
            "Higher accuracy than the largest operation everywhere",
            unpaired_difference(accuracies, beside),
        ),
        Check(
            "fewer multiply-adds and parameters, all of them",
            holds=all(
                end.macs < largest[0].macs and end.params < largest[0].params for end in ends
            ),
        ),
    ]
    columns = ("", "accuracy, %", "multiply-adds, M", "params, M", "n", "printed: accuracy, IIIT5K")
    return Reproduction(columns, rows, checks)


ENTRY = Entry(
    "autostr-table4",
    AUTOSTR,
    "Table 4",
    "What is found reads better than MBConv(k:5,e:6) everywhere on four test sets (94.7 against "
    "94.5 % on IIIT5K), with fewer FLOPs and parameters.",
    {
        "tiny": _recipe("tiny", 2, 2, (*TINY, *TINY_TRAINING)),
        "cpu": _recipe("cpu", 3, 3, (*CPU, *CPU_TRAINING)),
        "paper": _recipe("paper", 3, 3, PAPER_SET),
    },
    _read,
)
