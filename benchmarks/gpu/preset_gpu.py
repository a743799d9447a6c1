"""Preset gpu: images/s, peak memory and share of the device's best, beside the plain one.

The order is that of importance, since the part may be ended at any moment: ours, the plain one in
the same precision, then what tells where time goes (smaller batches, full precision).
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from benchmarks.gpu.record import Record, part_options
from benchmarks.gpu.subject import Clock, Subject, matmul_rate
from benchmarks.plain.trainer import PlainTrainer
from trainers.trainer import Trainer

#: Seconds that the repetitions of one measurement take.
SECONDS = 3.0


def main() -> int:
    """Exit code 1 when something could not be measured."""
    options = part_options(__doc__)
    record = Record(options.out, preset="gpu", device=options.device)
    subject = Subject.of("gpu", options.device, options.tiny)
    record.put("batch_images", value=subject.batch)
    record.put("evaluation_images", value=subject.evaluation_images)
    record.put("paths", value=subject.space.texts(subject.paths))
    size = 64 if options.tiny else 8192
    record.attempt("matmul_flops_per_second", work=lambda: matmul_rate(options.device, size))
    clock = Clock(record, options.device, 0.0 if options.tiny else SECONDS)
    nets: dict[str, Any] = {"ours": subject.ours().supernet}
    nets["plain"] = subject.plain_net(nets["ours"])
    both(record, clock, subject, nets)
    for batch in (2,) if options.tiny else (128, 32):
        smaller = Subject.of("gpu", options.device, options.tiny, f"trainer.batch_images={batch}")
        weight_steps(f"ours, batch {batch}", clock, smaller, smaller.ours(nets["ours"]))
    whole = Subject.of("gpu", options.device, options.tiny, "trainer.precision=fp32")
    weight_steps("ours, fp32", clock, whole, whole.ours(nets["ours"]))
    weight_steps("plain, fp32", clock, whole, whole.plain(nets["plain"]))
    return 1 if record.failures else 0


def both(record: Record, clock: Clock, subject: Subject, nets: dict[str, Any]) -> None:
    """Every verb, ours and the plain one in turns, both in bf16."""
    ours, plain = subject.ours(nets["ours"]), subject.plain(nets["plain"])
    work = {"ours": subject.verbs(ours), "plain": subject.verbs(plain)}
    for verb in work["ours"]:
        # In evaluations no word ends: what stopping early gains would depend on untrained weights.
        for net in nets.values():
            end_words(net, verb != "evaluation")
        found = {}
        for kind, verbs in work.items():
            images, call = verbs[verb]
            found[kind] = clock.measure(kind, verb, images=images, call=call)
        if found["ours"] and found["plain"]:
            record.put("ours / plain", verb, value=found["ours"] / found["plain"])
        if verb == "weight steps" and found["ours"]:
            told(clock, subject, found["ours"], found["plain"])
    for net in nets.values():
        end_words(net, True)
    ours.close()
    plain.close()


@torch.no_grad()
def end_words(net: Any, may: bool) -> None:
    """Whether the attention head may end a word before its longest length."""
    head = net.recogniser.head
    head.classify.bias[head.eos] = 0.0 if may else -1e4


def weight_steps(
    name: str, clock: Clock, subject: Subject, trainer: Trainer | PlainTrainer
) -> None:
    """Weight steps alone, with other settings; the networks of both stay where they are."""
    images, call = subject.verbs(trainer)["weight steps"]
    clock.measure(name, "weight steps", images=images, call=call)
    trainer.close()


def told(clock: Clock, subject: Subject, rate: float, plain: float | None) -> None:
    """The share of the device's best, but for tiny networks, and the headline."""
    record = clock.record
    best = record.document["matmul_flops_per_second"]
    text = f"weight steps {rate:,.0f} images/s"
    if isinstance(best, float) and clock.seconds:
        # Forward, gradients of inputs, gradients of weights; two operations a multiply-add. Of the
        # backbone alone: rectifier and head are left out.
        share = 3 * 2 * subject.macs * rate / best
        record.put("share_of_matmul_rate", value=share)
        text += f", {share:.1%} of the matmul rate"
    record.headline(text + (f", {rate / plain:.2f} times the plain one's" if plain else ""))


if __name__ == "__main__":
    sys.exit(main())
