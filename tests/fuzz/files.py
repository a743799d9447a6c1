"""Damaged files for every reader: changed bytes, cuts, and values of another kind."""

from __future__ import annotations

import json
import random
from pathlib import Path

#: What is damaged, and the command that reads it.
READERS = {
    "run/run.json": "compare inputs/run --out out/report",
    "run/result.json": "compare inputs/run --out out/report",
    "run/events.jsonl": "compare inputs/run --out out/report",
    "run/checkpoint/state.safetensors": "compare inputs/run --out out/report",
    "records.zip": "compare inputs/records.zip --out out/report",
    "study.toml": "study inputs/study.toml --out out/study --quiet",
    "preset.toml": "run --searcher random --preset inputs/preset.toml --out out/run --quiet",
    "words.lmdb/data.mdb": "data info inputs/words.lmdb --quiet",
    "words.zip": "data import inputs/words.zip out/words --quiet",
    "lzma.zip": "data import inputs/lzma.zip out/words --quiet",
    "stored.zip": "data import inputs/stored.zip out/words --quiet",
    "labels.tsv": "data import inputs out/words --quiet",
    "a.png": "data import inputs out/words --quiet",
    "a.jpg": "data import inputs out/words --quiet",
    "panel.toml": "panel inputs/panel.toml --dry-run",
    "panel.csv": "panel inputs/panel.toml --dry-run",
    "pairs.txt": "panel inputs/panel.toml --dry-run",
}
WITH_A_MODEL = {
    "net.safetensors": "supernet score --preset tiny --start inputs/net.safetensors -n 2 --quiet",
    "latency.json": "latency check inputs/latency.json -n 3 --repetitions 1 --quiet",
    "model/model.json": "read inputs/model inputs/a.png",
    "model/weights.safetensors": "read inputs/model inputs/a.png",
    **{
        f"a.{suffix}": f"read inputs/model inputs/a.{suffix}"
        for suffix in ("png", "jpg", "gif", "bmp", "tif", "webp")
    },
}
VALUES = (
    None, True, 0, -1, 2**63, 10**30, 1e308, "", "\x1b[31mHOSTILE", "\ud800", [], {}, [[]], [None],
    {"a": 1}, "x" * 10_000, 0.5,
)  # fmt: skip
TEXTS = (
    b"", b"\0" * 64, b"[" * 100_000, b"{" * 50_000, b"\xff\xfe", b"%!PS-Adobe-3.0 EPSF-3.0\n",
    b'{"a": ' + b"7" * 5000 + b"}", b"a = " + b"7" * 5000, b"a = " + b"[" * 100_000, b"null\n",
)  # fmt: skip


def damage(file: Path, rng: random.Random) -> None:
    """Change the file in one of several ways."""
    content = file.read_bytes()
    kind = rng.random()
    if file.suffix in (".json", ".jsonl") and kind < 0.6:
        content = _other_value(content, rng)
    elif kind < 0.7:
        changed = bytearray(content)
        for _ in range(rng.choice((1, 1, 3, 30))):
            if changed:
                changed[rng.randrange(len(changed))] = rng.randrange(256)
        content = bytes(changed)
    elif kind < 0.8:
        content = content[: rng.randrange(len(content) + 1)]
    elif kind < 0.9:
        start = rng.randrange(len(content) + 1)
        length = rng.randrange(200)
        content = (
            content[:start] + rng.choice((b"", rng.randbytes(length))) + content[start + length :]
        )
    else:
        content = rng.choice(TEXTS)
    file.write_bytes(content)


def _other_value(content: bytes, rng: random.Random) -> bytes:
    """A JSON document, or one of several lines, with a value of another kind somewhere."""
    lines = content.splitlines() if content.count(b'{"event"') > 1 else [content]
    place = rng.randrange(len(lines))
    document = json.loads(lines[place])
    where = document
    while True:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = rng.choice(keys)
        if isinstance(where[key], dict | list) and where[key] and rng.random() < 0.8:
            where = where[key]
            continue
        break
    if rng.random() < 0.15:
        del where[key]
    else:
        where[key] = rng.choice(VALUES)
    # As somebody would who wants to be believed, or an older version.
    if isinstance(document, dict):
        document.pop("document_hash", None)
        if rng.random() < 0.5:
            document.pop("log_hash", None)
    lines[place] = json.dumps(document).encode()
    return b"\n".join(lines) + b"\n"
