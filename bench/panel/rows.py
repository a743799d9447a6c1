"""The table of a panel: a line for each training, with its scores, sizes and cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from bench.records.card import Card
from bench.records.documents import table_bytes, writing
from bench.records.errors import RecordError
from bench.records.manifest import identity_hash
from spaces.atomic import write_atomically
from spaces.files import read_regular

MAX_BYTES = 2**24
#: Of a training's identity: hashes of the words of each split.
WORDS = "data"
Score = Annotated[float, Meta(ge=0.0, le=1.0)]
Loss = Annotated[float, Meta(ge=0.0, le=1e9)]
Count = Annotated[int, Meta(ge=0)]
Hash = Annotated[str, Meta(min_length=8, max_length=64)]


class Row(Struct, frozen=True):
    """One training: scores with case ignored, losses in nats per character, cost.

    ``recipe`` is a hash of what was trained with which settings and seed, ``words`` one of the
    words themselves. Losses, and words, are None in tables of before they were recorded.
    """

    architecture: Annotated[str, Meta(min_length=1, max_length=4000)]
    seed: Count
    images: Count
    test_accuracy: Score
    test_one_ned: Score
    test_loss: Loss | None
    search_val_accuracy: Score
    search_val_one_ned: Score | None
    search_val_loss: Loss | None
    macs: Count
    params: Count
    step_seconds: Annotated[float, Meta(ge=0.0)]
    failed_steps: Count
    recipe: Hash
    words: Hash | None


def recipe_of(identity: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Of a training's identity all but the words; of these the settings, ``data``.

    The pixels are left out: a table of which the words are of two renderers says so, and is worth
    more than none.
    """
    known = {key: value for key, value in identity.items() if key != WORDS}
    # How many threads load words decides nothing.
    settings = {key: value for key, value in data.items() if key != "workers"}
    return identity_hash({**known, "settings": settings})


def row_of(card: Card, architecture: str, identity: Mapping[str, Any]) -> Row:
    """The row of a trained model with its identity; ``RecordError`` for a damaged card."""
    test, search_val, cost = card.scores.test, card.scores.search_val, card.cost
    try:
        plain = {
            "architecture": architecture,
            "seed": card.seed,
            "images": cost.images_forward_backward,
            "test_accuracy": test and test.word_accuracy_case_insensitive,
            "test_one_ned": test and test.one_ned_case_insensitive,
            "test_loss": test and test.loss_per_character,
            "search_val_accuracy": search_val and search_val.word_accuracy_case_insensitive,
            "search_val_one_ned": search_val and search_val.one_ned_case_insensitive,
            "search_val_loss": search_val and search_val.loss_per_character,
            "macs": card.backbone.macs,
            "params": card.backbone.params,
            "step_seconds": cost.step_seconds,
            "failed_steps": cost.failed_steps,
            "recipe": recipe_of(identity, card.preset.data),
            "words": identity_hash({WORDS: identity[WORDS]}),
        }
        return msgspec.convert(plain, Row)
    except (KeyError, msgspec.ValidationError) as error:
        raise RecordError(f"the card of {architecture} is damaged ({error}): train again") from (
            error
        )


def read_rows(path: Path) -> list[Row]:
    """The rows of a table, none where there is no file; ``RecordError`` for a damaged one."""
    try:
        raw = read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
    found = []
    try:
        for number, line in enumerate(csv.DictReader(io.StringIO(raw.decode(), newline="")), 2):
            # Empty cells are values that nobody measured.
            known = {key: value for key, value in line.items() if key is not None and value}
            blank = {key: None for key in Row.__struct_fields__ if key not in known}
            try:
                found.append(msgspec.convert({**blank, **known}, Row, strict=False))
            except msgspec.ValidationError as error:
                raise RecordError(f"{path}, line {number}: {error}: restore the file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"{path} is no table ({error}): restore the file") from error
    return found


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Replace the table, sorted by architecture and seed: its lines are the same in any order."""
    ordered = sorted(rows, key=lambda row: (row.architecture, row.seed, row.recipe))
    with writing(path, "free space, then run the same command again"):
        content = table_bytes(Row.__struct_fields__, map(msgspec.structs.asdict, ordered))
        write_atomically(path, content)
