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

from bench.records.errors import RecordError

DOCUMENT_HASH = "document_hash"


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """``document`` with the hash of all that is in it."""
    # As it will be read again: tuples are lists then, and all keys are texts.
    plain = json.loads(json.dumps(document))
    return {**plain, DOCUMENT_HASH: _hash(plain)}


def unsealed(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What was sealed, without the hash; ``RecordError`` if it is another one than was written."""
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
