"""Preset cpu on the GPU: images/s of its verbs. A narrow network: launches are what takes time."""

from __future__ import annotations

import sys

from benchmarks.gpu.record import Record, part_options
from benchmarks.gpu.subject import Clock, Subject

SECONDS = 2.0


def main() -> int:
    """Exit code 1 when something could not be measured."""
    options = part_options(__doc__)
    record = Record(options.out, preset="cpu", device=options.device)
    clock = Clock(record, options.device, 0.0 if options.tiny else SECONDS)
    # The preset's batch, and one that gives the device something to do.
    for batch in (4,) if options.tiny else (32, 512):
        subject = Subject.of("cpu", options.device, options.tiny, f"trainer.batch_images={batch}")
        trainer = subject.ours()
        rates = {}
        for verb, (images, call) in subject.verbs(trainer).items():
            rates[verb] = clock.measure(f"batch {batch}", verb, images=images, call=call)
        trainer.close()
        if "headline" not in record.document:
            said = [f"{verb} {rate:,.0f}" for verb, rate in rates.items() if rate]
            record.headline(f"images/s at batch {batch}: {', '.join(said)}")
    return 1 if record.failures else 0


if __name__ == "__main__":
    sys.exit(main())
