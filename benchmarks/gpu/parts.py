"""The parts of a visit to a machine with a GPU: what comes first, and how long each may take."""

from __future__ import annotations

from dataclasses import dataclass

#: What all parts together may take, packages and environment included.
MINUTES = 8.0


@dataclass(frozen=True)
class Part:
    """A process of its own, at most ``seconds`` long, which writes NAME.json.

    ``module`` is what it runs, the one of that name in this folder if nothing is said.
    """

    name: str
    seconds: float
    what: str
    needs_device: bool = True
    module: str = ""


#: Of the packages, before everything else.
INSTALL_SECONDS = 15.0
#: First of all: figures without the machine they were taken on are of no use.
ENVIRONMENT = Part("environment", 15.0, "what the machine is", needs_device=False)
#: The most important first.
PARTS = (
    Part("gpu_tests", 60.0, "the tests that need a GPU"),
    Part("preset_gpu", 100.0, "images/s, memory and share of the device, beside the plain one"),
    Part("depthwise", 25.0, "depthwise convolutions with a stride, three ways"),
    Part("preset_cpu", 25.0, "images/s of preset cpu on the GPU"),
    Part("search", 90.0, "short searches, proxyless on presets cpu and gpu"),
    Part("resume", 80.0, "killed and resumed, against undisturbed runs"),
    Part("step_profile", 45.0, "where a weight step and a gate step go"),
    Part("words", 25.0, "words rendered and decoded a second", needs_device=False),
)
