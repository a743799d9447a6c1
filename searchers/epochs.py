"""Lengths in epochs: passes of weight steps over search_train, as papers state them.

The words of search_train are known to a ``Problem``. A budget stays a budget: what the lengths come
to has to be within it, which is checked before the first piece of work.
"""

from __future__ import annotations

import math

from searchers.errors import SearcherError

#: The longest that anybody means.
MOST = 10_000.0


def check_epochs(name: str, epochs: float) -> None:
    """``SearcherError`` for a length that is none; 0 means that it is not given."""
    if not (math.isfinite(epochs) and 0.0 <= epochs <= MOST):
        raise SearcherError(f"{name} {epochs}: expected 0 (not given) to {MOST:,.0f} epochs")


def check_budget(what: str, images: int, budget_images: int) -> None:
    """``SearcherError`` if ``what``, lengths in epochs, takes more images than the budget has."""
    if images > budget_images:
        raise SearcherError(
            f"{what} take {images:,} images, the budget has {budget_images:,}: raise the budget "
            "(run.budget_images or run.budget_epochs), or give fewer epochs"
        )
