"""Which baselines there are, and what the papers print about them. No torch here.

A recogniser has four stages (Baek et al., *What Is Wrong With Scene Text Recognition Model
Comparisons?*, 2019, section 3): rectifier, extractor (here: backbone), sequence encoder, head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from spaces.names import unknown_name
from trainers.errors import TrainerError
from trainers.settings import RecogniserSettings

Family = Literal["four-stage", "autostr"]
#: Part of a model that its published numbers are about.
Counted = Literal["recogniser", "backbone"]
AutoSTRExtractor = Literal["aster", "all-k5e6", "autostr-iiit5k"]
STRNASExtractor = Literal["3x3-ex3", "5x5-ex3", "5x5-ex6", "7x7-ex6"]
Extractor = Literal["vgg", "rcnn", "resnet"] | AutoSTRExtractor | STRNASExtractor

#: Extractors that are architectures of a space: its name, and their text.
ARCHITECTURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "all-k5e6": ("autostr", "A..B..A..B..B..-555555555555555"),
        "autostr-iiit5k": ("autostr", "A..B..A..B..B..-555555545514466"),
        "3x3-ex3": ("strnas", "k3-1111-1111-1111-1111-11111"),
        "5x5-ex3": ("strnas", "k5-2222-2222-2222-2222-22222"),
        "5x5-ex6": ("strnas", "k5-5555-5555-5555-5555-55555"),
        "7x7-ex6": ("strnas", "k7-6666-6666-6666-6666-66666"),
    }
)
#: Units each way of every sequence encoder, and of the benchmark's decoder.
HIDDEN = 256
#: Units of the AutoSTR paper's decoder.
AUTOSTR_HIDDEN = 512


@dataclass(frozen=True)
class Baseline:
    """One row of a table. Published numbers are as printed; None where the paper prints none.

    Recognisers of the family ``four-stage`` are those of the STR-NAS slides, with the sizes of the
    benchmark of Baek et al. (2019): grey images, 36 characters. Those of the family ``autostr`` are
    a backbone in the recogniser of the AutoSTR paper: colour images, 94 characters.
    """

    name: str
    title: str
    source: str
    family: Family
    rectifier: Literal["none", "tps"]
    extractor: Extractor
    sequence_encoder: Literal["none", "bilstm"]
    head: Literal["ctc", "attention"]
    published_params: str | None
    published_macs: str | None = None

    @property
    def counted(self) -> Counted:
        """The slides count whole recognisers, the AutoSTR paper what it searches."""
        return "recogniser" if self.family == "four-stage" else "backbone"

    @property
    def characters(self) -> int:
        """Characters of the paper's charset, without the symbols that heads add."""
        return 36 if self.family == "four-stage" else 94

    @property
    def grey(self) -> bool:
        """Whether it reads the grey image."""
        return self.family == "four-stage"

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that images are loaded at."""
        return self.recogniser.input_size

    @property
    def architecture(self) -> str | None:
        """The text of the architecture that its extractor is; None for one of no space."""
        return ARCHITECTURES[self.extractor][1] if self.extractor in ARCHITECTURES else None

    @property
    def recogniser(self) -> RecogniserSettings:
        """What stands around the extractor, as presets say it."""
        if self.family == "autostr":
            return RecogniserSettings(
                self.rectifier, self.sequence_encoder, HIDDEN, self.head, AUTOSTR_HIDDEN
            )
        return RecogniserSettings(
            rectifier="none" if self.rectifier == "none" else "grey-tps",
            sequence_encoder="none" if self.sequence_encoder == "none" else "projected-bilstm",
            sequence_hidden=HIDDEN,
            head="ctc" if self.head == "ctc" else "lstm-attention",
            attention_hidden=HIDDEN,
        )

    @property
    def stages(self) -> dict[str, str]:
        """What each of the four stages is."""
        return {
            "rectifier": self.rectifier,
            "backbone": self.extractor,
            "sequence_encoder": self.sequence_encoder,
            "head": self.head,
        }


def _four_stage(
    name: str,
    title: str,
    published_params: str,
    rectifier: Literal["none", "tps"],
    extractor: Extractor,
    sequence_encoder: Literal["none", "bilstm"],
    head: Literal["ctc", "attention"],
    source: str,
) -> Baseline:
    return Baseline(
        name,
        title,
        source,
        "four-stage",
        rectifier,
        extractor,
        sequence_encoder,
        head,
        published_params,
    )


def _slides(name: STRNASExtractor, published_params: str) -> Baseline:
    return _four_stage(
        name,
        f"All cells {name.replace('-', ' ')}",
        published_params,
        "tps",
        name,
        "bilstm",
        "attention",
        "Hong, Kim and Choi, Memory-Efficient Models for Scene Text Recognition via Neural "
        "Architecture Search, 2020, slides, second table of results",
    )


def _autostr(
    name: AutoSTRExtractor,
    title: str,
    source: str,
    published_params: str | None = None,
    published_macs: str | None = None,
) -> Baseline:
    return Baseline(
        name,
        title,
        source,
        "autostr",
        "tps",
        name,
        "bilstm",
        "attention",
        published_params,
        published_macs,
    )


_ALL = (
    _four_stage(
        "crnn",
        "CRNN",
        "8.3 M",
        "none",
        "vgg",
        "bilstm",
        "ctc",
        "Shi, Bai and Yao, An End-to-End Trainable Neural Network for Image-Based Sequence "
        "Recognition and Its Application to Scene Text Recognition, TPAMI 2017",
    ),
    _four_stage(
        "rare",
        "RARE",
        "10.8 M",
        "tps",
        "vgg",
        "bilstm",
        "attention",
        "Shi, Wang, Lyu, Yao and Bai, Robust Scene Text Recognition with Automatic Rectification, "
        "CVPR 2016",
    ),
    _four_stage(
        "r2am",
        "R2AM",
        "2.9 M",
        "none",
        "rcnn",
        "none",
        "attention",
        "Lee and Osindero, Recursive Recurrent Nets with Attention Modeling for OCR in the Wild, "
        "CVPR 2016",
    ),
    _four_stage(
        "star-net",
        "STAR-Net",
        "48.7 M",
        "tps",
        "resnet",
        "bilstm",
        "ctc",
        "Liu, Chen, Wong, Su and Han, STAR-Net: A SpaTial Attention Residue Network for Scene Text "
        "Recognition, BMVC 2016",
    ),
    _four_stage(
        "grcnn",
        "GRCNN",
        "4.6 M",
        "none",
        "rcnn",
        "bilstm",
        "ctc",
        "Wang and Hu, Gated Recurrent Convolution Neural Network for OCR, NIPS 2017",
    ),
    _four_stage(
        "rosetta",
        "Rosetta",
        "44.3 M",
        "none",
        "resnet",
        "none",
        "ctc",
        "Borisyuk, Gordo and Sivakumar, Rosetta: Large Scale System for Text Detection and "
        "Recognition in Images, KDD 2018",
    ),
    _four_stage(
        "trba",
        "TRBA, the best combination",
        "49.6 M",
        "tps",
        "resnet",
        "bilstm",
        "attention",
        "Baek et al., What Is Wrong With Scene Text Recognition Model Comparisons? Dataset and "
        "Model Analysis, ICCV 2019",
    ),
    _slides("3x3-ex3", "14.101 M"),
    _slides("5x5-ex3", "14.292 M"),
    _slides("5x5-ex6", "23.283 M"),
    _slides("7x7-ex6", "23.857 M"),
    _autostr(
        "aster",
        "ASTER",
        "Shi, Yang, Wang, Lyu, Yao and Bai, ASTER: An Attentional Scene Text Recognizer with "
        "Flexible Rectification, TPAMI 2018",
    ),
    _autostr(
        "all-k5e6",
        "All MBConv(k:5,e:6)",
        "Zhang et al., AutoSTR: Efficient Backbone Search for Scene Text Recognition, ECCV 2020, "
        "Figure 6",
    ),
    _autostr(
        "autostr-iiit5k",
        "AutoSTR, searched for IIIT5K",
        "Zhang et al., AutoSTR: Efficient Backbone Search for Scene Text Recognition, ECCV 2020, "
        "Table 6 (beta 0.6) and the authors' code",
        "2.36 M",
        "256 M",
    ),
)

BASELINES: Mapping[str, Baseline] = MappingProxyType({each.name: each for each in _ALL})


def find_baseline(name: str) -> Baseline:
    """The baseline of this name; ``TrainerError`` with the nearest name where there is none."""
    if name not in BASELINES:
        raise TrainerError(unknown_name("baseline", name, BASELINES))
    return BASELINES[name]
