"""The paper's target sets, each searched for by itself (AutoSTR, section 4.2)."""

from __future__ import annotations

from bench.reproduce.entry import DATA

#: The target sets with the words that architectures are chosen on. SVTP has none of its own.
TARGETS = {
    "IIIT5K": "iiit5k-val.lmdb",
    "SVT": "svt-val.lmdb",
    "IC03": "ic03-val.lmdb",
    "IC13": "ic13-val.lmdb",
    "SVTP": "ic15-val.lmdb",
    "IC15": "ic15-val.lmdb",
}
#: Added to the words of each target, so that few words do not lead astray.
EXTRA = "coco.lmdb"
NEEDS = {
    "mj.lmdb": "MJSynth",
    "st.lmdb": "SynthText",
    EXTRA: "the training words of COCO-Text",
    **{name: f"validation words for {target}" for target, name in TARGETS.items()},
    "sets": "the folder of test sets, by name",
}
TRAIN = ("--search-train", f"{DATA}/mj.lmdb", "--search-train", f"{DATA}/st.lmdb")


def words_of(target: str) -> tuple[str, ...]:
    """Options of a command: all words of one target set."""
    chosen = ("--search-val", f"{DATA}/{TARGETS[target]}", "--search-val", f"{DATA}/{EXTRA}")
    return (*TRAIN, *chosen, "--test", f"{DATA}/sets/{target}")
