"""A model folder: a trained recogniser and what is known of it.

``model.json``          its card: architecture, charset, preset, scores, costs and provenance;
                        written last, so a folder that has one is complete
``weights.safetensors`` weights, running statistics and description
``curve.csv``           loss and search_val scores along the training
``training.json``       what is being trained: written first, never changed
``checkpoint/``         state.safetensors while training; removed at the end
``trouble.json``        of one that was trained beside others: why it failed; see ``trouble``
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.records.errors import RecordError
from bench.records.folder_lock import lock_folder
from bench.records.foreign import refuse_foreign
from bench.records.run_folder import difference
from bench.records.sealed import sealed, unsealed
from spaces.atomic import sweep_temporaries, write_atomically
from spaces.files import read_object

CARD = "model.json"
WEIGHTS = "weights.safetensors"
CURVE = "curve.csv"
TRAINING = "training.json"
CHECKPOINT = "checkpoint"
MAX_CARD_BYTES = 16 * 2**20
#: Key of the card that says which weights belong to it: of the arrays, since the order of entries
#: in the header of a safetensors file is left to chance.
WEIGHTS_HASH = "weights_hash"


class ModelFolder:
    """A folder in which one model is trained; ``started`` says which, and with what.

    Raises ``RecordError`` when the directory is another model's, is used by another process, or
    cannot be written.
    """

    def __init__(self, path: Path, started: Mapping[str, Any]) -> None:
        self.path = path
        try:
            refuse_foreign(path, TRAINING)
            path.mkdir(parents=True, exist_ok=True)
            self._lock = lock_folder(path)
            try:
                self.started = self._adopt(started)
                self.card = read_card(path) if is_model(path) else None
                sweep_temporaries(path)
                if self.card is not None:
                    self.forget_checkpoint()
                else:
                    (path / CHECKPOINT).mkdir(exist_ok=True)
                    sweep_temporaries(path / CHECKPOINT)
            except BaseException:
                self.close()
                raise
        except OSError as error:
            raise RecordError(
                f"model folder {path} cannot be written ({error.strerror or error}): choose "
                "another with --out or free space"
            ) from error

    @property
    def checkpoint(self) -> Path:
        """The checkpoint file."""
        return self.path / CHECKPOINT / "state.safetensors"

    def forget_checkpoint(self) -> None:
        """The model is trained: what is needed to go on is needed no more."""
        if (self.path / CHECKPOINT).is_dir():
            sweep_temporaries(self.path / CHECKPOINT)
            self.checkpoint.unlink(missing_ok=True)
            (self.path / CHECKPOINT).rmdir()

    def close(self) -> None:
        """Let other processes use the directory."""
        os.close(self._lock)

    def _adopt(self, started: Mapping[str, Any]) -> dict[str, Any]:
        path = self.path / TRAINING
        if not path.exists():
            write_document(path, started)
            return dict(started)
        known = read_document(path)
        if known.get("identity_hash") != started["identity_hash"]:
            before = known.get("identity")
            what = difference(before if isinstance(before, dict) else {}, started["identity"])
            raise RecordError(
                f"{self.path} holds another model ({what}): choose another folder with --out, or "
                "delete that one"
            )
        return known


def is_model(folder: Path) -> bool:
    """Whether there is a trained model in ``folder``; ``RecordError`` if a part of it is gone."""
    card, weights = (folder / CARD).is_file(), (folder / WEIGHTS).is_file()
    if card and not weights:
        raise RecordError(
            f"{folder} has a {CARD} and no {WEIGHTS}: restore it, or delete {CARD} to train again"
        )
    return card


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder; ``RecordError`` if there is none, or it is damaged."""
    path = folder / CARD
    if not path.is_file():
        unfinished = (folder / TRAINING).is_file()
        raise RecordError(
            f"{folder} is "
            + (
                "a model whose training has not ended: run the same command again to go on"
                if unfinished
                else f"no model folder (no {CARD} in it): choose one that `bench retrain` or "
                "`bench baseline train` made"
            )
        )
    return read_document(path)


def read_document(path: Path) -> dict[str, Any]:
    """A JSON object from a file; ``RecordError`` if it is damaged or too large."""
    try:
        document = unsealed(read_object(path, MAX_CARD_BYTES), path)
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
    except RecordError:
        raise
    except ValueError as error:
        raise RecordError(f"{path} is damaged ({error}): restore it or train again") from error
    return document


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Plain data as JSON, replaced atomically."""
    content = json.dumps(sealed(document), indent=1, ensure_ascii=False)
    write_atomically(path, content.encode() + b"\n")
