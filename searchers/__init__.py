"""Who proposes: one algorithm a file, behind ask and tell.

A new searcher is one file here and one line in ``SEARCHERS``; the tests run over this registry.

``base``                  ``Searcher``, what every searcher is, and the work it may ask for
``black_box``             base class of searchers that only see scores
``finding``               from a name on the command line to a class
``errors``                ``SearcherError``

``random_search``         scores random architectures, keeps the best; the smallest example
``grid``                  typical paths with the same operation everywhere
``largest``               the costliest architecture within the caps, a baseline without search
``local_search``          climbs to better neighbours, then starts again
``evolution``             mutates the best of a sample, drops the oldest
``spos``                  breeds generations from the best (Single Path One-Shot)
``tpe``                   tree-structured Parzen estimator, by Optuna
``optuna_search``         other samplers of Optuna
``nevergrad_search``      optimisers of nevergrad
``autostr``               AutoSTR: ``path_search``, then ``proxyless``
``path_search``           AutoSTR's first step, which finds the downsampling path
``proxyless``             ProxylessNAS, also AutoSTR's second step

``candidate_paths``       the paths that ``path_search`` compares
``proxyless_settings``    the hyperparameters of ``proxyless``
``proposals``             proposals within the caps, for ``evolution`` and others that breed
``training_plan``         trains the supernet first, for one-shot searchers
``epochs``                lengths that papers state in epochs, checked against the budget
``gradient/``             parts of searchers by gradient
``libraries/``            Optuna and nevergrad behind ask and tell

``supernet_training``     trains a supernet before any search, as a run
``supernet_strategies/``  on which paths that supernet is trained
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
