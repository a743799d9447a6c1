"""The three splits of a preset as word images: where they come from and what they hash to."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainers.data.charset import CHARSETS, get_charset
from trainers.data.embedded import embedded_split
from trainers.data.errors import DataError
from trainers.data.overlap import image_digests
from trainers.data.rendering.settings import RenderSettings
from trainers.data.splits import WordSplit
from trainers.data.unused import noticeable
from trainers.data.writing import content_hash
from trainers.settings import DataSettings

SPLITS = ("search_train", "search_val", "test")
#: In place of a path: words that are rendered.
RENDERED = "rendered"

#: Called with (split, done, total) while words are being rendered.
RenderProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Split:
    """One split, its sources and their content hashes."""

    name: str
    words: WordSplit
    sources: tuple[str, ...]
    hashes: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """What somebody should know before they train or search with it, a sentence each."""
        words = self.words
        counts = dict(words.status_counts)
        lost = {key: counts.get(key, 0) for key in ("too_long", "empty", "missing")}
        total, unused = sum(counts.values()), sum(lost.values())
        found = []
        if noticeable(unused, total):
            columns = f", or than {words.steps} columns hold" if words.steps else ""
            reasons = {
                "too_long": f"too long (more than {words.max_length} characters{columns})",
                "empty": f"without a character of charset {words.charset.title}",
                "missing": "without a label",
            }
            listed = ", ".join(f"{n:,} {reasons[key]}" for key, n in lost.items() if n)
            found.append(f"{self.name}: {unused:,} of {total:,} words are not used: {listed}")
        for digest, times in Counter(self.hashes).items():
            if times > 1:
                named = dict.fromkeys(
                    source
                    for source, of in zip(self.sources, self.hashes, strict=True)
                    if of == digest
                )
                found.append(
                    f"{self.name}: the words of {' and '.join(named)} are given {times} times, so "
                    "they count as often"
                )
        return found

    def describe(self) -> dict[str, Any]:
        """Plain data for the manifest; paths are for people, hashes are the identity."""
        return {
            "sources": list(self.sources),
            "hashes": list(self.hashes),
            "usable_words": len(self.words),
            "warnings": self.warnings,
            "labels": {str(status): count for status, count in self.words.status_counts.items()},
        }


def open_splits(
    settings: DataSettings,
    image_size: tuple[int, int],
    progress: RenderProgress | None = None,
    steps: int | None = None,
) -> dict[str, Split]:
    """search_train, search_val and test; what a preset does not name is rendered on first use.

    ``steps`` are the time steps of a CTC head, None for another head.
    """
    # Given data first: if they cannot be read, nobody waits for words to be rendered.
    given_first = sorted(SPLITS, key=lambda name: not getattr(settings, name))
    opened = {name: _open(name, settings, image_size, progress, steps) for name in given_first}
    return {name: opened[name] for name in SPLITS}


def keep_test_apart(splits: Mapping[str, Split]) -> None:
    """The referee's words may not be searched on, neither a whole source nor single images.

    Words that are rendered differ by split; what large files share is not looked for.
    """
    test = splits["test"]
    held_out: set[bytes] | None = None
    for name in ("search_train", "search_val"):
        given = splits[name]
        for path, source, digest in zip(
            given.words.paths, given.sources, given.hashes, strict=True
        ):
            if digest in test.hashes:
                raise DataError(
                    f"{source} is given as {name} and its words are in test too: keep the words "
                    "that the referee scores on out of the search"
                )
            if source == RENDERED:
                continue
            if held_out is None:  # Not before it is needed: rendered words need no such look.
                held_out = set(_given_images(test))
            shared = sum(image in held_out for image in image_digests(path)) if held_out else 0
            if shared:
                raise DataError(
                    f"{shared} images of {source}, given as {name}, are in test too: keep the "
                    "words that the referee scores on out of the search"
                )


def _given_images(split: Split) -> Iterator[bytes]:
    """Digests of the images of a split that were not rendered."""
    for path, source in zip(split.words.paths, split.sources, strict=True):
        if source != RENDERED:
            yield from image_digests(path)


def _open(
    name: str,
    settings: DataSettings,
    image_size: tuple[int, int],
    progress: RenderProgress | None,
    steps: int | None,
) -> Split:
    given: tuple[str, ...] = getattr(settings, name)
    if given:
        paths = [_rendered(name, settings, progress) if p == RENDERED else Path(p) for p in given]
        sources = given
    else:
        paths, sources = [_rendered(name, settings, progress)], (RENDERED,)
    words = WordSplit(paths, settings.charset, settings.max_length, image_size, steps=steps)
    return Split(name, words, tuple(sources), tuple(content_hash(path) for path in paths))


def _rendered(name: str, settings: DataSettings, progress: RenderProgress | None) -> Path:
    rendering = settings.rendering
    report = (lambda done, total: progress(name, done, total)) if progress else None
    return embedded_split(
        name,
        getattr(rendering, name),
        rendering.seed,
        RenderSettings(
            charset=_shown(settings.charset),
            min_length=rendering.min_length,
            max_length=rendering.max_length,
            difficulty=rendering.difficulty,
        ),
        report,
        settings.workers,
    )


def _shown(charset: str) -> str:
    """The charset that words are rendered for: ASCII is all that the faces have.

    ``DataError`` for an alphabet that they have hardly anything of.
    """
    found = get_charset(charset)
    if charset in CHARSETS:
        return charset
    if not found.members & set(string.ascii_letters + string.digits):
        raise DataError(
            f"no words can be rendered for charset {found.title}, which has no letter a to z and "
            "no digit: name words with --search-train, --search-val and --test"
        )
    return "94" if found.members & set(string.punctuation) else "62"
