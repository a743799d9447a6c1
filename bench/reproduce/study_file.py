"""The text of a study file, for entries that are studies of arms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bench.reproduce.entry import OUT, Recipe

NAME = "study.toml"
#: Runs of seconds: what comes out of them says nothing, and that they come out everything.
TINY = ("run.budget_images=640", "run.evaluation_images=32")
#: Longer than the presets' own, which are for a first look.
CPU = ("run.budget_images=40_000",)
CPU_TRAINING = ("retraining.epochs=0.64",)
TINY_TRAINING = ("retraining.epochs=1", "retraining.rendered_words=64", "retraining.validations=2")
#: AutoSTR's data (section 4.2), as `bench data import` makes it; one target set, IIIT5K.
PAPER_DATA = {
    "mj.lmdb": "MJSynth",
    "st.lmdb": "SynthText",
    "iiit5k-val.lmdb": "the 2,000 validation words of IIIT5K",
    "coco.lmdb": "the training words of COCO-Text",
    "iiit5k.lmdb": "the 3,000 test words of IIIT5K",
}
PAPER_SET = (
    'data.search_train=["{data}/mj.lmdb", "{data}/st.lmdb"]',
    'data.search_val=["{data}/iiit5k-val.lmdb", "{data}/coco.lmdb"]',
    'data.test=["{data}/iiit5k.lmdb"]',
)


def study_recipe(
    text: str,
    before: Sequence[tuple[str, ...]] = (),
    after: Sequence[tuple[str, ...]] = (),
    needs: Mapping[str, str] | None = None,
    once: Mapping[tuple[str, ...], str] | None = None,
) -> Recipe:
    """Write the study, do it, and compare its runs; ``once`` is ``Recipe.once``."""
    study = ("study", f"{OUT}/{NAME}", "--out", f"{OUT}/study")
    commands = (*before, study, ("compare", f"{OUT}/study"), *after)
    return Recipe(commands, once or {}, files={NAME: text}, needs=needs or {})


def study_text(
    name: str,
    question: str,
    preset: str,
    seeds: int,
    arms: Mapping[str, tuple[str, Sequence[str]]],
    settings: Sequence[str] = (),
    final_seeds: int = 0,
) -> str:
    """TOML; ``arms`` maps names to searcher and settings; ``final_seeds`` 0: endpoint shared.

    The others are held against the first arm.
    """
    lines = [
        f"name = {json.dumps(name)}",
        f"question = {json.dumps(question)}",
        f"preset = {json.dumps(preset)}",
        f"seeds = {seeds}",
        f"baseline = {json.dumps(next(iter(arms)))}",
    ]
    if final_seeds:
        lines += ['endpoint = "final"', f"final_seeds = {final_seeds}"]
    if settings:
        lines.append(f"set = {json.dumps(list(settings))}")
    for arm, (searcher, own) in arms.items():
        lines += ["", "[[arms]]", f"name = {json.dumps(arm)}", f"searcher = {json.dumps(searcher)}"]
        if own:
            lines.append(f"set = {json.dumps(list(own))}")
    return "\n".join(lines) + "\n"


def training(
    what: str, preset: str, seeds: int, out: str, settings: Sequence[str], listed: bool = False
) -> tuple[str, ...]:
    """The command that trains ``what``, or what the file of that name lists, with some seeds.

    ``settings`` are those of the study beside it, so that both train on the same words.
    """
    chosen = [word for each in settings for word in ("--set", each)]
    source = ("--from", what) if listed else (what,)
    return ("retrain", *source, "--preset", preset, "--seeds", str(seeds), "--out", out, *chosen)
