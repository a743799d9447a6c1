"""Records that say by a hash what they were when they were written.

It guards against slips and edits, not against somebody who writes a hash of their own. Records of
older versions have none, and are read as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from bench.records.documents import json_bytes, plain
from bench.records.errors import RecordError
from spaces.atomic import write_atomically
from spaces.files import MAX_RECORD_BYTES, read_object

DOCUMENT_HASH = "document_hash"

Kind = TypeVar("Kind")


def write_sealed(path: Path, document: Mapping[str, Any] | Struct) -> None:
    """Replace ``path`` by ``document`` as JSON, with the hash of all that is in it."""
    content = plain(document)
    write_atomically(path, json_bytes({**content, DOCUMENT_HASH: _hash(content)}))


def read_sealed(
    path: Path, kind: type[Kind], mend: str, most_bytes: int = MAX_RECORD_BYTES
) -> Kind:
    """What was written to ``path``.

    ``RecordError`` if it cannot be read, is damaged (``mend`` says what to do then) or was edited.
    """
    try:
        return msgspec.convert(_unsealed(read_object(path, most_bytes), path), kind)
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise RecordError(f"{path} is damaged ({error}): {mend}") from error


def _unsealed(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    content = {key: value for key, value in document.items() if key != DOCUMENT_HASH}
    known = document.get(DOCUMENT_HASH)
    if known is not None and known != _hash(content):
        raise RecordError(
            f"{path} was edited after it was written: restore it, or delete it and run the same "
            "command again"
        )
    return content


def _hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()
