"""From the sections of a preset to a trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from torch import Tensor, nn

from spaces import Space
from spaces.networks.network import Network, network_of
from trainers.codec import Codec
from trainers.data.charset import get_charset
from trainers.data.loader import BatchLoader
from trainers.data_splits import Split
from trainers.errors import TrainerError
from trainers.parts import space_of_part, take_weights
from trainers.settings import (
    DataSettings,
    RecogniserSettings,
    SupernetSettings,
    TrainerSettings,
)
from trainers.starts import find_supernet, gives
from trainers.state import file_hash, load_weights, read_tensors, unpack_parameters
from trainers.streams import Stream
from trainers.supernet import Supernet, build_supernet
from trainers.trainer import Trainer, TrainerData

FIRST_SPACE = "autostr"
Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
#: Name of the one array of a packed supernet.
PACKED = "parameters"


def build_network(space: Space, settings: SupernetSettings) -> Network:
    """The networks of a space at the preset's widths."""
    return network_of(space, settings.stem_width, settings.widths, settings.sharing)


def build_trainer(
    space: Space,
    splits: Mapping[str, Split],
    data: DataSettings,
    recogniser: RecogniserSettings,
    supernet: SupernetSettings,
    trainer: TrainerSettings,
    evaluation_images: int,
    seed: int,
    default_operations: Sequence[str] = (),
) -> tuple[Trainer, dict[str, Any] | None]:
    """A trainer, and the description of the supernet that it starts from (None: fresh weights).

    The order of search_train and search_val and the fresh weights depend on ``seed``. The blocks of
    ``default_operations`` are always fresh.
    """
    charset = get_charset(data.charset)
    net = build_supernet(
        build_network(space, supernet),
        recogniser,
        len(charset),
        data.max_length,
        seed,
        default_operations,
        supernet.entangled,
    )
    start = None
    if supernet.start:
        identity = supernet_identity(space, data, recogniser, supernet)

        def of_part(part: str) -> Supernet:
            other = build_network(space_of_part(space, part), supernet)
            return build_supernet(
                other, recogniser, len(charset), data.max_length, seed, entangle=supernet.entangled
            )

        start = load_supernet(net, supernet.start, identity, of_part)
        # It knows already that characters come from left to right.
        trainer = msgspec.structs.replace(trainer, flat_start_steps=0)
    train, val = splits["search_train"].words, splits["search_val"].words
    parts = TrainerData(
        search_train=BatchLoader(
            train,
            trainer.batch_images,
            seed,
            data.workers,
            Stream.SUPERNET_WORDS,
            augmentation=trainer.augmentation,
        ),
        search_val=BatchLoader(val, trainer.batch_images, seed, 1, Stream.GATE_WORDS),
        calibration=train.words(trainer.calibration_images),
        evaluation=val.words(max(evaluation_images, data.search_val_images)),
    )
    return Trainer(net, parts, Codec(charset), trainer), start


class _Spent(msgspec.Struct, frozen=True):
    """Of a supernet's provenance, what those that go on from it add to."""

    images: Count = 0
    macs: Count = 0
    weight_steps: Count = 0


class _Described(msgspec.Struct, frozen=True):
    """The header of a supernet's file."""

    identity: dict[str, Any]
    provenance: _Spent = _Spent()


def supernet_identity(
    space: Space, data: DataSettings, recogniser: RecogniserSettings, supernet: SupernetSettings
) -> dict[str, Any]:
    """What must agree between a stored supernet and the preset that loads it."""
    return {
        "space": space.name,
        **({"part": space.part} if space.part else {}),
        "charset": data.charset,
        "max_length": data.max_length,
        "stem_width": supernet.stem_width,
        "widths": list(supernet.widths),
        "sharing": supernet.sharing,
        "rectifier": recogniser.rectifier,
        "sequence_encoder": recogniser.sequence_encoder,
        "sequence_hidden": recogniser.sequence_hidden,
        "head": recogniser.head,
        "attention_hidden": recogniser.attention_hidden,
        "entangled": supernet.entangled,
    }


def load_supernet(
    net: Supernet,
    start: str,
    identity: Mapping[str, Any],
    of_part: Callable[[str], Supernet] | None = None,
) -> dict[str, Any]:
    """Load a stored supernet into ``net``; returns its provenance with the file's hash.

    Default operations keep the weights they have: files of supernets hold none. ``of_part`` makes a
    supernet of another part of the space: with it, a file of a part that has the extractor serves
    where a rectifier is searched, and ``fresh`` in what is returned names what it does not hold.
    """
    path = find_supernet(start)
    tensors, metadata = read_tensors(path)
    try:
        described = msgspec.convert(metadata, _Described)
    except msgspec.ValidationError as error:
        raise TrainerError(
            f"{start} is no supernet ({error}): set supernet.start to a file made by `bench "
            "supernet train`"
        ) from error
    # Files from when there was but one space, and no entangled weights, do not say so.
    stored = {"space": FIRST_SPACE, "entangled": False, **described.identity}
    other = None
    if of_part is not None and gives(stored.get("part"), identity.get("part")):
        other = of_part(stored["part"])
        identity = {**identity, "part": stored["part"]}
    for key, value in identity.items():
        if stored.get(key) != value:
            raise TrainerError(
                f"supernet {start} has {key} {stored.get(key)!r}, the preset {value!r}: use the "
                "preset it was trained with, or set supernet.start to nothing"
            )
    found = {**metadata.get("provenance", {}), "start": start, "hash": file_hash(path)}
    if other is None:
        _fill(net.shared, tensors, start)
        return found
    _fill(other.shared, tensors, start)
    return {**found, "part": stored["part"], "fresh": list(take_weights(net, other))}


def _fill(net: nn.Module, tensors: Mapping[str, Tensor], start: str) -> None:
    if tensors.keys() == {PACKED}:
        tensors = unpack_parameters(net, tensors[PACKED], start)
    load_weights(net, tensors, start)
