"""AutoSTR, Table 5: two downsampling paths, two default operations, both steps."""

from __future__ import annotations

from pathlib import Path

from bench.reproduce.ends import End, difference, ends_of, spread
from bench.reproduce.entry import AUTOSTR, Check, Entry, Reproduction
from bench.reproduce.study_file import CPU, PAPER_DATA, PAPER_SET, TINY, study_recipe, study_text

OPERATIONS = ("residual", "k3e1")
PATHS = ("AABBB", "ABABB")
#: Path and default operation -> step 1's accuracy on IIIT5K in per cent; path -> step 2's.
FIRST = {("AABBB", "residual"): 92.5, ("AABBB", "k3e1"): 91.3,
         ("ABABB", "residual"): 93.1, ("ABABB", "k3e1"): 92.0}  # fmt: skip
SECOND = {"AABBB": 93.9, "ABABB": 94.7}
ARMS = {
    f"{operation}-{path}": (
        "autostr",
        (f"searcher.autostr.operation={operation}", f"searcher.autostr.path={path}"),
    )
    for operation in OPERATIONS
    for path in PATHS
}
QUESTION = (
    "Does step 1 rank AABBB and ABABB alike with either default operation, and does step 2 follow?"
)


def _first(end: End) -> float | None:
    """Step 1's accuracy of the path of step 2, on search_val."""
    for row in end.tables.get("steps") or ():
        score = row.get("score")
        if row.get("step") == 1 and isinstance(score, int | float):
            return float(score)
    return None


def _read(folder: Path) -> Reproduction:
    ends = ends_of(folder / "study")
    rows = []
    for path in PATHS:
        for operation in OPERATIONS:
            own = ends[f"{operation}-{path}"]
            rows.append(
                (
                    path,
                    operation,
                    spread([_first(end) for end in own], 1, 100.0),
                    spread([end.accuracy for end in own], 1, 100.0),
                    f"{len(own)}",
                    f"{FIRST[path, operation]}",
                    f"{SECOND[path]}",
                )
            )
    checks = []
    for operation in OPERATIONS:
        late, early = ends[f"{operation}-ABABB"], ends[f"{operation}-AABBB"]
        checks += [
            Check(f"Step 1 with {operation}: ABABB above AABBB", difference(late, early, _first)),
            Check(
                f"step 2 after {operation}: ABABB above AABBB",
                difference(late, early, lambda end: end.accuracy),
            ),
        ]
    columns = ("path", "default operation", "step 1, %", "step 2, %", "runs",
               "printed: step 1", "step 2")  # fmt: skip
    notes = (
        "Step 1: word accuracy on search_val with the weights of the search (Eq. 2). Step 2: that "
        "of what it recommends on test, by the study's endpoint.",
        "The copy of the paper at hand is damaged where step 2 of AABBB is printed: 93.9 is a "
        "reading.",
    )
    return Reproduction(columns, rows, checks, notes)


ENTRY = Entry(
    "autostr-table5",
    AUTOSTR,
    "Table 5",
    "ABABB is the better path in step 1 whatever the default operation, and step 2 finds a better "
    "architecture on it.",
    {
        "tiny": study_recipe(study_text("autostr-table5", QUESTION, "tiny", 2, ARMS, TINY)),
        "cpu": study_recipe(study_text("autostr-table5", QUESTION, "cpu", 3, ARMS, CPU)),
        "paper": study_recipe(
            study_text("autostr-table5", QUESTION, "paper", 3, ARMS, PAPER_SET, 3),
            needs=PAPER_DATA,
        ),
    },
    _read,
)
