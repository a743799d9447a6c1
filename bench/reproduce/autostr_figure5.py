"""AutoSTR, Figures 5 and 6: pictures of what is found, and of the largest operation everywhere."""

from __future__ import annotations

from pathlib import Path

from bench.layers import IMAGE, layers_of
from bench.report.figures.architecture import architecture_figure
from bench.report.figures.canvas import house_style
from bench.report.figures.look import Look
from bench.reproduce.autostr_table4 import LARGEST
from bench.reproduce.ends import ends_of
from bench.reproduce.entry import AUTOSTR, Check, Entry, Outcome
from bench.reproduce.study_file import PAPER_DATA, PAPER_SET, TINY, study_recipe, study_text
from spaces import Architecture, Space, load_space

QUESTION = "What does AutoSTR find?"
ARMS = {"autostr": ("autostr", ())}
#: The five stages of the paper's figure begin where the path downsamples.
STAGES = ("A", "B")
LARGE = ("k5e3", "k5e6", "k3e6")


def _read(folder: Path) -> Outcome:
    ends = ends_of(folder / "study")["autostr"]
    space = load_space("autostr")
    rows, pictures, first, last = [], {}, [], []
    for number, end in enumerate(ends):
        found = space.parse(end.architecture)
        picture = f"autostr-{number}.svg"
        pictures[picture] = _drawn(space, found)
        stages = _stages(space, found)
        first += [operation for stage in stages[:2] for operation in stage]
        last.append(len(stages[-1]))
        rows.append(
            (end.architecture, f"{end.macs / 1e6:.1f}", f"{end.params / 1e6:.2f}",
             f"{sum(name in LARGE for stage in stages[:2] for name in stage)} of "
             f"{sum(map(len, stages[:2]))}", f"{len(stages[-1])}")
        )  # fmt: skip
    pictures["largest.svg"] = _drawn(space, space.parse(LARGEST))
    checks = [
        Check("In the first stages most operations are large and none is a skip",
              holds=_most(first) and "skip" not in first),
        Check("the last stage has one layer", holds=set(last) == {1}),
    ]  # fmt: skip
    columns = ("architecture", "multiply-adds, M", "params, M", "large operations in the first two "
               "stages", "layers of the last stage")  # fmt: skip
    notes = ("largest.svg: MBConv(k:5,e:6) everywhere on ABABB, the paper's Figure 6.",)
    return Outcome(columns, rows, checks, notes, pictures)


def _most(operations: list[str]) -> bool:
    return sum(name in LARGE for name in operations) * 2 > len(operations)


def _stages(space: Space, architecture: Architecture) -> list[list[str]]:
    """Names of the operations from one downsampling layer to before the next."""
    encoding = space.encode([architecture])[0]
    text = space.path_text(encoding[: space.path_length])
    stages: list[list[str]] = [[]]
    for place, code in enumerate(encoding[space.path_length :]):
        if text[place] in STAGES and stages[-1]:
            stages.append([])
        stages[-1].append(space.operations[code])
    return stages


def _drawn(space: Space, architecture: Architecture) -> str:
    with house_style():
        layers = layers_of(space, architecture)
        return architecture_figure(architecture.text, IMAGE[space.name], layers, Look({}, {}))


ENTRY = Entry(
    "autostr-figure5",
    AUTOSTR,
    "Figures 5 and 6",
    "The first stages of what is found prefer large operations such as MBConv(k:5,e:6) and have no "
    "skip; the last stage has one layer.",
    {
        "tiny": study_recipe(study_text("autostr-figure5", QUESTION, "tiny", 2, ARMS, TINY)),
        "cpu": study_recipe(study_text("autostr-figure5", QUESTION, "cpu", 3, ARMS)),
        "paper": study_recipe(
            study_text("autostr-figure5", QUESTION, "paper", 3, ARMS, PAPER_SET), needs=PAPER_DATA
        ),
    },
    _read,
)
