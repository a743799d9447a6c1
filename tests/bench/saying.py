"""A searcher that gives what its harness asks for, but for one answer."""

from __future__ import annotations

from typing import ClassVar

from searchers.random_search import RandomSearch


class Says(RandomSearch):
    """``answers`` are what its methods give instead, by name; set by the test."""

    answers: ClassVar[dict[str, object]] = {}

    def __getattribute__(self, name):
        if name in type(self).answers:
            return lambda *_: type(self).answers[name]
        return super().__getattribute__(name)
