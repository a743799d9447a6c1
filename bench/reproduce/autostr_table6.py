"""AutoSTR, Table 6: the regulariser's exponent beta against accuracy, FLOPs and parameters."""

from __future__ import annotations

from pathlib import Path

from bench.reproduce.ends import difference, ends_of, spread
from bench.reproduce.entry import AUTOSTR, Check, Entry, Reproduction
from bench.reproduce.study_file import CPU, PAPER_DATA, PAPER_SET, TINY, study_recipe, study_text

#: beta -> accuracy on IIIT5K in per cent, FLOPs (multiply-adds) and parameters in millions.
PRINTED = {0.0: (94.6, 319, 3.82), 0.3: (94.5, 298, 3.40), 0.6: (94.7, 256, 2.36),
           0.9: (93.5, 149, 1.32)}  # fmt: skip
#: Step 2 of the paper, on the path that its step 1 found.
ARMS = {
    f"beta-{beta}": (
        "proxyless",
        ("searcher.proxyless.path=ABABB", f"searcher.proxyless.regulariser_beta={beta}"),
    )
    for beta in PRINTED
}
QUESTION = "What does the exponent of the regulariser on multiply-adds cost in accuracy?"


def _read(folder: Path) -> Reproduction:
    ends = ends_of(folder / "study")
    rows = []
    for beta, (accuracy, flops, params) in PRINTED.items():
        own = ends[f"beta-{beta}"]
        rows.append(
            (
                f"{beta}",
                spread([end.accuracy for end in own], 1, 100.0),
                spread([end.macs for end in own], 2, 1e-6),
                spread([end.params for end in own], 3, 1e-6),
                f"{len(own)}",
                f"{accuracy}",
                f"{flops}",
                f"{params:.2f}",
            )
        )
    none, middle, most = (ends[f"beta-{beta}"] for beta in (0.0, 0.6, 0.9))
    checks = [
        Check(
            "Fewer multiply-adds at beta 0.6 than at 0 (in millions)",
            difference(middle, none, lambda end: end.macs / 1e6),
            -1,
        ),
        Check(
            "fewer at 0.9 than at 0.6",
            difference(most, middle, lambda end: end.macs / 1e6),
            -1,
        ),
        Check(
            "lower accuracy at 0.9 than at 0.6 (in points)",
            difference(
                most, middle, lambda end: None if end.accuracy is None else 100.0 * end.accuracy
            ),
            -1,
        ),
    ]
    columns = (
        "beta", "accuracy, %", "multiply-adds, M", "params, M", "runs",
        "printed: accuracy", "FLOPs, M", "params, M",
    )  # fmt: skip
    return Reproduction(columns, rows, checks)


ENTRY = Entry(
    "autostr-table6",
    AUTOSTR,
    "Table 6",
    "Up to beta 0.6 the regulariser takes a fifth of the multiply-adds and no accuracy; at 0.9 "
    "half of them are gone, and 1.2 points.",
    {
        "tiny": study_recipe(study_text("autostr-table6", QUESTION, "tiny", 2, ARMS, TINY)),
        "cpu": study_recipe(study_text("autostr-table6", QUESTION, "cpu", 3, ARMS, CPU)),
        "paper": study_recipe(
            study_text("autostr-table6", QUESTION, "paper", 3, ARMS, PAPER_SET, 3),
            needs=PAPER_DATA,
        ),
    },
    _read,
)
