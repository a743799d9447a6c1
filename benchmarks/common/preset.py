"""Images per second of the trainer's verbs and of its loader, on one preset and its device."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from bench.presets import load_preset
from bench.run import Run
from bench.running.ledger import peak_accelerator_bytes, peak_memory_bytes
from benchmarks.common.subject import wanted_gates
from benchmarks.common.table import print_table, write_json
from benchmarks.plain.supernet import PlainSupernet, load_parts
from benchmarks.plain.trainer import PlainTrainer
from trainers.trainer import Trainer

STEPS = 8
#: Name -> (images that one call consumes, the call).
Verbs = dict[str, tuple[int, Callable[[], object]]]


def measure_preset(name: str, overrides: Sequence[str], rounds: int, json: Path | None) -> None:
    """Measure, print, and write JSON when asked."""
    run = Run("random", name, load_preset(name, overrides), seed=0)
    trainer, device = run.trainer, str(run.trainer.device)
    encodings = run.space.sample(STEPS, np.random.default_rng(0))
    results = measured(verbs(trainer, encodings), rounds, device)
    memory = {"ours": peak_accelerator_bytes(device) or peak_memory_bytes()}
    macs = 3 * run.space.macs(encodings).mean()
    document: dict[str, Any] = {"preset": name, "images_per_second": results}
    if trainer.device.type == "cuda":
        rate = matmul_rate(device)
        document["matmul_flops_per_second"] = rate
        # Of backbones of full width: narrower ones do less.
        document["share_of_matmul_rate"] = 2 * macs * results["weight steps"]["median"] / rate
        precisions: tuple[Literal["fp32", "bf16"], ...] = ("fp32", trainer.settings.precision)
        for precision in dict.fromkeys(precisions):
            torch.cuda.reset_peak_memory_stats()
            beside = plain_trainer(run, precision)
            found = measured(verbs(beside, encodings), rounds, device)
            results |= {f"plain {precision}, {verb}": rates for verb, rates in found.items()}
            memory[f"plain {precision}"] = peak_accelerator_bytes(device) or 0
            del beside
            torch.cuda.empty_cache()
    trainer.close()
    document["peak_bytes"] = memory
    header = ("", "images/s", "min", "max")
    print(f"preset {name} on {device}, n = {rounds} rounds")
    print_table(header, [
        [verb, *(f"{rates[key]:.0f}" for key in ("median", "min", "max"))]
        for verb, rates in results.items()
    ])  # fmt: skip
    for what, peak in memory.items():
        print(f"peak memory, {what}: {peak / 2**20:.0f} MiB")
    if "share_of_matmul_rate" in document:
        print(
            f"weight steps: {document['share_of_matmul_rate']:.1%} of the "
            f"{document['matmul_flops_per_second'] / 1e12:.0f} TFLOP/s of a bf16 matmul"
        )
    if json:
        write_json(json, device, document)


def plain_trainer(run: Run, precision: Literal["fp32", "bf16"]) -> PlainTrainer:
    """The plain implementation with the run's weights, data and settings."""
    trainer, data = run.trainer, run.preset.data
    plain = PlainSupernet(
        trainer.supernet.network,
        run.preset.recogniser,
        len(trainer.codec.charset),
        data.max_length,
    )
    load_parts(plain, trainer.supernet)
    settings = msgspec.structs.replace(trainer.settings, precision=precision)
    return PlainTrainer(plain, trainer.data, trainer.codec, settings)


def verbs(trainer: Trainer | PlainTrainer, encodings: npt.NDArray[np.int8]) -> Verbs:
    """What is measured."""
    batch = trainer.settings.batch_images
    words = trainer.data.evaluation
    step = iter(range(10**9))

    def load() -> None:
        for _ in range(10 * STEPS):
            trainer.data.search_train.batch(next(step))

    def gates(everything: bool) -> Callable[[], object]:
        return lambda: [
            trainer.gate_gradient(one, wanted_gates(one, everything)) for one in encodings
        ]

    return {
        "loader alone": (10 * STEPS * batch, load),
        "weight steps": (STEPS * batch, lambda: trainer.train_weights(encodings)),
        "gate gradients, all": (STEPS * batch, gates(True)),
        "gate gradients, two": (STEPS * batch, gates(False)),
        "evaluation": (
            len(words) + len(trainer.data.calibration),
            lambda: trainer.score(encodings[0], words),
        ),
    }


def measured(work: Verbs, rounds: int, device: str) -> dict[str, dict[str, float]]:
    """Images per second of each verb over ``rounds`` after one round of warm-up."""
    found = {}
    for name, (images, call) in work.items():
        rates = []
        for _ in range(rounds + 1):
            start = time.perf_counter()
            call()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            rates.append(images / (time.perf_counter() - start))
        rates = rates[1:]
        found[name] = {"median": statistics.median(rates), "min": min(rates), "max": max(rates)}
    return found


def matmul_rate(device: str, size: int = 8192, repeats: int = 20) -> float:
    """Floating point operations a second of a large bf16 matrix product."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    seconds = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        a @ a
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)
