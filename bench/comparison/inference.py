"""What the conclusions are about: one sentence, on top of everything."""

from __future__ import annotations

from bench.comparison.groups import Groups
from bench.comparison.pairs import ComparedFamily
from bench.records.record import RunRecord

#: What several of what scores come from are called, by evaluator.
UNITS = {"supernet": "supernets", "synthetic": "landscapes", "replay": "records"}


def unit_of(record: RunRecord) -> str:
    """What is called a unit where there are several supernets, or what stands in for them."""
    return UNITS.get(record.evaluator, "supernets")


def inference(groups: Groups, compared: ComparedFamily, what: str) -> str:
    """For whom the conclusions hold; ``what`` is what several supernets are called."""
    complete = [run for group in groups.groups for run in group.complete]
    seeds = sorted({run.seed for run in complete})
    if compared.of_clusters:
        return (
            f"Conclusions are about {what} like these {compared.count}, each of which counts once, "
            f"by the mean over its {_counted(len(seeds), 'seed')}."
        )
    if not compared.count:
        return "There is no conclusion: no block was completed by every arm."
    used = groups.supernets
    if not used:
        return (
            f"Conclusions are about seeds: in each of {_counted(compared.count, 'block')} every "
            "run trained weights of its own."
        )
    return (
        f"Conclusions are about seeds of one {what[:-1]} only, in "
        f"{_counted(compared.count, 'block')}: another {what[:-1]} may turn the order round."
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
