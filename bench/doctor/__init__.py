"""The contract of searchers, as checks that anyone can run: ``bench doctor --searcher NAME``."""
