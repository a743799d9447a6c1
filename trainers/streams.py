"""What random numbers are made of a seed: each use has a stream of its own.

So how many numbers one draws changes nothing for the others. Supernets are trained by searchers,
whose stream is the first child of ``SEARCHER`` (``searchers/supernet_training.py``): no search
proposes what its own supernet was trained on. Beside the streams, torch draws first weights from
the seed itself (``build_supernet``, ``trainers/*/building.py``), and words are rendered from
``data.rendering.seed``, which is not the run's (``trainers/data/rendering/dataset.py``).
Where that equals the run's seed, keys of some rendered words are those of a stream: the same
numbers then say how a word looks, and in what order words come or which paths are drawn.
"""

from __future__ import annotations

from enum import IntEnum


class Stream(IntEnum):
    """First word of a ``SeedSequence``'s spawn key. To change one changes what runs come to."""

    SEARCHER = 1
    SUPERNET_WORDS = 2
    GATE_WORDS = 3
    REFEREE = 4
    RETRAINING_WORDS = 5
