"""Made-up analyses of every shape that `bench compare` may hand to the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FIVE = ("autostr", "proxyless", "evolution", "tpe", "random")
TWO = ("evolution", "random")
TWELVE = (
    "autostr", "proxyless", "evolution", "tpe", "random", "spos", "local-search", "grid", "largest",
    "optuna:nsgaii", "nevergrad:DiscreteLenglerOnePlusOne", "my_package.module:Class",
)  # fmt: skip
LONG = (
    "my_package_with_a_name.of_many_parts.and_then_some:AClassWithAVeryLongNameIndeed",
    "my_package_with_a_name.of_many_parts.and_then_some:AClassWithAVeryLongNameIndeed2",
    "W" * 300,
    "random",
)
HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "$\\frac{1}{2}$ _hidden | `x`",
    "_leading", "line\nbreak\x00\x1b[31m\udc80\u202egnp.exe", "random",
)  # fmt: skip
HOSTILE_TEXT = '"><svg onload=alert(3)></svg></script><script>window.hit=1</script>'
PAYLOADS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>')
WORDS = ("different", "equivalent", "inconclusive", "too few", "not comparable")
AXES = {
    "images": ("images processed", 40_000),
    "evaluations": ("evaluations", 300),
    "seconds": ("seconds", 180.5),
    "macs": ("MACs spent", 9.3e12),
}


def estimate(
    value: float, width: float, n: int, method: str = "mean, Student's t"
) -> dict[str, Any]:
    return {
        "estimate": value, "low": value - width, "high": value + width, "n": n, "level": 0.95,
        "method": method,
    }  # fmt: skip


def refused(reason: str) -> dict[str, Any]:
    return {"refused": reason}


def analysis(
    names: Sequence[str] = FIVE,
    runs: int = 20,
    seed: int = 0,
    evaluator: str = "supernet",
    text: str = "",
    looks: int = 21,
) -> dict[str, Any]:
    """A study of ``names`` with ``runs`` blocks; ``text`` goes wherever a study has free text."""
    rng = np.random.default_rng(seed)
    levels = {name: 0.86 + 0.008 * (len(names) - place) for place, name in enumerate(names)}
    records = [
        _run(name, block, levels[name], rng, text) for name in names for block in range(runs)
    ]
    return {
        "name": f"study {text}".strip(),
        "question": "Which searcher recommends the best architecture for 40,000 images?" + text,
        "endpoint": "shared",
        "endpoint_text": "word accuracy on test of what each run recommends at the end" + text,
        "summary": f"{names[0]} scores higher than the others" + text,
        "inference": "Conclusions are about seeds of one supernet only." + text,
        "supernets": 1, "baseline": "random", "margin": 0.02,
        "budget": {"images": 40_000, "macs": None, "seconds": 500.5, "equalised": "images"},
        "word_noise": {"words": 2000, "sd": 0.0135}, "decided_later": ["margin is 0.02" + text],
        "created": "2031-04-05T06:07:08+00:00",
        "evaluator": evaluator,
        "space": {"name": "autostr", "settings": {"layers": 15, "strict": False}},
        "preset": "cpu",
        "budget_images": 40_000,
        "caps": {"max_macs": 450_000_000, "max_params": None},
        "searchers": [
            _searcher(name, place, runs, levels[name], text) for place, name in enumerate(names)
        ],
        "tests": _tests(names, runs, text),
        "ranks": _ranks(names, rng),
        "curves": {axis: _curves(axis, names, runs, levels, looks, rng) for axis in AXES},
        "rank_curve": _rank_curve(names, runs, looks),
        "pareto": {cost: _pareto(cost, records) for cost in ("macs", "params")},
        "mac_distribution": _macs(records),
        "supernet_health": {"updates": _updates(rng)},
        "proxy_final": _proxy(names, rng, text),
        "runs": records,
        "excluded": [{"run": f"results/runs/old{text}", "reason": f"of another preset{text}"}],
        "unfinished": [{"run": "results/runs/tpe-3", "reason": "stopped at 60 % of its budget"}],
        "checklist": [
            {"item": "Code for training is released" + text, "answer": "yes", "note": ""},
            {"item": "Same hardware for all searchers", "answer": "partly", "note": "two machines"},
            {"item": "Tuned hyperparameters are told", "answer": "no", "note": "no" + text},
            {"item": "A tabular benchmark was used", "answer": "n/a", "note": "there is none"},
        ],
        "deviations": ["BatchNorm statistics are recomputed before every evaluation." + text],
        "versions": {"python": "3.11.2", "torch": "2.13.0", "numpy": "2.4.6" + text},
        "hardware": [{"processor": "AMD EPYC" + text, "cores": 2, "accelerator": None}],
        "hyperparameters": {
            name: {"population": 50, "rate": 0.1, "nested": {"a": None}, "label": text or "x"}
            for name in names
        },
    }  # fmt: skip


def refusals(names: Sequence[str] = FIVE, text: str = "") -> dict[str, Any]:
    """Everything that can be refused is."""
    found = analysis(names, 2, text=text)
    no = refused(f"an interval needs at least 6 blocks, not 2{text}")
    for entry in found["searchers"]:
        for key in ("score", "median", "iqm", "auc", "macs", "params"):
            entry[key] = no
        entry["against_baseline"] = refused(f"a test needs at least 8 blocks, not 2{text}")
        entry["cost"] = dict.fromkeys(entry["cost"])
        entry["overhead_seconds"] = None
    found["tests"] = {
        "alpha": 0.05, "blocks": 2, "unit": "blocks", "units": 2, "omnibus": no,
        "first_threshold": 0.005, "smallest_n": 9,
        "pairs": [],
    }  # fmt: skip
    for key in ("ranks", "rank_curve", "mac_distribution", "supernet_health", "proxy_final"):
        found[key] = no
    found["curves"] = dict.fromkeys(found["curves"], no)
    found["pareto"] = dict.fromkeys(found["pareto"], no)
    for run in found["runs"]:
        run.update(score=None, one_ned=None, search_val_score=None, complete=False, ended=None)
    found["hyperparameters"] = {}
    found["checklist"] = []
    return found


def broken_numbers() -> dict[str, Any]:
    """NaN and infinity where numbers belong."""
    found = analysis(TWO, 3)
    nan, inf = float("nan"), float("inf")
    found["searchers"][0]["score"] = estimate(nan, nan, 3)
    found["searchers"][0]["cost"]["seconds"] = inf
    found["curves"]["images"]["searchers"]["evolution"]["median"][0] = nan
    found["rank_curve"]["searchers"]["evolution"][0] = nan
    found["pareto"]["macs"]["points"][0]["score"] = nan
    found["runs"][0]["score"] = -inf
    return found


def small(names: Sequence[str] = TWO, runs: int = 3) -> dict[str, Any]:
    """Too few blocks for bands and verdicts, as lists of None and refusals."""
    found = analysis(names, runs)
    for curve in found["curves"].values():
        for entry in curve["searchers"].values():
            for key in ("median_low", "median_high", "iqm_low", "iqm_high"):
                entry[key] = None
    for entry in found["searchers"]:
        entry["median"] = {
            "refused": "an interval needs at least 6 blocks, not 3",
            "estimate": 0.87,
        }
    return found


FIXTURES = {
    "five": lambda: analysis(),
    "two": lambda: analysis(TWO, 8),
    "one": lambda: analysis(("random",), 3),
    "lone-run": lambda: analysis(("proxyless",), 1, looks=1),
    "twelve": lambda: analysis(TWELVE, 10, evaluator="synthetic"),
    "long": lambda: analysis(LONG, 6),
    "hostile": lambda: analysis(HOSTILE, 6, text=HOSTILE_TEXT),
    "refused": lambda: refusals(),
    "refused-hostile": lambda: refusals(HOSTILE, HOSTILE_TEXT),
    "broken-numbers": broken_numbers,
    "small": small,
    "empty": lambda: {"name": "nothing", "searchers": [], "evaluator": "synthetic"},
}


def _number(name: str) -> int:
    return sum(name.encode("utf-8", "replace")) * 7919


def _run(
    name: str, block: int, level: float, rng: np.random.Generator, text: str
) -> dict[str, Any]:
    score = float(np.clip(level + rng.normal(0, 0.01), 0, 1))
    digits = "".join(map(str, rng.integers(0, 7, 15)))
    macs = int(rng.integers(220, 470)) * 1_000_000
    return {
        "run_id": f"{_number(name) + block * 104729:08x}{block:04d}{text}",
        "folder": f"../runs/{name}-{block}",
        "searcher": name, "block": f"supernet 1a2b3c4d, seed {block}{text}", "seed": block,
        "supernet": "supernet 1a2b3c4d", "complete": True, "ended": "budget spent",
        "architecture": f"A..B..A..B..B..-{digits}", "score": score, "one_ned": score + 0.05,
        "search_val_score": score + 0.01, "macs": macs, "params": int(macs / 55), "images": 40_000,
        "evaluations": 38, "seconds": float(rng.uniform(120, 190)), "failures": int(block == 3),
        "warnings": ["the entropy of the gates did not fall" + text] if block % 7 == 0 else [],
    }  # fmt: skip


def _searcher(name: str, place: int, runs: int, level: float, text: str) -> dict[str, Any]:
    word = WORDS[place % 5]
    shift = estimate(0.03 - 0.012 * place, 0.008, runs, "Hodges-Lehmann shift")
    against = {
        "verdict": word,
        "sentence": f"{name} against random: {word} (shift +0.0300, n = {runs}){text}",
        "p_adjusted": 0.0004 if word == "different" else 0.21, "shift": shift,
        "a12": estimate(0.7, 0.1, runs, "A12, bootstrap"), "minimum_detectable_effect": 0.0071,
        "rho": estimate(0.62, 0.2, runs, "Pearson, Fisher's z"),
    }  # fmt: skip
    return {
        "relative_improvement": estimate(0.034, 0.01, runs, "relative improvement, bootstrap"),
        "name": name, "runs": runs + (place == 1), "complete": runs, "failed": 0,
        "unfinished": int(place == 1), "score": estimate(level, 0.006, runs),
        "median": estimate(level + 0.001, 0.007, runs, "median, order statistics"),
        "iqm": estimate(level, 0.005, runs, "interquartile mean, bootstrap"),
        "auc": estimate(level - 0.03, 0.006, runs),
        "macs": estimate(310e6, 20e6, runs), "params": estimate(5.4e6, 4e5, runs),
        "cost": {
            "images_sunk": 40_000, "images_amortised": 80_000, "images_private": 840_000,
            "evaluations": 38, "seconds": 171.4, "seconds_range": [120.5, 301.0],
            "break_even_runs": 21.5 if place else None,
        },
        "against_baseline": {"verdict": "reference"} if name == "random" else against,
        "proposals": {"asked": 760, "unique": 741, "duplicate": 19, "repaired": 0, "redrawn": 4},
        "failures": 1, "overhead_seconds": estimate(1.7, 0.2, runs),
    }  # fmt: skip


def _tests(names: Sequence[str], runs: int, text: str) -> dict[str, Any]:
    pairs = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            word = WORDS[(len(pairs) * 7 + i) % 5]
            pairs.append({
                "a": a, "b": b, "n": runs, "p": 0.003, "p_adjusted": 0.0004 if i == 0 else 0.31,
                "shift": estimate(0.008, 0.004, runs, "Hodges-Lehmann shift"),
                "a12": estimate(0.61, 0.1, runs, "A12, bootstrap"),
                "rho": refused("all scores are equal") if i == 1 else estimate(0.5, 0.2, runs, "z"),
                "minimum_detectable_effect": 0.0071, "verdict": word,
                "icc": estimate(0.3, 0.2, runs, "ICC(1)"), "p_flipped": 0.03,
                "posterior": {"better": 0.9, "equivalent": 0.08, "worse": 0.02},
                "sentence": f"{a} scores higher than {b} (shift +0.0080, n = {runs}){text}",
            })  # fmt: skip
    omnibus: dict[str, Any] = {
        "p_value": 0.00002, "chi_squared": 31.4, "degrees": len(names) - 1, "n": runs,
    }  # fmt: skip
    if len(names) < 3:
        omnibus = refused(f"an omnibus test needs at least 3 searchers, not {len(names)}")
    return {
        "alpha": 0.05, "blocks": runs, "unit": "blocks", "units": runs, "family": "all-pairs",
        "comparisons": len(pairs), "margin": 0.02, "omnibus": omnibus, "pairs": pairs,
        "first_threshold": 0.005, "smallest_n": 9,
    }  # fmt: skip


def _ranks(names: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    k = len(names)
    if k < 2:
        return refused(f"average ranks need 2 searchers, not {k}")
    ranks = {
        name: float(np.clip(place + 1 + rng.normal(0, 0.35), 1, k))
        for place, name in enumerate(names)
    }
    ordered = sorted(names, key=lambda name: ranks[name])
    return {
        "ranks": ranks,
        "unit": "blocks",
        "cliques": [ordered[i : i + 2] for i in range(0, k - 1, 2)],
    }


def _rank_curve(names: Sequence[str], runs: int, looks: int) -> dict[str, Any]:
    unit, end = AXES["images"]
    x = np.linspace(end / 20, end, looks) if looks > 1 else np.array([float(end)])
    middle = (len(names) + 1) / 2
    ranks = {
        name: (middle + (place + 1 - middle) * np.arange(1, looks + 1) / looks).tolist()
        for place, name in enumerate(names)
    }
    return {"axis": "images", "unit": unit, "grid": x.tolist(), "searchers": ranks,
            "units": runs, "units_are": "supernets"}  # fmt: skip


def _curves(
    axis: str,
    names: Sequence[str],
    runs: int,
    levels: dict[str, float],
    looks: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    unit, end = AXES[axis]
    x = np.linspace(end / 20, end, looks) if looks > 1 else np.array([float(end)])
    searchers = {}
    for place, name in enumerate(names):
        rise = 1 - np.exp(-(1.5 + place % 3) * np.arange(1, looks + 1) / looks * 3)
        values = np.maximum.accumulate(
            np.clip(levels[name] * (0.8 + 0.2 * rise) + rng.normal(0, 0.012, (runs, looks)), 0, 1),
            axis=1,
        )
        middle = np.median(values, axis=0)
        entry: dict[str, Any] = {"grid": x.tolist(), "n": runs}
        for key, offset in (("median", 0.0), ("iqm", 0.001)):
            entry[key] = (middle + offset).tolist()
            entry[f"{key}_low"] = (middle + offset - 0.006).tolist()
            entry[f"{key}_high"] = (middle + offset + 0.006).tolist()
        entry["runs"] = [
            {"run_id": f"{name}-run-{block}", "x": x.tolist(), "y": row.tolist()}
            for block, row in enumerate(values)
        ]
        searchers[name] = entry
    return {"unit": unit, "searchers": searchers}


def _pareto(cost: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    points = [
        {"run_id": r["run_id"], "searcher": r["searcher"], "architecture": r["architecture"],
         "cost": r[cost], "score": r["score"], "on_front": False} for r in records
    ]  # fmt: skip
    best = -1.0
    for point in sorted(points, key=lambda p: (p["cost"], -p["score"])):
        if point["score"] > best:
            best, point["on_front"] = point["score"], True
    volumes = {r["searcher"]: 1.23e7 for r in records}
    return {"reference": {"score": 0.7, "cost": 5e8}, "hypervolume": volumes, "points": points}


def _macs(records: list[dict[str, Any]]) -> dict[str, Any]:
    edges = np.linspace(120e6, 484e6, 51).astype(int).tolist()
    middle = (np.array(edges[1:]) + edges[:-1]) / 2
    shares = np.exp(-(((middle - 300e6) / 55e6) ** 2))
    counts = [int(share * 1.1e16) for share in shares]
    return {
        "edges": edges, "counts": counts,
        "recommendations": [
            {"run_id": r["run_id"], "searcher": r["searcher"], "macs": r["macs"], "quantile": 0.42}
            for r in records
        ],
    }  # fmt: skip


def _updates(rng: np.random.Generator) -> dict[str, Any]:
    operations = ("k3e1", "k3e3", "k3e6", "k5e1", "k5e3", "k5e6", "skip")
    return {
        "operations": [
            {"name": name, "updates": int(rng.poisson(3600)), "expected": 3571.4}
            for name in operations
        ],
        "paths": [
            {"name": f"path {i}", "updates": int(rng.poisson(8)), "expected": 8.3}
            for i in range(3003)
        ],
        "coverage": {"weights": 0.998, "never_updated": 2, "seen": estimate(0.99, 0.01, 3003)},
    }  # fmt: skip


def _proxy(names: Sequence[str], rng: np.random.Generator, text: str) -> dict[str, Any]:
    points = []
    for i, proxy in enumerate(rng.uniform(0.4, 0.9, 30).tolist()):
        scores = (0.5 + 0.4 * proxy + rng.normal(0, 0.02) + rng.normal(0, 0.01, 3)).tolist()
        by = [name for place, name in enumerate(names) if i % 11 == place or i % 13 == place]
        points.append(
            {"architecture": f"A..B..A..B..B..-{i:015d}{text}", "recommended_by": by,
             "proxy": proxy, "proxy_runs": 1 + i % 3, "scores": scores, "sd": 0.01,
             "final": estimate(float(np.mean(scores)), 0.02, 3), "seeds": [0, 1, 2],
             "images": 100_000}
        )  # fmt: skip
    points[3].update(proxy=None, proxy_runs=0)
    points[4].update(
        final={"refused": "an interval needs at least 2 seeds, not 1", "estimate": 0.7, "n": 1},
        scores=[0.7], seeds=[0], sd=None,
    )  # fmt: skip
    return {
        "proxy": "test", "notes": ["Proxy scores are the referee's, on test." + text],
        "tau": estimate(0.61, 0.1, 29, "Kendall's tau-b, bootstrap over architectures"),
        "tau_error_of_chance": 0.131, "ceiling": refused("one seed only"),
        "sizes": {"multiply-adds": estimate(0.5, 0.1, 29), "parameters": refused("all equal")},
        "lead": estimate(0.11, 0.2, 29), "better_than_size": "Not shown." + text,
        "top_k": {"1": estimate(0.6, 0.2, 29), "5": refused("the top 5 of 5 are all of them")},
        "regret": {"1": estimate(0.004, 0.003, 29)},
        "points": points,
        "searchers": [
            {"searcher": name, "runs": 4, "retrained": 3 * (place != 1), "architectures": 2,
             "final": estimate(0.8, 0.02, 3) if place != 1 else refused("not retrained")}
            for place, name in enumerate(names)
        ],
        "trainings": [
            {"architecture": points[0]["architecture"], "seed": seed, "final": 0.7, "images": 9,
             "folder": f"results/models/{seed}{text}"} for seed in range(3)
        ],
        "left_out": [{"model": f"results/models/old{text}", "reason": f"other words{text}"}],
        "commands": {"lines": [f"bench retrain runs/one --seed 0{text}"], "more": 12},
    }  # fmt: skip


def as_analysed() -> dict[str, Any]:
    """Shapes of `bench.comparison` that differ from the plain ones."""
    found = analysis(TWO, 4)
    # Wider than the axis of two ranks.
    found["ranks"]["unit"] = "supernets"
    found["searchers"][1]["against_baseline"] = {
        **refused("the baseline itself"),
        "verdict": "reference",
    }
    found["searchers"][0]["cost"] = refused("no run is complete")
    found["tests"]["dropped"] = ["block supernet 1a2b3c4d, seed 5: tpe failed"]
    found["tests"]["pairs"][0].update(p=None, p_adjusted=None, untested="4 blocks are too few")
    for entry in found["curves"]["images"]["searchers"].values():
        entry["note"] = "a band needs at least 6 blocks, not 4"
    health = found["supernet_health"]
    health.update(steps=4000, looked_at=3900, outside_the_space=100)
    paths = [{"name": name, "updates": 120, "expected": 0.13} for name in ("AABBB", "ABABB")]
    paths.append({"name": "BBBAA", "updates": 0, "expected": 0.13})
    paths.append({"name": "all others", "updates": 3660, "expected": 3899.6})
    health["updates"]["paths"] = paths
    return found


FIXTURES["as-analysed"] = as_analysed
