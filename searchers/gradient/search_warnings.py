"""Sentences about a learned distribution over operations that is going wrong."""

from __future__ import annotations

#: Share of the layers that may be skips, and shares of the highest entropy that mean "nothing
#: learned" and "nothing left to learn", before a person is warned.
SKIPS, UNLEARNED, COLLAPSED = 0.5, 0.99, 0.02


def skip_collapse(share: float, layers: int) -> list[str]:
    """A warning when more than half of the recommendation's layers do nothing at all."""
    if share <= SKIPS:
        return []
    return [
        f"skip collapse: {round(share * layers)} of {layers} layers of the most probable "
        "architecture are skips; weaken the regulariser or the latency term, or train weights for "
        "longer"
    ]


def decided_at_the_wrong_time(left: float, done: int, planned: int) -> list[str]:
    """A warning when the operations are decided early in the search, or undecided late in it.

    ``left`` is the entropy as a share of that of uniform operations; ``done`` and ``planned`` count
    architecture steps.
    """
    if left < COLLAPSED and 2 * done < planned:
        return [
            f"the operations were all but decided after {done} of about {planned} architecture "
            f"steps (entropy {left:.1%} of uniform): lower learning_rate"
        ]
    if left > UNLEARNED and 2 * done >= planned > 0:
        return [
            f"after {done} architecture steps the operations are still all but uniform (entropy "
            f"{left:.1%} of uniform), the recommendation little more than chance: raise "
            "learning_rate or the budget"
        ]
    return []
