"""Images that two collections of words share: what is scored on must not have been trained on."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from trainers.data.store import WordLMDB
from trainers.data.writing import is_small


def shared_images(first: Path, second: Path) -> int:
    """How many images of ``second`` are in ``first``, byte for byte; 0 where a file is large.

    Files of 2 GiB and more, which take minutes to read, are not looked into.
    """
    if not (is_small(first) and is_small(second)):
        return 0
    known = set(_digests(first))
    return sum(digest in known for digest in _digests(second))


def _digests(path: Path) -> list[bytes]:
    """Of every image that is there."""
    words = WordLMDB(path)
    images = (words.record(index)[0] for index in range(len(words)))
    return [blake2b(image, digest_size=16).digest() for image in images if image]
