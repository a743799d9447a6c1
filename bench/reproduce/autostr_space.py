"""AutoSTR, Tables 1 and 2 and section 3.2: the space, by counting. No training."""

from __future__ import annotations

from pathlib import Path

from bench.reproduce.entry import AUTOSTR, Check, Entry, Recipe, Reproduction
from spaces import load_space

PATHS, ARCHITECTURES = 30_030, 30_030 * 7**15
#: Table 2; names as here, as printed.
OPERATIONS = {
    "k3e1": "MBConv(k:3x3,e:1)", "k3e3": "MBConv(k:3x3,e:3)", "k3e6": "MBConv(k:3x3,e:6)",
    "k5e1": "MBConv(k:5x5,e:1)", "k5e3": "MBConv(k:5x5,e:3)", "k5e6": "MBConv(k:5x5,e:6)",
    "skip": "Skip-Connect",
}  # fmt: skip


def _read(folder: Path) -> Reproduction:
    space = load_space("autostr")
    paths = space.size // len(space.operations) ** space.layers
    rows = [
        ("downsampling paths", f"{paths:,}", f"{PATHS:,}"),
        ("operations", ", ".join(space.operations), ", ".join(OPERATIONS.values())),
        ("architectures", f"{space.size:,}", "30030 x 7^15, about 1.43 x 10^17"),
        ("height, columns after it", " x ".join(map(str, space.output_shape[1:])), "1 x 25"),
    ]
    checks = [
        Check("30,030 downsampling paths, in two dimensions (Table 1)", holds=paths == PATHS),
        Check("seven operations (Table 2)", holds=set(space.operations) == set(OPERATIONS)),
        Check("1.43 x 10^17 architectures", holds=space.size == ARCHITECTURES),
    ]
    notes = ("30030 x 7^15 is 1.426 x 10^17.",)
    return Reproduction(("", "here", "printed"), rows, checks, notes)


NOTHING = Recipe()
ENTRY = Entry(
    "autostr-space",
    AUTOSTR,
    "Tables 1 and 2, section 3.2",
    "The space has 30,030 downsampling paths in two dimensions and seven operations a layer.",
    {"tiny": NOTHING, "cpu": NOTHING, "paper": NOTHING},
    _read,
)
