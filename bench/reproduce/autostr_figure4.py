"""AutoSTR, Figure 4: accuracy against multiply-adds and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.reproduce.beside_baselines import EVALUATION, FEW, FOUND, MANY, beside_baselines, chosen
from bench.reproduce.ends import end_of
from bench.reproduce.entry import AUTOSTR, DATA, Check, Entry, Recipe, Reproduction
from bench.reproduce.evaluated import evaluated_in
from bench.reproduce.study_file import CPU, CPU_TRAINING, TINY, TINY_TRAINING
from bench.reproduce.targets import EXTRA, TARGETS, words_of
from bench.reproduce.targets import NEEDS as TARGET_NEEDS

#: The paper plots SAR, CA-FCN, ESIR and SCRN too, which are no baselines here.
BASELINES = ("aster", "all-k5e6", "autostr-iiit5k", "crnn")
BESIDE = "aster"
PICTURE = "accuracy-cost.svg"
TARGET = "IIIT5K"
NEEDS = {
    name: TARGET_NEEDS[name] for name in ("mj.lmdb", "st.lmdb", TARGETS[TARGET], EXTRA, "sets")
}


def _recipe(
    preset: str, settings: Sequence[str], training: Sequence[str], words: int = MANY
) -> Recipe:
    """On rendered words, with the preset's own data."""
    own = chosen(training)
    search = (*chosen(settings), *own)
    return beside_baselines("autostr", preset, BASELINES, search, own, words=words)


def _read(folder: Path) -> Reproduction:
    evaluated = evaluated_in(folder / EVALUATION)
    rows = []
    for model in evaluated.models:
        accuracy, low, high = (100.0 * share for share in model.all_words)
        rows.append(
            (model.name, f"{accuracy:.1f} ({low:.1f} to {high:.1f})", f"{model.macs / 1e6:.1f}",
             f"{model.backbone_params / 1e6:.3f}", f"{model.params / 1e6:.3f}")
        )  # fmt: skip
    # At the space's own widths, as ASTER's are.
    full, aster = end_of(folder / "run"), evaluated.model(BESIDE)
    checks = [
        Check("What is found reads better than ASTER's backbone",
              evaluated.difference(FOUND, BESIDE)),
        Check("at full width its backbone has fewer multiply-adds and fewer parameters",
              holds=full.macs < aster.macs and full.params < aster.backbone_params),
    ]  # fmt: skip
    columns = ("model", "accuracy, % (of words)", "multiply-adds of the backbone, M",
               "its params, M", "params in all, M")  # fmt: skip
    notes = (
        f"{PICTURE}: the figure. Sizes are those of the models as they were trained: what is found "
        "has the widths of the preset, which at scale cpu are a quarter; baselines have their own.",
        f"At full width what is found has {full.macs / 1e6:.1f} M multiply-adds and "
        f"{full.params / 1e6:.3f} M parameters.",
        "One training of each: the intervals are those of the words.",
    )
    words = f"{evaluated.words:,} words"
    return Reproduction(
        columns, rows, checks, notes, {PICTURE: evaluated.picture(words)}, sizes=False
    )


ENTRY = Entry(
    "autostr-figure4",
    AUTOSTR,
    "Figure 4",
    "On IIIT5K what is found reads better than other methods, with far fewer multiply-adds and "
    "parameters.",
    {
        "tiny": _recipe("tiny", TINY, TINY_TRAINING, FEW),
        "cpu": _recipe("cpu", CPU, CPU_TRAINING),
        "paper": beside_baselines(
            "autostr", "paper", BASELINES, words_of(TARGET), words_of(TARGET),
            sets=(f"{DATA}/sets/{TARGET}",), needs=NEEDS,
        ),
    },
    _read,
)  # fmt: skip
