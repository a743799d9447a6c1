"""Where every number comes from: runs, versions, hardware, deviations, checklist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.comparison.costs import seconds_of
from bench.comparison.groups import Groups
from bench.presets import load_preset
from bench.records import RunRecord
from bench.settings import settings_as_dict

#: Sections of a preset in which a study may leave the AutoSTR paper, and what they are about.
SECTIONS = ("data", "recogniser", "supernet", "trainer")
#: Keys that say where things lie or how they are run, not what is computed.
BOOKKEEPING = ("data.workers", "supernet.start", "trainer.device", "data.search_train")


def run_rows(groups: Groups) -> list[dict[str, Any]]:
    """Every run, complete or not, with the identity that its numbers can be traced to."""
    return [_row(run, group.label) for group in groups.groups for run in group.runs]


def _row(run: RunRecord, label: str) -> dict[str, Any]:
    result: dict[str, Any] = run.result or {}
    found: dict[str, Any] = result.get("recommendation", {})
    total: dict[str, Any] = result.get("cost", {}).get("total", {})
    return {
        "run_id": run.run_id,
        "folder": str(run.folder),
        "searcher": label,
        "block": run.block,
        "seed": run.seed,
        "supernet": run.supernet,
        "complete": run.complete,
        "ended": result.get("ended"),
        "architecture": found.get("text"),
        "score": found.get("score"),
        "one_ned": found.get("one_ned"),
        "search_val_score": found.get("search_val_score"),
        "macs": found.get("macs"),
        "params": found.get("params"),
        "images": total.get("images"),
        "evaluations": total.get("evaluations"),
        "seconds": seconds_of(run),
        "failures": result.get("cost", {}).get("failures"),
        "warnings": list(result.get("warnings", [])),
    }


def hardware(records: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """The machines that the runs were made on, each once, with how many runs."""
    found: list[dict[str, Any]] = []
    for record in records:
        described = dict(record.manifest.get("hardware", {}))
        known = next((row for row in found if row["hardware"] == described), None)
        if known is None:
            found.append({"hardware": described, "runs": 1})
        else:
            known["runs"] += 1
    return [{**row["hardware"], "runs": row["runs"]} for row in found]


def versions(records: Sequence[RunRecord]) -> dict[str, str]:
    """Versions that runs were made with; several, where they differ."""
    found: dict[str, set[str]] = {}
    for record in records:
        for package, version in record.manifest.get("versions", {}).items():
            found.setdefault(str(package), set()).add(str(version))
    return {package: ", ".join(sorted(values)) for package, values in found.items()}


def hyperparameters(groups: Groups) -> dict[str, dict[str, Any]]:
    """Every setting of every searcher."""
    return {g.label: dict(g.runs[0].identity["hyperparameters"]) for g in groups.groups}


def deviations(record: RunRecord) -> list[str]:
    """In which settings the study leaves preset ``paper``, a sentence each."""
    paper = _flat(settings_as_dict(load_preset("paper")))
    own = _flat(record.identity["preset"])
    found = []
    for key in sorted(paper.keys() & own.keys()):
        if key.partition(".")[0] not in SECTIONS or key.startswith(BOOKKEEPING):
            continue
        if own[key] != paper[key]:
            found.append(f"{key} is {own[key]}, in the settings of the AutoSTR paper {paper[key]}")
    return found


def checklist(groups: Groups, records: Sequence[RunRecord]) -> list[dict[str, str]]:
    """The NAS best-practice checklist (Lindauer and Hutter, JMLR 2020), as far as it can be known.

    "no" where it is no: the list is there to be read, not to be passed.
    """
    seeds = min((len(group.complete) for group in groups.groups), default=0)
    seed_note = f"the searcher with the fewest has {seeds} complete runs"
    unfinished = sum(not record.complete for record in records)
    machines = len(hardware(records))
    baseline = "random" in groups.labels
    rows = [
        (
            "Code for the training pipeline and its seeds is released",
            "yes",
            "this package; seeds of every run stand in its run.json",
        ),
        (
            "Code for the search is released",
            "yes",
            "this package; the source of a plug-in is named by its hash only",
        ),
        (
            "The same data splits, space and training for all methods",
            "yes",
            "checked: runs that differ in more than searcher, seed and supernet are refused",
        ),
        (
            "The same hardware for all methods",
            "yes" if machines == 1 else "no",
            f"{machines} kinds of machine or thread count in the manifests",
        ),
        (
            "Ablations of the method",
            "no",
            "the program cannot know; runs with other settings are separate searchers",
        ),
        (
            "The same evaluation protocol for all methods",
            "yes",
            "one referee, on words that no searcher sees",
        ),
        (
            "Performance over time is compared",
            "yes",
            "curves over images, evaluations, multiply-adds and seconds",
        ),
        (
            "Compared with random search",
            "yes" if baseline else "no",
            "random search with the same weights and budget" if baseline else "it was not run",
        ),
        ("Several runs with different seeds", "yes" if seeds >= 3 else "no", seed_note),
        (
            "A tabular or surrogate benchmark for in-depth evaluation",
            "partly",
            "a made-up landscape with a planted optimum comes with the package",
        ),
        (
            "How hyperparameters were tuned is reported",
            "partly",
            "every value is listed; how it was found stands in docs/searchers.md",
        ),
        (
            "Time of the whole search is reported, supernet included",
            "yes",
            "seconds and images; the supernet's images sunk, amortised and private",
        ),
        (
            "All runs are reported, failed ones too",
            "yes" if not unfinished else "partly",
            "every run is listed"
            if not unfinished
            else f"{unfinished} runs are unfinished and named; they enter no statistic",
        ),
        (
            "Final scores after training from scratch",
            "no",
            "scores are those of inherited weights; no architecture was trained from scratch",
        ),
    ]
    return [{"item": item, "answer": answer, "note": note} for item, answer, note in rows]


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
