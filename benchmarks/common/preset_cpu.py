"""The trainer's verbs on a preset on the CPU: all contestants in turns, with floors and memory."""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from bench.records.settings import Preset
from benchmarks.common.children import Children, Contestant, contestants
from benchmarks.common.floors import CONVOLUTIONS, convolution_rate, expansions
from benchmarks.common.output import count, spread
from benchmarks.common.preset_subject import EVALUATION, LOADER, VERBS
from benchmarks.common.processes import measure_processes, processes_table
from benchmarks.common.table import print_table, write_json
from benchmarks.common.turns import compared, divided, take_turns
from spaces.errors import InputError
from spaces.networks.mesh import Mesh
from trainers.building import build_network

#: How far losses may be apart (relative), and shares of characters read (absolute).
LOSS, SCORE = 1e-3, 1e-2
HEADER = (
    "", "images/s", "min-max", "CPU ms/image", "x ours", "min-max", "x ours, CPU", "min-max",
    "floor/ours", "at widths",
)  # fmt: skip
Results = dict[Contestant, list[dict[str, Any]]]


def measure_on_cpu(preset: Preset, options: argparse.Namespace) -> None:
    """Measure, print, and write JSON when asked."""
    if preset.space.name != "autostr":
        raise InputError(
            f"preset {options.preset} is of space {preset.space.name}: the benchmark knows autostr"
        )
    rounds = options.rounds or 5
    members = [
        member
        for threads in options.threads
        for member in contestants(options.subjects, threads, options.against)
    ]
    request = {"do": "open preset", "preset": options.preset, "set": options.set}
    with Children(members) as children:
        # One after the other: the first one renders the words, if they are not there yet.
        outcomes = {member: children.ask(member, request)["outcomes"] for member in members}
        results = {}
        for verb in VERBS:
            # Minutes may pass before the tables.
            print(f"measuring {verb}", file=sys.stderr)
            results[verb] = measure_verb(children, members, verb, rounds)
        macs = children.ask(members[0], {"do": "macs"})
    document: dict[str, Any] = {
        "preset": options.preset, "rounds": rounds, "threads": {},
        "against": options.against and str(options.against),
    }  # fmt: skip
    print(f"preset {options.preset} on cpu, {rounds} rounds")
    for threads in options.threads:
        found = of_threads(results, outcomes, threads)
        if preset.trainer.precision == "fp32":
            add_floors(found, macs, preset, threads)
        document["threads"][str(threads)] = found
        print(f"\n{threads} thread{'s' * (threads > 1)} each")
        print_table(HEADER, table(found))
        for warning in warnings(found):
            print(f"warning: {warning}")
    document["peak_bytes"] = {
        f"{member.name}, threads {member.threads}": results[VERBS[-1]][member][-1]["peak_bytes"]
        for member in members
    }
    for what, peak in document["peak_bytes"].items():
        print(f"peak memory, {what}: {peak / 2**20:.0f} MiB")
    if len(options.threads) > 1:
        document["scaling"] = scaling(results)
        few, many = min(options.threads), max(options.threads)
        print(f"\nImages/s with {many} threads / with {few}")
        print_table(("", "ratio", "min-max"), ratio_rows(document["scaling"]))
    if options.processes:
        found = measure_processes(request, options.processes, rounds, options.interval)
        document["processes"] = found
        print(f"\n{options.processes} processes beside one, in intervals")
        print_table(*processes_table(found))
    if options.json:
        write_json(options.json, "cpu", document)


def measure_verb(
    children: Children, members: Sequence[Contestant], verb: str, rounds: int
) -> Results:
    """What every contestant says of one verb in every round; the loader is ours."""
    able = [member for member in members if verb != LOADER or member.name != "plain"]
    request = {"do": "measure verb", "verb": verb}
    return take_turns(able, rounds, lambda member: children.ask(member, request))


