"""An architecture as a column of boxes, from the image down to the features (AutoSTR, Fig. 5).

The colour says the kernel, how deep it is says the expansion; a layer that does nothing is an empty
box. Beside each stands what it hands on, where that changes, and what it costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.records.layers import Layer
from bench.report.figures.canvas import SMALL, Canvas
from bench.report.figures.legend import FAINT, GREY, INK, NOBODY, shortened
from bench.report.formatting import compact

#: Points: 384 pixels, so that a phone shows it as it is.
WIDTH = 288.0
ROW, BOX_HEIGHT = 21.0, 16.0
HEAD, FOOT = 56.0, 26.0
NUMBER, BOX, BOX_WIDTH, SHAPE, COST, COST_WIDTH = 28.0, 34.0, 92.0, 134.0, 214.0, 32.0
TITLE_WIDTH = WIDTH - 20.0

#: By kernel: fills of expansion 1, 3 and 6, whose text can be read on them.
FILLS = {
    "3": {"1": "#dcebf7", "3": "#8fc1e3", "6": "#0b66a0"},
    "5": {"1": "#fde7d3", "3": "#f2ae73", "6": "#a84300"},
    "7": {"1": "#d8f0e6", "3": "#86cfb4", "6": "#00684c"},
}
DARK = "6"
PLAIN = "#e5e7eb"
FIXED = "fixed"
NAME = re.compile(r"k(\d)(?:e(\d))?")


def architecture_figure(text: str, image: str, layers: Sequence[Layer]) -> str:
    """The SVG of an architecture by its ``text``; ``image`` is the shape of what comes in."""
    # A fixed extractor comes behind the rectifier that is searched.
    layers = sorted(layers, key=lambda layer: layer.name == FIXED)
    height = HEAD + ROW * len(layers) + FOOT
    canvas = Canvas(
        "architecture", f"Architecture {text}: {_spoken(layers)}", height, NOBODY, WIDTH
    )
    macs, params = sum(layer.macs for layer in layers), sum(layer.params for layer in layers)
    canvas.text(10.0, height - 14.0, shortened(text, TITLE_WIDTH), weight="bold")
    canvas.text(
        10.0, height - 27.0, f"{compact(macs)} multiply-adds, {compact(params)} parameters",
        size=SMALL, colour=GREY,
    )  # fmt: skip
    top = height - HEAD
    _heads(canvas, top + 3.0, image)
    largest = max(layer.macs for layer in layers) or 1
    shape = image
    for place, layer in enumerate(layers):
        middle = top - ROW * (place + 0.5)
        changed = layer.shape != shape or layer.name == FIXED
        shape = layer.shape
        if changed and place:
            edge = middle + ROW / 2.0
            canvas.line([10.0, WIDTH - 10.0], [edge, edge], color=FAINT, linewidth=0.8)
        _row(canvas, middle, layer, changed, layer.macs / largest)
    _key(canvas, 9.0, layers)
    return canvas.svg()


def _heads(canvas: Canvas, y: float, image: str) -> None:
    canvas.text(BOX, y, f"image {image}", size=SMALL, colour=GREY)
    canvas.text(SHAPE, y, "output (stride)", size=SMALL, colour=GREY)
    canvas.text(COST, y, "multiply-adds", size=SMALL, colour=GREY)


def _row(canvas: Canvas, y: float, layer: Layer, changed: bool, share: float) -> None:
    nothing = layer.macs == 0 and layer.params == 0
    fill, ink = ("white", GREY) if nothing else _colours(layer)
    canvas.text(NUMBER, y, layer.name, size=SMALL, colour=GREY, ha="right", va="center_baseline")
    tip = (
        f"layer {layer.name}: {layer.operation}"
        + (f", stride {layer.stride}" if layer.stride else "")
        + f"\n{layer.shape} out\n{layer.macs:,} multiply-adds\n{layer.params:,} parameters"
    )
    canvas.box(
        BOX, y - BOX_HEIGHT / 2.0, BOX_WIDTH, BOX_HEIGHT, tip,
        facecolor=fill, edgecolor=GREY if nothing else fill, linewidth=0.8,
        linestyle=(0, (3, 2)) if nothing else "-",
    )  # fmt: skip
    canvas.text(
        BOX + BOX_WIDTH / 2.0, y, _title(layer, nothing), size=SMALL, colour=ink, ha="center",
        va="center_baseline",
    )  # fmt: skip
    if changed:
        stride = f" ({layer.stride})" if layer.stride else ""
        canvas.text(SHAPE, y, layer.shape + stride, size=SMALL, va="center_baseline")
    if layer.macs:
        length = max(0.8, COST_WIDTH * share)
        canvas.box(COST, y - 3.5, length, 7.0, "", facecolor=GREY, edgecolor="none")
        canvas.text(
            COST + length + 4.0, y, compact(layer.macs), size=SMALL, colour=GREY,
            va="center_baseline",
        )  # fmt: skip


def _title(layer: Layer, nothing: bool) -> str:
    """The operation in the words of the papers."""
    found = NAME.fullmatch(layer.operation)
    if found is None:
        return layer.operation if nothing else f"{layer.operation}, projected"
    kernel, expansion = found.groups()
    if layer.name == FIXED:
        return f"extractor, all {layer.operation}"
    size = f"{kernel}x{kernel}"
    return f"MBConv {size}, e{expansion}" if expansion else f"conv {size}"


def _colours(layer: Layer) -> tuple[str, str]:
    """Fill and text."""
    found = NAME.fullmatch(layer.operation)
    fills = FILLS.get(found[1]) if found else None
    if found is None or fills is None or found[2] not in fills or layer.name == FIXED:
        return PLAIN, INK
    return fills[found[2]], "white" if found[2] == DARK else INK


def _key(canvas: Canvas, y: float, layers: Sequence[Layer]) -> None:
    """Which colour is which kernel, and what deep and pale mean."""
    found = [NAME.fullmatch(layer.operation) for layer in layers]
    x = BOX
    for kernel in sorted({each[1] for each in found if each and each[2]} & FILLS.keys()):
        for expansion in ("1", "3", "6"):
            canvas.box(x, y - 4.0, 9.0, 8.0, "", facecolor=FILLS[kernel][expansion], linewidth=0.0)
            x += 9.0
        canvas.text(x + 4.0, y, f"{kernel}x{kernel}", size=SMALL, colour=GREY, va="center_baseline")
        x += 34.0
    canvas.text(x, y, "deeper: larger expansion e", size=SMALL, colour=GREY, va="center_baseline")


def _spoken(layers: Sequence[Layer]) -> str:
    return ", ".join(
        layer.operation + (f" (stride {layer.stride})" if layer.stride else "") for layer in layers
    )
