"""Word accuracy and 1-NED as a preset counts them: with case or without, both the same way."""

from __future__ import annotations

from typing import Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class CountedBothWays(Protocol[T_co]):
    """Scores of words that were read: a trainer's, a card's, or those of a recommendation."""

    @property
    def word_accuracy(self) -> T_co: ...
    @property
    def one_ned(self) -> T_co: ...
    @property
    def word_accuracy_case_insensitive(self) -> T_co: ...
    @property
    def one_ned_case_insensitive(self) -> T_co: ...


def word_accuracy(found: CountedBothWays[T], case_sensitive: bool) -> T:
    """The one number that searchers maximise and reports compare."""
    return found.word_accuracy if case_sensitive else found.word_accuracy_case_insensitive


def one_ned(found: CountedBothWays[T], case_sensitive: bool) -> T:
    """What stands beside it."""
    return found.one_ned if case_sensitive else found.one_ned_case_insensitive
