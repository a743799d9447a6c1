"""The file of a part, whole on disk after every measurement. Standard library only."""

from __future__ import annotations

import argparse
import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Record:
    """A JSON document that is written again whenever something is added to it."""

    def __init__(self, path: Path, **facts: Any) -> None:
        self.path = path
        self.document: dict[str, Any] = dict(facts)
        self.failures = 0
        self.write()

    def put(self, *place: str, value: Any) -> None:
        """Set the value at a place, given by the keys on the way there."""
        inner = self.document
        for key in place[:-1]:
            inner = inner.setdefault(key, {})
        inner[place[-1]] = value
        self.write()

    def attempt(self, *place: str, work: Callable[[], Any]) -> bool:
        """Put what ``work`` returns, or why there is nothing: one failure must not cost the rest.

        What is caught is what torch, the system and missing packages raise.
        """
        try:
            self.put(*place, value=work())
        except (RuntimeError, OSError, ImportError, ValueError, KeyError) as error:
            self.failures += 1
            last = traceback.format_exc().splitlines()[-12:]
            why = f"{type(error).__name__}: {error}"
            self.put(*place, value={"failed": why, "trace": last})
            print(f"{', '.join(place)}: {why}", flush=True)
            return False
        return True

    def headline(self, text: str) -> None:
        """What the part found, in one line."""
        self.put("headline", value=text)

    def write(self) -> None:
        """The document as it is now."""
        write_json(self.path, self.document)


def write_json(path: Path, document: Any) -> None:
    """Replace a file by a document: whoever reads it finds the old one or the new one."""
    temporary = path.with_name(f".tmp-{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """The document; None where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def part_options(description: str | None) -> argparse.Namespace:
    """What the driver says to each part."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--seconds", type=float, default=60.0, help="until the part is ended")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--commit", default="")
    return parser.parse_args()
