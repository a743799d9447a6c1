"""The preset of a command that names none."""

from __future__ import annotations

from collections.abc import Sequence


def default_preset(device: str | None, changes: Sequence[str] = ()) -> str:
    """``gpu`` where there is one and it is wanted, else ``cpu``, or that of the space ``changes``
    ask for.
    """
    spaces = [
        value
        for key, _, value in (each.partition("=") for each in changes)
        if key.strip() == "space.name"
    ]
    on_cpu = "strnas-cpu" if spaces and spaces[-1].strip(" \"'") == "strnas" else "cpu"
    if device == "cpu":
        return on_cpu
    import torch

    return "gpu" if torch.cuda.is_available() else on_cpu
