"""The rows of the table: what both implementations are asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spaces import load_space

SPACE = load_space("autostr")
#: The authors' published search result for IIIT5K, and the largest architecture on ABABB.
PUBLISHED = "A..B..A..B..B..-555555545514466"
LARGEST = "A..B..A..B..B..-555555555555555"
CALIBRATION = 128


@dataclass(frozen=True)
class Row:
    """One line: ``verb`` on ``encodings``, ``batch`` images a step or ``images`` scored."""

    name: str
    verb: str
    head: str
    batch: int
    encodings: npt.NDArray[np.int8]
    images: int = 0
    calibration: int = 1
    sharing: str = "edge"

    @property
    def images_consumed(self) -> int:
        """By one round of it."""
        each = self.images + self.calibration if self.images else self.batch
        return each * len(self.encodings)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the processes that measure it."""
        return {**asdict(self), "encodings": self.encodings.tolist()}


def random_paths(count: int) -> npt.NDArray[np.int8]:
    """The same random architectures everywhere."""
    return SPACE.sample(count, np.random.default_rng(0))


def fixed(text: str) -> npt.NDArray[np.int8]:
    """One architecture by its text."""
    return SPACE.encode([SPACE.parse(text)])


def mutated(count: int) -> npt.NDArray[np.int8]:
    """``count`` architectures, one or two mutations away from one of ten random parents."""
    rng = np.random.default_rng(1)
    parents = np.repeat(SPACE.sample(10, rng), -(-count // 10), 0)[:count]
    once = SPACE.mutate(parents, rng)
    twice = SPACE.mutate(once, rng)
    return np.where(rng.random((count, 1)) < 0.5, once, twice).astype(np.int8)


def step_rows(batch: int, sharing: str) -> list[Row]:
    """Weight and gate-gradient steps."""
    few = random_paths(3)
    named = [("random paths", few), ("published", fixed(PUBLISHED)), ("k5e6 ABABB", fixed(LARGEST))]
    rows = [
        Row(f"weights {batch}, {name}", "weights", "attention", batch, paths, sharing=sharing)
        for name, paths in named
    ]
    rows += [
        Row(f"gates {batch}, {kind}", f"gates-{kind}", "attention", batch, few, sharing=sharing)
        for kind in ("all", "two")
    ]
    ctc = Row(f"weights {batch}, ctc", "weights", "ctc", batch, few, sharing=sharing)
    return [*rows, ctc]


def scoring_rows(images: int, sharing: str) -> list[Row]:
    """One architecture on many images; with a CTC head nearly all of it is the encoder."""
    named = [
        ("random path", random_paths(1)),
        ("published", fixed(PUBLISHED)),
        ("k5e6 ABABB", fixed(LARGEST)),
    ]
    return [
        Row(
            f"evaluate {images}, {name}{', encoder' if head == 'ctc' else ''}",
            "score", head, 2, paths, images, CALIBRATION, sharing,
        )
        for head in ("attention", "ctc")
        for name, paths in named[: 1 if head == "ctc" else None]
    ]  # fmt: skip


def population_rows(count: int, images: int, sharing: str) -> list[Row]:
    """Many architectures on few images, calibrated on as many."""
    kinds = {"uniform": random_paths(count), "mutated": mutated(count)}
    return [
        Row(
            f"population {count}, {kind}", "population", "attention", 2, paths, images, images,
            sharing,
        )
        for kind, paths in kinds.items()
    ]  # fmt: skip
