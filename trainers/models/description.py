"""What a model is, in full: enough to build its network again. No torch here.

Descriptions come with model folders, also with those of strangers: every size is bounded, unknown
keys are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from spaces import Architecture, Space, load_space
from trainers.baselines.catalogue import Baseline, find_baseline
from trainers.data.charset import Charset, get_charset
from trainers.data.errors import DataError
from trainers.errors import TrainerError
from trainers.settings import (
    CharsetName,
    DataSettings,
    RecogniserSettings,
    SupernetSettings,
    Width,
    Widths,
    WordLength,
)

#: What it is trained and scored in, and reads in.
Precision = Literal["fp32", "bf16"]


class ArchitectureModel(
    Struct, frozen=True, forbid_unknown_fields=True, tag="architecture", tag_field="kind"
):
    """A backbone of a space at some widths, in a recogniser of chosen parts.

    ``part`` is that of space strnas, '' elsewhere; ``text`` is the architecture. ``first_width``
    and ``widths`` are channels of the stem or first cell, and of the stages.
    """

    space: str
    text: Annotated[str, Meta(max_length=200)]
    charset: CharsetName
    max_length: WordLength
    recogniser: RecogniserSettings
    first_width: Width
    widths: Widths
    part: str = ""
    precision: Precision = "fp32"

    @property
    def name(self) -> str:
        """What people call it."""
        return self.text

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that images are loaded at."""
        return self.recogniser.input_size

    @property
    def time_steps(self) -> int | None:
        """Columns of features that a label has to fit in; None for a head that needs no such."""
        return self.recogniser.time_steps

    def load_space(self) -> Space:
        """The space; ``SpaceError`` for one that does not exist."""
        return load_space(self.space, part=self.part)


class BaselineModel(
    Struct, frozen=True, forbid_unknown_fields=True, tag="baseline", tag_field="kind"
):
    """One of the hand-made recognisers of the papers' tables."""

    name: str
    charset: CharsetName
    max_length: WordLength
    precision: Precision = "fp32"

    @property
    def baseline(self) -> Baseline:
        """Its entry in the catalogue; ``TrainerError`` for a name that is not there."""
        return find_baseline(self.name)

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that images are loaded at."""
        return self.baseline.input_size

    @property
    def time_steps(self) -> int | None:
        """None: a baseline leaves out no words, so that all baselines learn from the same ones."""
        return None


ModelDescription = ArchitectureModel | BaselineModel


def describe_architecture(
    space: Space,
    architecture: Architecture,
    data: DataSettings,
    recogniser: RecogniserSettings,
    supernet: SupernetSettings,
    precision: Precision = "fp32",
) -> ArchitectureModel:
    """The stand-alone twin of what a supernet of these settings scores."""
    return ArchitectureModel(
        space=space.name,
        text=architecture.text,
        charset=data.charset,
        max_length=data.max_length,
        recogniser=recogniser,
        first_width=supernet.stem_width,
        widths=supernet.widths,
        part=space.part,
        precision=precision,
    )


def describe_baseline(
    name: str, data: DataSettings, precision: Precision = "fp32"
) -> BaselineModel:
    """A baseline that reads the preset's characters; ``TrainerError`` for an unknown name."""
    return BaselineModel(find_baseline(name).name, data.charset, data.max_length, precision)


def read_description(plain: Mapping[str, Any], source: str) -> ModelDescription:
    """A description from plain data; ``TrainerError`` naming ``source`` where it is none."""
    try:
        found: ModelDescription = msgspec.convert(plain, ModelDescription)
    except msgspec.ValidationError as error:
        raise TrainerError(
            f"{source} is described in a way that this version does not know ({error}): choose "
            "a model folder of `bench retrain` or `bench baseline train`"
        ) from error
    try:
        get_charset(found.charset)
    except DataError as error:
        raise TrainerError(f"{source}: {error}") from error
    return found


def charset_of(description: ModelDescription) -> Charset:
    """The characters that it reads."""
    return get_charset(description.charset)
