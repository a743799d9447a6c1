"""Who proposes: one algorithm a file, behind ask and tell.

A new searcher is one file here and one line in ``SEARCHERS``; the tests run over this registry.
"""

from __future__ import annotations

from importlib import import_module

from searchers.errors import SearcherError
from spaces.names import unknown_name

SEARCHERS: dict[str, str] = {
    "proxyless": "searchers.proxyless:Proxyless",
    "random": "searchers.random_search:RandomSearch",
}


def load_searcher(name: str) -> type:
    """The searcher class called ``name``; ``SearcherError`` names the nearest one if unknown."""
    if name not in SEARCHERS:
        raise SearcherError(unknown_name("searcher", name, SEARCHERS))
    module, _, attribute = SEARCHERS[name].partition(":")
    found: type = getattr(import_module(module), attribute)
    return found
