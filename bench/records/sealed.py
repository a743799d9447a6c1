"""Records that say by a hash what they were when they were written.

It guards against slips and edits, not against somebody who writes a hash of their own. Records of
older versions have none, and are read as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bench.records.documents import json_bytes
from bench.records.errors import RecordError
from spaces.atomic import write_atomically
from spaces.files import MAX_RECORD_BYTES, read_object

DOCUMENT_HASH = "document_hash"


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Replace ``path`` by ``document`` as JSON, with the hash of all that is in it."""
    write_atomically(path, json_bytes(_sealed(document)))


def read_sealed(path: Path, mend: str, most_bytes: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """What was written to ``path``, without the hash.

    ``RecordError`` if it cannot be read, is damaged (``mend`` says what to do then) or was edited.
    """
    try:
        document = read_object(path, most_bytes)
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise RecordError(f"{path} is damaged ({error}): {mend}") from error
    return _unsealed(document, path)


def _sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    # As it will be read again: tuples are lists then, and all keys are texts.
    plain = json.loads(json.dumps(document))
    return {**plain, DOCUMENT_HASH: _hash(plain)}


def _unsealed(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    plain = {key: value for key, value in document.items() if key != DOCUMENT_HASH}
    known = document.get(DOCUMENT_HASH)
    if known is not None and known != _hash(plain):
        raise RecordError(
            f"{path} was edited after it was written: restore it, or delete it and run the same "
            "command again"
        )
    return plain


def _hash(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()
