"""AutoSTR, Figures 5 and 6: pictures of what is found, and of the largest operation everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.records.errors import RecordError
from bench.records.layers import IMAGE, layers_of
from bench.records.manifest import FILE_NAME
from bench.report.figures.architecture import architecture_figure
from bench.report.figures.canvas import house_style
from bench.reproduce.autostr_table4 import LARGEST
from bench.reproduce.beside_baselines import RENDERED, chosen
from bench.reproduce.ends import end_of
from bench.reproduce.entry import AUTOSTR, DATA, OUT, Check, Entry, Recipe, Reproduction
from bench.reproduce.study_file import CPU, TINY
from bench.reproduce.targets import NEEDS, TARGETS, words_of
from spaces import Architecture, Space, load_space

#: The five stages of the paper's figure begin where the path downsamples.
STAGES = ("A", "B")
LARGE = ("k5e3", "k5e6", "k3e6")
SKIP = "skip"
#: The second target set, of the user's own words.
CROPS = "crops"


def _runs(
    target: str, preset: str, seeds: int, words: Sequence[str] = ()
) -> tuple[tuple[str, ...], ...]:
    """A search for one target set with each seed."""
    return tuple(
        ("run", "--searcher", "autostr", "--preset", preset, "--seed", str(seed), "--out",
         f"{OUT}/{target}-{seed}", *words)
        for seed in range(seeds)
    )  # fmt: skip


def _paper() -> Recipe:
    commands = [_runs(target, "paper", 1, words_of(target)) for target in TARGETS]
    return Recipe(tuple(word for each in commands for word in each), needs=NEEDS)


def _read(folder: Path) -> Reproduction:
    space = load_space("autostr")
    places = sorted(path for path in folder.glob("*-*") if (path / FILE_NAME).is_file())
    if not places:
        raise RecordError(f"{folder}: no search was done there: run the same command again")
    rows, pictures, first, last = [], {}, [], []
    for place in places:
        end = end_of(place)
        found = space.parse(end.architecture)
        pictures[f"{place.name}.svg"] = _drawn(space, found)
        stages = _stages(space, found)
        early = [operation for stage in stages[:2] for operation in stage]
        first += early
        # A skip is drawn in no figure: it computes nothing.
        last.append(sum(operation != SKIP for operation in stages[-1]))
        target, seed = place.name.rsplit("-", 1)
        rows.append(
            (target, seed, end.architecture, f"{end.macs / 1e6:.1f}", f"{end.params / 1e6:.2f}",
             f"{sum(name in LARGE for name in early)} of {len(early)}",
             f"{early.count(SKIP)}", f"{last[-1]}")
        )  # fmt: skip
    pictures["largest.svg"] = _drawn(space, space.parse(LARGEST))
    checks = [
        Check("In the first stages most operations are large and none is a skip",
              holds=_most(first) and SKIP not in first),
        Check("the last stage has one layer", holds=set(last) == {1}),
    ]  # fmt: skip
    columns = ("target", "seed", "architecture", "multiply-adds, M", "params, M",
               "large operations in the first two stages", "skips there",
               "layers of the last stage, skips aside")  # fmt: skip
    notes = [
        "largest.svg: MBConv(k:5,e:6) everywhere on ABABB, the paper's Figure 6.",
        "Stages begin where the path downsamples; a path of the ten has three layers in the last.",
    ]
    if not any(place.name.startswith((CROPS, *TARGETS)) for place in places):
        notes.append(
            f"Rendered words only. With `--data FOLDER` that has {CROPS}.lmdb, word crops of your "
            "own as `bench data import` makes them, a second search chooses on these."
        )
    return Reproduction(columns, rows, checks, notes, pictures)


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
        return architecture_figure(architecture.text, IMAGE[space.name], layers)


def _recipe(preset: str, seeds: int, settings: Sequence[str] = ()) -> Recipe:
    """Rendered words, and a folder's own crops where one is given."""
    own = chosen(settings)
    rendered = _runs(RENDERED, preset, seeds, own)
    crops = _runs(CROPS, preset, seeds, ("--search-val", f"{DATA}/{CROPS}.lmdb", *own))
    needs = {f"{CROPS}.lmdb": "word crops to choose architectures on"}
    return Recipe(rendered, with_data=Recipe((*rendered, *crops), needs=needs))


ENTRY = Entry(
    "autostr-figure5",
    AUTOSTR,
    "Figures 5 and 6",
    "The first stages of what is found prefer large operations such as MBConv(k:5,e:6) and have no "
    "skip; the last stage has one layer.",
    {"tiny": _recipe("tiny", 2, TINY), "cpu": _recipe("cpu", 3, CPU), "paper": _paper()},
    _read,
)
