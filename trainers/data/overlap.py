"""Images by their bytes: what is scored on must not have been trained on."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from trainers.data.store import WordLMDB
from trainers.data.writing import is_small


def image_digests(path: Path) -> Iterator[bytes]:
    """Of every image of an LMDB; of none where the file is large.

    Files of 2 GiB and more, which take minutes to read, are not looked into.
    """
    if not is_small(path):
        return
    words = WordLMDB(path)
    for index in range(len(words)):
        image, _ = words.record(index)
        if image:
            yield blake2b(image, digest_size=16).digest()
