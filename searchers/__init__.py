"""Who proposes: one algorithm a file, behind ask and tell.

A new searcher is one file here and one line in ``SEARCHERS``; the tests run over this registry.
Parts of gradient searchers are in ``gradient``, Optuna and nevergrad in ``libraries``.
"""

from __future__ import annotations

from importlib import import_module

from searchers.errors import SearcherError
from spaces.names import unknown_name

SEARCHERS: dict[str, str] = {
    "autostr": "searchers.autostr:AutoSTR",
    "evolution": "searchers.evolution:Evolution",
    "grid": "searchers.grid:Grid",
    "largest": "searchers.largest:Largest",
    "local-search": "searchers.local_search:LocalSearch",
    "nevergrad": "searchers.nevergrad_search:NevergradSearch",
    "proxyless": "searchers.proxyless:Proxyless",
    "random": "searchers.random_search:RandomSearch",
    "spos": "searchers.spos:Spos",
    "tpe": "searchers.tpe:TPE",
}

#: Adapters around libraries: ``family:NAME`` -> (module:Class, the setting that NAME fills).
FAMILIES: dict[str, tuple[str, str]] = {
    "nevergrad": ("searchers.nevergrad_search:NevergradSearch", "optimiser"),
    "optuna": ("searchers.optuna_search:OptunaSearch", "sampler"),
}


def load_searcher(name: str) -> type:
    """The searcher class called ``name``; ``SearcherError`` names the nearest one if unknown."""
    if name not in SEARCHERS:
        raise SearcherError(unknown_name("searcher", name, SEARCHERS))
    module, _, attribute = SEARCHERS[name].partition(":")
    found: type = getattr(import_module(module), attribute)
    return found
