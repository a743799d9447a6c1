"""A process that measures one implementation when told to.

``python -m benchmarks.common.child ours|plain CHECKOUT`` reads requests from its standard input and
writes answers to its standard output, one JSON object a line. CHECKOUT is where the trainer is to
come from, with the packages that it needs. What a user can mend is answered as ``error``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bench
import spaces
import trainers
from benchmarks.common.memory import peak_bytes, reset_peak
from benchmarks.common.preset_subject import PresetSubject
from benchmarks.common.subject import Subject
from spaces.errors import InputError


def main() -> None:
    """Serve requests until the input ends."""
    implementation, checkout = sys.argv[1:]
    for package in (bench, spaces, trainers):
        imported = Path(package.__file__ or "").resolve()
        if not imported.is_relative_to(Path(checkout).resolve()):
            sys.exit(f"benchmarks.common.child: imported {imported}, expected that of {checkout}")
    row, preset = Subject(implementation), PresetSubject(implementation)
    for line in sys.stdin:
        try:
            answer = answered(row, preset, json.loads(line))
        except InputError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


def answered(row: Subject, preset: PresetSubject, request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request says: the first four are of rows of the table, the others of presets."""
    match request["do"]:
        case "prepare":
            row.prepare(request["row"])
            reset_peak()
            row.warm_up()
            return {}
        case "measure":
            return {**row.measured(), "peak_bytes": peak_bytes()}
        case "shares":
            return row.shares()
        case "open preset":
            preset.open(request["preset"], request["set"])
            reset_peak()
            return {"outcomes": preset.warm_up()}
        case "measure verb":
            return {**preset.measured(request["verb"]), "peak_bytes": peak_bytes()}
        case "rate":
            return preset.rate(request["verb"], request["interval_seconds"])
        case "macs":
            return preset.macs()
    raise ValueError(f"unknown request {request['do']}")


if __name__ == "__main__":
    main()
