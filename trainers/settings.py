"""Everything a preset says about data, recogniser, supernet and training. No torch here.

The sections of a preset file are these structs; unknown keys and values of a wrong type are refused
by msgspec when a preset is read (see ``bench.presets``). Sizes are images, lengths characters,
learning rates per step.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Rate = Annotated[float, Meta(gt=0.0, le=100.0)]
#: Channels or hidden units: four times the most that either paper has.
Width = Annotated[int, Meta(ge=1, le=2048)]
Widths = Annotated[tuple[Width, ...], Meta(min_length=1, max_length=16)]
#: 36, 62, 94, or an alphabet of one's own (see ``trainers.data.charset``).
CharsetName = Annotated[str, Meta(max_length=20_100)]
WordLength = Annotated[int, Meta(ge=1, le=1000)]
SequenceEncoder = Literal["none", "bilstm", "projected-bilstm"]


class RenderingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The embedded data set: how many words are rendered, and how hard they are to read."""

    search_train: Positive = 20_000
    search_val: Positive = 2_000
    test: Positive = 2_000
    difficulty: Fraction = 0.5
    min_length: Positive = 3
    max_length: Positive = 8
    seed: Annotated[int, Meta(ge=0)] = 0


class DataSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where words come from. A split is a list of LMDB paths; an empty one means rendered words.

    ``search_val_images`` and ``test_images`` (0: all) bound what the referee scores on.
    ``case_sensitive`` says which word accuracy is the score; both are reported.
    """

    charset: CharsetName = "36"
    max_length: WordLength = 25
    search_train: tuple[str, ...] = ()
    search_val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    search_val_images: Positive = 1_000
    test_images: Annotated[int, Meta(ge=0)] = 1_000
    case_sensitive: bool = False
    workers: Positive = 2
    rendering: RenderingSettings = RenderingSettings()


class RecogniserSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The parts around the backbone; any of one kind go with any of another.

    The AutoSTR paper has ``tps`` (on 64x256 pixels), ``bilstm`` and ``attention``. The four-stage
    benchmark of Baek et al. (2019), which the STR-NAS slides build on, has ``grey-tps`` (it looks
    at the grey image of 32x100), ``projected-bilstm`` and ``lstm-attention``, all of 256 units.
    """

    rectifier: Literal["none", "tps", "grey-tps"] = "none"
    sequence_encoder: SequenceEncoder = "none"
    sequence_hidden: Width = 256
    head: Literal["ctc", "attention", "lstm-attention"] = "ctc"
    attention_hidden: Width = 512
    beam_width: Annotated[int, Meta(ge=1, le=32)] = 1

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that images are loaded at."""
        return (64, 256) if self.rectifier == "tps" else (32, 100)

    @property
    def time_steps(self) -> int | None:
        """Columns of features, in which a CTC head has to write a label; None for another head."""
        return 25 if self.head == "ctc" else None


#: What ``supernet.start`` begins with where a supernet of the package is meant.
SHIPPED = "shipped:"
Schedule = Literal["constant", "cosine", "late-cosine"]


class SupernetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Widths and weight sharing of the supernet, and the trained one a run starts from.

    ``start`` is a path to a safetensors file, ``shipped:NAME`` for one that comes with the package,
    or empty for fresh weights. ``entangled``: the candidates of a choice block are parts of one
    another (see ``spaces.networks.entangled``).
    """

    stem_width: Width = 32
    widths: Widths = (32, 64, 128, 256, 512)
    sharing: Literal["edge", "width", "stage"] = "edge"
    start: str = ""
    entangled: bool = False


class TrainerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How weights are trained and architectures scored: the same for every searcher.

    ``schedule``: after warm-up the rate stays, falls by half a cosine over ``schedule_steps``, or
    stays for 60 % of them and then falls so (``late-cosine``). ``flat_start_steps``: weight steps
    at the beginning of training from nothing in which a CTC head learns from evenly segmented words
    (see ``CTCHead.flat_start_loss``). ``augmentation``: strength of random changes to the images of
    weight steps (see ``trainers.data.augmentation``).
    """

    device: str = "auto"
    precision: Literal["fp32", "bf16"] = "fp32"
    batch_images: Positive = 64
    optimiser: Literal["adamw", "adadelta"] = "adamw"
    learning_rate: Rate = 1e-3
    weight_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    clip_norm: Annotated[float, Meta(gt=0.0)] = 5.0
    schedule: Schedule = "constant"
    warmup_steps: Annotated[int, Meta(ge=0)] = 0
    schedule_steps: Positive = 10_000
    flat_start_steps: Annotated[int, Meta(ge=0)] = 0
    augmentation: Fraction = 0.0
    calibration_images: Positive = 128
    evaluation_batch_images: Positive = 256


class RetrainingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How one recogniser is trained from scratch: the same for searched and hand-made ones.

    ``epochs`` are passes over search_train, of which ``rendered_words`` are rendered where a preset
    names no data. The learning rate rises over ``warmup_steps``; then it stays (``constant``),
    falls by half a cosine (``cosine``), or is a tenth after each of ``drops``, which are shares of
    the training (``steps``). ``sequence_encoder`` replaces the one of the search; '' keeps it.
    ``validations``: how often search_val is read on the way. ``augmentation`` is that of this
    training; the one of the section ``trainer`` is not used. Device and precision are those of the
    section ``trainer``.
    """

    epochs: Annotated[float, Meta(gt=0.0, le=10_000.0)] = 1.0
    rendered_words: Positive = 100_000
    batch_images: Positive = 64
    optimiser: Literal["adamw", "adadelta"] = "adamw"
    learning_rate: Rate = 1e-3
    weight_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    clip_norm: Annotated[float, Meta(gt=0.0)] = 5.0
    schedule: Literal["constant", "cosine", "steps"] = "cosine"
    drops: Annotated[tuple[Fraction, ...], Meta(max_length=100)] = ()
    warmup_steps: Annotated[int, Meta(ge=0)] = 0
    flat_start_steps: Annotated[int, Meta(ge=0)] = 0
    augmentation: Fraction = 0.0
    validations: Annotated[int, Meta(ge=1, le=10_000)] = 10
    sequence_encoder: SequenceEncoder | Literal[""] = ""
