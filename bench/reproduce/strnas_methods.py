"""STR-NAS slides, the table of methods: what is found beside seven hand-made recognisers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.models.published import PARAMS, PUBLISHED, TIME
from bench.reproduce.beside_baselines import EVALUATION, FEW, FOUND, MANY, beside_baselines, chosen
from bench.reproduce.entry import DATA, SLIDES, Check, Entry, Recipe, Reproduction
from bench.reproduce.evaluated import EvaluatedModel, evaluated_in
from bench.reproduce.strnas_settings import TINY_SPACE, arms
from bench.reproduce.study_file import CPU, CPU_TRAINING, TINY_TRAINING
from bench.reproduce.targets import NEEDS as TARGET_NEEDS
from bench.reproduce.targets import TRAIN

SOURCE = "STR-NAS slides, methods"
#: Our name -> the slides'.
METHODS = {
    "crnn": "CRNN",
    "rare": "RARE",
    "r2am": "R2AM",
    "star-net": "STAR-Net",
    "grcnn": "GRCNN",
    "rosetta": "Rosetta",
    FOUND: "STR-NAS3",
    "trba": "Best combination",
}
#: Those that read IIIT5K better than what the slides' authors found.
BETTER = ("rare", "star-net", "trba")
BASELINES = tuple(name for name in METHODS if name != FOUND)
#: The ten columns of the slides, as they are called in a folder of test sets.
SETS = ("IIIT5K", "SVT", "IC03-860", "IC03-867", "IC13-857", "IC13-1015", "IC15-1811", "IC15-2077",
        "SVTP", "CUTE80")  # fmt: skip
WORDS = (*TRAIN, "--test", f"{DATA}/sets/IIIT5K")
NEEDS = {
    "mj.lmdb": TARGET_NEEDS["mj.lmdb"],
    "st.lmdb": TARGET_NEEDS["st.lmdb"],
    "sets": f"the folder of the test sets {', '.join(SETS)}",
}


def _recipe(
    preset: str,
    rates: tuple[float, float],
    settings: Sequence[str],
    training: Sequence[str],
    words: int,
    latency_images: int,
) -> Recipe:
    """The slides' third setting, then everything trained and read on rendered words."""
    own = chosen(training)
    search = (*chosen(settings), *chosen(arms(*rates)["nas3"][1]), *own)
    return beside_baselines(
        "proxyless", preset, BASELINES, search, own, latency_images=latency_images, words=words
    )


def _paper() -> Recipe:
    search = (*WORDS, *chosen(arms(1.0, 1e-3)["nas3"][1]))
    sets = (*SETS, "--data", f"{DATA}/sets")
    return beside_baselines(
        "proxyless", "strnas", BASELINES, search, WORDS, sets, NEEDS, latency_images=50
    )


def _read(folder: Path) -> Reproduction:
    evaluated = evaluated_in(folder / EVALUATION)
    titles = list(evaluated.models[0].scores)
    published = {each.method.split(" [")[0]: each for each in PUBLISHED if each.source == SOURCE}
    rows = []
    for name, method in METHODS.items():
        own, printed = evaluated.model(name), published[method]
        rows.append(
            (method, *(f"{100.0 * own.scores[title]:.1f}" for title in titles), _time(own),
             f"{own.params / 1e6:.1f}", printed.accuracy["IIIT5K 3000"], printed.extras[TIME],
             printed.extras[PARAMS])
        )  # fmt: skip
    checks = [
        Check(
            f"What is found reads {'worse' if name in BETTER else 'better'} than {METHODS[name]}",
            evaluated.difference(FOUND, name),
            -1 if name in BETTER else 1,
        )
        for name in BASELINES
    ]
    columns = ("method", *(f"{title}, %" for title in titles), "ms/image", "params, M",
               "printed: IIIT5K", "ms/image", "params, M")  # fmt: skip
    notes = (
        "One training of each: the intervals are those of the words. The hand-made ones have their "
        "papers' size at every scale; what is found has the widths of the preset, which at scale "
        "cpu are a quarter.",
    )
    return Reproduction(columns, rows, checks, notes, sizes=False)


def _time(model: EvaluatedModel) -> str:
    return "-" if model.milliseconds is None else f"{model.milliseconds:.1f}"


ENTRY = Entry(
    "strnas-methods",
    SLIDES,
    "the table of methods",
    "On IIIT5K what is found reads better than CRNN, R2AM, GRCNN and Rosetta, and worse than RARE, "
    "STAR-Net and the best combination, of whose parameters it has a third.",
    {
        "tiny": _recipe("tiny", (2e-3, 1e-3), TINY_SPACE, TINY_TRAINING, FEW, 3),
        "cpu": _recipe("strnas-cpu", (5e-4, 0.02), CPU, CPU_TRAINING, MANY, 50),
        "paper": _paper(),
    },
    _read,
)
