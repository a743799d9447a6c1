"""Training words as they might also have been photographed: random changes of shape and tone.

The scheme and its magnitudes are those that PARSeq was trained with (Bautista and Atienza 2022,
https://arxiv.org/abs/2207.06966; baudm/parseq, strhub/data/augment.py): three changes are drawn,
each is made with probability 1/2, at half of the magnitudes that stand there (``magnitude=5`` of
10). Probability and levels are timm's RandAugment (timm/data/auto_augment.py).

Other than there:

* All changes of shape are one resampling, the last step, and keep the whole word in the picture:
  PARSeq does so for rotations only. The edge goes on where PARSeq fills with grey.
* Perspective is ours.
* Solarising is left out: it can give letters the tone of what is behind them.
* A change of tone that would leave less than half of the picture's detail is not made, and noise
  is no stronger than half of it: dark words on dark signs, or small ones, would be gone.

Images are uint8 RGB (H, W, 3), already at the size that the network takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from trainers.data import tones
from trainers.data.errors import DataError
from trainers.data.image import RGB
from trainers.data.warp import Warp

#: Changes drawn for a picture, and the probability of each to be made.
DRAWN, PROBABILITY = 3, 0.5
#: At strength 1: degrees; shares of the other axis; shares of the picture.
ROTATION, SHEAR_X, SHEAR_Y, MOVE_X, MOVE_Y = 15.0, 0.45, 0.1, 0.05, 0.15
#: Of each corner, in shares of width and height; drawn evenly up to it.
PULL = (0.05, 0.2)
#: Brightness, contrast and colour are 1 more or less it.
FACTOR = 0.45
#: Pixels of a picture that is 100 wide or wider; a fiftieth of the longer side of smaller ones.
BLUR = 2.0
#: Mean of a Poisson number, its sign drawn: what each pixel changes by.
NOISE = 20.0
#: Of the picture's detail: what a change of tone has to leave, and what noise may be.
KEPT = 0.5

Draw = np.random.Generator
_Shape = Callable[[Warp, float, Draw], None]
_Tone = Callable[[RGB, float, Draw], RGB]


def _sign(rng: Draw) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _rotate(warp: Warp, strength: float, rng: Draw) -> None:
    warp.degrees = _sign(rng) * ROTATION * strength


def _shear_x(warp: Warp, strength: float, rng: Draw) -> None:
    warp.shear_x = _sign(rng) * SHEAR_X * strength


def _shear_y(warp: Warp, strength: float, rng: Draw) -> None:
    warp.shear_y = _sign(rng) * SHEAR_Y * strength


def _move_x(warp: Warp, strength: float, rng: Draw) -> None:
    warp.move_x = _sign(rng) * MOVE_X * strength


def _move_y(warp: Warp, strength: float, rng: Draw) -> None:
    warp.move_y = _sign(rng) * MOVE_Y * strength


def _perspective(warp: Warp, strength: float, rng: Draw) -> None:
    warp.pulls = rng.random((4, 2)) * PULL * strength


def _posterise(image: RGB, strength: float, rng: Draw) -> RGB:
    return tones.posterise(image, 4 - int(2 * strength))


def _brightness(image: RGB, strength: float, rng: Draw) -> RGB:
    return tones.brighten(image, 1 + _sign(rng) * FACTOR * strength)


def _contrast(image: RGB, strength: float, rng: Draw) -> RGB:
    return tones.change_contrast(image, 1 + _sign(rng) * FACTOR * strength)


def _colour(image: RGB, strength: float, rng: Draw) -> RGB:
    return tones.change_colour(image, 1 + _sign(rng) * FACTOR * strength)


def _blur(image: RGB, strength: float, rng: Draw) -> RGB:
    """As wide as it may be; half of that where too little is left, as of many small letters."""
    sigma = min(BLUR, max(image.shape) / 50) * strength
    wide = tones.blur(image, sigma)
    enough = tones.share_kept(tones.detail(image), tones.detail(wide)) >= KEPT
    return wide if enough else tones.blur(image, sigma / 2)


def _noise(image: RGB, strength: float, rng: Draw) -> RGB:
    mean = min(NOISE * strength, KEPT * float(tones.detail(image).std()))
    size = image.shape[:2]
    return tones.add_noise(image, rng.poisson(mean, size) * (2 * rng.integers(0, 2, size) - 1))


SHAPES: Mapping[str, _Shape] = {
    "rotate": _rotate,
    "shear-x": _shear_x,
    "shear-y": _shear_y,
    "move-x": _move_x,
    "move-y": _move_y,
    "perspective": _perspective,
}
TONES: Mapping[str, _Tone] = {
    "invert": lambda image, strength, rng: tones.invert(image),
    "stretch": lambda image, strength, rng: tones.stretch(image),
    "equalise": lambda image, strength, rng: tones.equalise(image),
    "posterise": _posterise,
    "brightness": _brightness,
    "contrast": _contrast,
    "colour": _colour,
    "blur": _blur,
    "noise": _noise,
}
NAMES = (*SHAPES, *TONES)


def augment(image: RGB, strength: float, rng: np.random.Generator) -> RGB:
    """The picture with what ``rng`` draws; ``strength`` 1 has the published magnitudes.

    The given picture is not written to, and may be what is returned. Raises ``DataError`` for a
    strength that is not above 0 and at most 1.
    """
    if not 0 < strength <= 1:
        raise DataError(f"augmentation {strength} given; expected more than 0, at most 1")
    drawn = rng.permutation(len(NAMES))[:DRAWN]
    made = rng.random(DRAWN) < PROBABILITY
    return changed(image, [NAMES[place] for place in drawn[made]], strength, rng)


def changed(image: RGB, names: list[str], strength: float, rng: np.random.Generator) -> RGB:
    """The picture with the changes of these ``NAMES``: those of tone in this order, then shape."""
    warp = Warp()
    before = None
    for name in names:
        if name in SHAPES:
            SHAPES[name](warp, strength, rng)
            continue
        if before is None:
            before = tones.detail(image)
        toned = TONES[name](image, strength, rng)
        if tones.share_kept(before, tones.detail(toned)) >= KEPT:
            image = toned
    return warp.apply(image) if warp.changes() else image
