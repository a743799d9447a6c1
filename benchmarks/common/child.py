"""A process that measures one implementation when told to: ``python -m benchmarks.common.child``.

It reads requests from its standard input and writes answers to its standard output, one JSON object
a line. Its argument is ``ours`` or ``plain``.
"""

from __future__ import annotations

import json
import sys

from benchmarks.common.memory import peak_bytes, reset_peak
from benchmarks.common.subject import Subject


def main() -> None:
    """Serve requests until the input ends."""
    subject = Subject(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            subject.prepare(request["row"])
            reset_peak()
            subject.warm_up()
            answer = {}
        elif request["do"] == "shares":
            answer = subject.shares()
        else:
            answer = {"seconds": subject.seconds(), "peak_bytes": peak_bytes()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
