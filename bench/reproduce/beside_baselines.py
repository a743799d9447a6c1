"""Commands that search once, train what is found and some baselines, and read words with all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.reproduce.entry import OUT, Recipe

#: The model folder of what the search found, and the folder of the evaluation.
FOUND, EVALUATION = "found", "eval"
RENDERED = "rendered"
#: Words that nobody was trained on, as a set of their own.
WORDS = f"{OUT}/{RENDERED}"
#: What reading takes seconds with, and what a difference of 3 points shows in.
FEW, MANY = 200, 2000


def beside_baselines(
    searcher: str,
    preset: str,
    baselines: Sequence[str],
    search: Sequence[str] = (),
    training: Sequence[str] = (),
    sets: Sequence[str] = (),
    needs: Mapping[str, str] | None = None,
    latency_images: int = 0,
    words: int = MANY,
) -> Recipe:
    """``search`` and ``training`` are further words of the commands that train a search, a model.

    ``sets`` are those of ``bench eval``; without any, ``words`` are rendered.
    """
    rendering = ("data", "render", WORDS, "--split", "test", "--count", str(words),
                 "--max-length", "8")  # fmt: skip
    render = () if sets else (rendering,)
    train = tuple(
        ("baseline", "train", name, "--preset", preset, "--out", f"{OUT}/{name}", *training)
        for name in baselines
    )
    also = tuple(word for name in baselines for word in ("--also", f"{OUT}/{name}"))
    evaluation: tuple[str, ...] = (
        "eval", f"{OUT}/{FOUND}", *(sets or (WORDS,)), *also, "--latency-images",
        str(latency_images), "--out", f"{OUT}/{EVALUATION}",
    )  # fmt: skip
    commands = (
        *render,
        ("run", "--searcher", searcher, "--preset", preset, "--out", f"{OUT}/run", *search),
        ("retrain", f"{OUT}/run", "--seed", "0", "--out", f"{OUT}/{FOUND}", *training),
        *train,
        evaluation,
    )
    once: dict[tuple[str, ...], str] = dict.fromkeys(render, WORDS)
    if latency_images:
        # Measured again they are others.
        once |= {evaluation: f"{OUT}/{EVALUATION}/eval.json"}
    return Recipe(commands, once, needs=needs or {})


def chosen(settings: Sequence[str]) -> tuple[str, ...]:
    """Settings as words of a command."""
    return tuple(word for each in settings for word in ("--set", each))
