"""The data set that needs no download: rendered on first use, then kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path

from spaces.atomic import TEMPORARY_PREFIX
from spaces.cache import cache_folder
from spaces.notice import tell
from trainers.data.errors import DataError
from trainers.data.rendering.dataset import Progress, render_lmdb
from trainers.data.rendering.fonts import fonts_hash
from trainers.data.rendering.render import RENDERER_VERSION
from trainers.data.rendering.settings import RenderSettings
from trainers.data.rendering.vocabulary import list_hash
from trainers.data.rendering.words import check_split
from trainers.data.store import WordLMDB


def embedded_path(split: str, count: int, seed: int, settings: RenderSettings) -> Path:
    """Return where the rendered split is or will be; the name covers all that it depends on."""
    recipe = {
        "renderer": RENDERER_VERSION,
        "fonts": fonts_hash(),
        "words": list_hash(),
        "split": check_split(split),
        "count": count,
        "seed": seed,
        "settings": asdict(settings),
    }
    text = json.dumps(recipe, sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return cache_folder() / "rendered" / f"{split}-{digest}"


def embedded_split(
    split: str,
    count: int,
    seed: int = 0,
    settings: RenderSettings | None = None,
    progress: Progress | None = None,
    processes: int = 1,
) -> Path:
    """Return an LMDB of ``count`` rendered word images, rendering it on first use.

    Two processes may ask at once: each renders into its own temporary folder, the first to
    finish names the result, and the other, whose result is the same, takes that one. A damaged
    result is rendered again, which is told.

    Raises:
        DataError: an argument is out of range, or the cache folder cannot be written.
    """
    settings = settings or RenderSettings()
    path = embedded_path(split, count, seed, settings)
    # A link that leads nowhere is in the way as well.
    if os.path.lexists(path):
        if _is_whole(path, count):
            return path
        tell(f"the rendered words in {path} are damaged: they are rendered again")
        _remove(path)
    try:
        return render_lmdb(path, split, count, seed, settings, processes, progress)
    except DataError:
        if path.exists():
            return path
        raise


def _is_whole(path: Path, count: int) -> bool:
    """Whether all records are there, each with the two ends of a JPEG."""
    try:
        store = WordLMDB(path)
        images = (store.record(index)[0] or b"" for index in range(len(store)))
        ends = all((image[:2], image[-2:]) == (b"\xff\xd8", b"\xff\xd9") for image in images)
        return ends and len(store) == count
    except DataError:
        return False


def _remove(path: Path) -> None:
    """Out of the way in one step, so that no other process takes half of it."""
    aside = path.with_name(f"{TEMPORARY_PREFIX}damaged-{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        path.rename(aside)
        if aside.is_dir() and not aside.is_symlink():
            shutil.rmtree(aside)
        else:
            aside.unlink()
    except OSError as error:
        raise DataError(
            f"{path} is damaged and cannot be removed ({error.strerror or error}): delete it"
        ) from error