def of_threads(
    results: Mapping[str, Results], outcomes: Mapping[Contestant, Mapping[str, float]], threads: int
) -> dict[str, dict[str, Any]]:
    """Of the contestants with so many threads, by verb: seconds, rates, ratios, outcomes."""
    found = {}
    for verb, answers in results.items():
        mine = {member: said for member, said in answers.items() if member.threads == threads}
        entry = compared({member.name: said for member, said in mine.items()})
        for member, said in mine.items():
            rates = [answer["images"] / answer["seconds"] for answer in said]
            entry[member.name] |= {
                "images": said[0]["images"],
                "images_per_second": {
                    "median": statistics.median(rates), "min": min(rates), "max": max(rates),
                },
                "outcome": outcomes[member].get(verb),
            }  # fmt: skip
        found[verb] = entry
    return found


def add_floors(
    found: dict[str, dict[str, Any]], macs: Mapping[str, int], preset: Preset, threads: int
) -> None:
    """Seconds at least of a round of each verb, and floor / ours.

    At the best rate of a few wide convolutions, and at the best that expansions of this preset's
    widths reach.
    """
    mesh = build_network(preset.space.load(), preset.supernet)
    if not isinstance(mesh, Mesh):
        raise TypeError(f"floors of {type(mesh).__name__}, expected those of a Mesh")
    torch.set_num_threads(threads)
    tried = {"": CONVOLUTIONS, "_at_widths": expansions(mesh, preset.trainer.batch_images)}
    rates = {mark: convolution_rate(convolutions) for mark, convolutions in tried.items()}
    for verb, needed in macs.items():
        floor: dict[str, float] = {"macs": needed}
        for mark, rate in rates.items():
            seconds = 2 * needed / rate
            floor |= {
                f"flops_per_second{mark}": rate,
                f"seconds{mark}": seconds,
                f"share{mark}": seconds / statistics.median(found[verb]["ours"]["seconds"]),
            }
        found[verb]["floor"] = floor


def table(found: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """A line for each verb and contestant."""
    rows = []
    for verb, entry in found.items():
        for name in (name for name in ("ours", "plain", "before") if name in entry):
            of_name, rates = entry[name], entry[name]["images_per_second"]
            cpu = 1e3 * statistics.median(of_name["cpu_seconds"]) / of_name["images"]
            cells = [f"{verb}, {name}", count(rates["median"])]
            cells += [f"{count(rates['min'])}-{count(rates['max'])}", f"{cpu:.2f}"]
            if name == "ours":
                floor = entry.get("floor", {})
                shares = [floor[key] for key in ("share", "share_at_widths") if key in floor]
                rows.append([*cells, "", "", "", "", *(f"{share:.1%}" for share in shares)])
                continue
            tail = "" if name == "plain" else f"_{name}"
            for mark in ("", "_cpu"):
                cells += [
                    f"{entry[f'ratio{mark}{tail}']:.2f}",
                    spread(entry[f"ratios{mark}{tail}"]),
                ]
            rows.append(cells)
    return rows


def warnings(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where a contestant did not compute what ours did in the warm-up round."""
    said = []
    for verb, entry in found.items():
        ours = entry["ours"]["outcome"]
        for name in ("plain", "before"):
            other = entry.get(name, {}).get("outcome")
            if other is None:
                continue
            bound = SCORE if verb == EVALUATION else LOSS * abs(ours)
            # Also where one of them is not finite.
            if not math.isfinite(bound) or not abs(ours - other) <= bound:
                kind = "1-NED" if verb == EVALUATION else "loss"
                said.append(f"{verb}: mean {kind} {ours:.6g} of ours, {other:.6g} of {name}")
    return said


def scaling(results: Mapping[str, Results]) -> dict[str, Any]:
    """By name and verb, images/s with the most threads / with the fewest, round by round."""
    found: dict[str, Any] = {}
    for verb, answers in results.items():
        for name in dict.fromkeys(member.name for member in answers):
            mine = sorted((m for m in answers if m.name == name), key=lambda m: m.threads)
            few, many = ([a["seconds"] for a in answers[m]] for m in (mine[0], mine[-1]))
            ratios = divided(few, many)
            found.setdefault(verb, {})[name] = {
                "ratio": statistics.median(ratios), "ratios": ratios,
            }  # fmt: skip
    return found


def ratio_rows(found: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """For people."""
    return [
        [f"{verb}, {name}", f"{entry['ratio']:.2f}", spread(entry["ratios"])]
        for verb, by_name in found.items()
        for name, entry in by_name.items()
    ]
