"""STR-NAS slides: the three settings of the search, with latency, without, and slower."""

from __future__ import annotations

from pathlib import Path

from bench.reproduce.ends import difference, ends_of, spread
from bench.reproduce.entry import OUT, SLIDES, Check, Entry, Recipe, Reproduction
from bench.reproduce.study_file import CPU, TINY, study_recipe, study_text

LATENCY = "latency.json"
#: Name -> accuracy on IIIT5K in per cent and parameters of the whole model in millions, as printed.
PRINTED = {"nas1": (84.967, 21.332), "nas2": (85.000, 18.923), "nas3": (85.667, 16.821)}
WHAT = {
    "nas1": "ProxylessNAS's hyperparameters, latency in the loss",
    "nas2": "without latency",
    "nas3": "without latency, lower learning rates",
}
QUESTION = "Which of the slides' three settings searches best?"


def arms(weights_rate: float, architecture_rate: float) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The settings; rates are the preset's, of which ``nas3`` has a tenth (the slides print none).

    The weight of the latency, which they do not print either, is preset ``strnas-latency``'s.
    """
    lower = (
        f"trainer.learning_rate={weights_rate / 10}",
        f"searcher.proxyless.learning_rate={architecture_rate / 10}",
    )
    return {
        "nas1": ("proxyless", ("searcher.proxyless.latency_weight=0.1",)),
        "nas2": ("proxyless", ()),
        "nas3": ("proxyless", lower),
    }


def settings_recipe(
    name: str, preset: str, seeds: int, rates: tuple[float, float], repetitions: int,
    settings: tuple[str, ...], final_seeds: int = 0, after: tuple[tuple[str, ...], ...] = (),
) -> Recipe:  # fmt: skip
    """Measure latencies, then the study of the three settings."""
    table = f"{OUT}/{LATENCY}"
    measure = ("latency", "measure", table, "--space", "strnas", "--part", "extractor",
               "--repetitions", str(repetitions))  # fmt: skip
    shared = (f'run.latency_table="{table}"', *settings)
    text = study_text(name, QUESTION, preset, seeds, arms(*rates), shared, final_seeds)
    # Measured again it is another table, and the runs that began with it could not go on.
    return study_recipe(text, before=(measure,), after=after, once={measure: table})


def _read(folder: Path) -> Reproduction:
    ends = ends_of(folder / "study")
    rows = [
        (
            name,
            WHAT[name],
            spread([end.accuracy for end in ends[name]], 1, 100.0),
            spread([end.macs for end in ends[name]], 1, 1e-6),
            spread([end.params for end in ends[name]], 2, 1e-6),
            f"{len(ends[name])}",
            f"{accuracy}",
            f"{params}",
        )
        for name, (accuracy, params) in PRINTED.items()
    ]
    checks = [
        Check(
            f"nas3 reads better than {other}",
            difference(ends["nas3"], ends[other], lambda end: end.accuracy),
        )
        for other in ("nas1", "nas2")
    ] + [
        Check(
            f"nas3 has fewer parameters than {other} (in millions)",
            difference(ends["nas3"], ends[other], lambda end: end.params / 1e6),
            -1,
        )
        for other in ("nas1", "nas2")
    ]
    columns = ("", "setting", "accuracy, %", "multiply-adds, M", "params, M", "runs",
               "printed: accuracy, IIIT5K", "params of the model, M")  # fmt: skip
    notes = (
        "Parameters here are those of the extractor; the slides' are of whole models. Rates, and "
        "the weight of the latency, are not printed in the slides.",
    )
    return Reproduction(columns, rows, checks, notes)


TINY_SPACE = ("space.name=strnas", "space.part=extractor", *TINY)
ENTRY = Entry(
    "strnas-settings",
    SLIDES,
    "the three settings",
    "Without latency in the loss and with lower learning rates the search finds the best model, "
    "and the smallest.",
    {
        "tiny": settings_recipe("strnas-settings", "tiny", 2, (2e-3, 1e-3), 1, TINY_SPACE),
        "cpu": settings_recipe("strnas-settings", "strnas-cpu", 3, (5e-4, 0.02), 20, CPU),
        "paper": settings_recipe("strnas-settings", "strnas", 3, (1.0, 1e-3), 50, ()),
    },
    _read,
)
