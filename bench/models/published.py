"""Word accuracies of the papers' tables, in per cent and as printed.

* AutoSTR: Zhang, Yao, Yang, Xu, Bai, AutoSTR: Efficient Backbone Search for Scene Text
  Recognition, ECCV 2020, Tables 3 and 4. The sizes of its sets are those of its section 4.1.
* STR-NAS: Hong, Kim, Choi, Memory-Efficient Models for Scene Text Recognition via Neural
  Architecture Search, the slides' two tables of results. They print no sizes of SVTP and CUTE80;
  645 and 288 are those that everybody uses.
* OpenOCR: Topdu/OpenOCR, docs/svtrv2.md: recognisers retrained alike, on 3,224,143 real images,
  20 epochs, PARSeq's augmentation, mixed precision, mostly at 32x128;
  "AutoSTR" is the published architecture. Letters and digits, case ignored.

In the first table of the slides CRNN has, at SVT, the figure of a row of the second one, and what
follows up to IC15 2077 seems to belong a column further to the left. It is kept as printed.

Training data are written as in Table 3: 90k is Synth90k, also called MJSynth, ST is SynthText.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MISPRINTED = (
    "CRNN among the slides' methods seems misprinted from SVT to IC15 2077: one figure too many at "
    "the beginning, one too few at the end."
)

_TABLE_3 = "AutoSTR, Table 3"
_TABLE_4 = "AutoSTR, Table 4"
_OPENOCR = "OpenOCR's retraining on real words, not the papers' figures"
_SLIDES_1 = "STR-NAS slides, methods"
_SLIDES_2 = "STR-NAS slides, effect of NAS"


@dataclass(frozen=True)
class Published:
    """One row. ``accuracy`` maps columns as ``IC13 1015`` to per cent, all as printed.

    ``data`` is what the method was trained on; times are of the authors' device.
    """

    method: str
    source: str
    data: str
    accuracy: dict[str, str]
    extras: dict[str, str] = field(default_factory=dict)


#: What a published row may have besides accuracies.
TIME, PARAMS = "ms/image", "params, 10^6"


def _rows(source: str, columns: str, rows: str, data: str = "") -> tuple[Published, ...]:
    """One row a line, cells between bars; the training data are the second cell or the same."""
    headings = [heading.strip() for heading in columns.split("|")]
    found = []
    for line in rows.strip().splitlines():
        method, *cells = (cell.strip() for cell in line.split("|"))
        trained_on = data or cells.pop(0)
        given = {h: c for h, c in zip(headings, cells, strict=True) if c != "-"}
        extras = {heading: given.pop(heading) for heading in (TIME, PARAMS) if heading in given}
        found.append(Published(method, source, trained_on, given, extras))
    return tuple(found)


_SLIDES_COLUMNS = (
    "IIIT5K 3000 | SVT 647 | IC03 860 | IC03 867 | IC13 857 | IC13 1015 | IC15 1811 | IC15 2077"
    f" | SVTP 645 | CUTE80 288 | {TIME} | {PARAMS}"
)
_BOTH = "ST+90k"
_REAL = "Union14M-L-Filter"

PUBLISHED: tuple[Published, ...] = (
    *_rows(
        _TABLE_3,
        "IIIT5K 3000 | SVT 647 | IC03 867 | IC13 1015 | SVTP 645 | IC15 1811",
        """
        Jaderberg et al. | 90k      | -    | 80.7 | 93.1 | 90.8 | -    | -
        CRNN             | 90k      | 81.2 | 82.7 | 91.9 | 89.6 | -    | -
        RARE             | 90k      | 81.9 | 81.9 | 90.1 | 88.6 | 71.8 | -
        R2AM             | 90k      | 78.4 | 80.7 | 88.7 | 90.0 | -    | -
        Yang et al.      | 90k      | -    | -    | -    | -    | 75.8 | -
        Char-net         | 90k      | 83.6 | 84.4 | 91.5 | 90.8 | 73.5 | -
        Liu et al.       | 90k      | 89.4 | 87.1 | 94.7 | 94.0 | 73.9 | -
        AON              | ST+90k   | 87.0 | 82.8 | 91.5 | -    | 73.0 | 68.2
        FAN†             | ST+90k   | 87.4 | 85.9 | 94.2 | 93.3 | -    | 70.6
        EP               | ST+90k   | 88.3 | 87.5 | 94.6 | 94.4 | -    | 73.9
        SAR              | ST+90k   | 91.5 | 84.5 | -    | 91.0 | 76.4 | 69.2
        CA-FCN†          | ST+extra | 92.0 | 86.4 | -    | 91.5 | -    | -
        ESIR             | ST+90k   | 93.3 | 90.2 | -    | 91.3 | 79.6 | 76.9
        SCRN†            | ST+90k   | 94.4 | 88.9 | 95.0 | 93.9 | 80.8 | 78.7
        ASTER            | ST+90k   | 93.4 | 89.5 | 94.5 | 91.8 | 78.5 | 76.1
        ASTER (ours)     | ST+90k   | 93.3 | 89.0 | 92.4 | 91.5 | 79.7 | 78.5
        AutoSTR          | ST+90k   | 94.7 | 90.9 | 93.3 | 94.2 | 81.7 | 81.8
        """,
    ),
    *_rows(
        _TABLE_4,
        "IIIT5K 3000 | SVT 647 | IC13 1015 | IC15 1811",
        """
        All MBConv(k:5,e:6) | 94.5 | 90.4 | 92.3 | 81.1
        AutoSTR             | 94.7 | 90.9 | 94.2 | 81.8
        """,
        data=_BOTH,
    ),
    *_rows(
        _SLIDES_1,
        _SLIDES_COLUMNS,
        """
        CRNN             | 82.9|82.380|81.6|93.1|92.6|91.1|89.2|69.4|70.0|65.5 | 4.4  | 8.3
        RARE             | 86.2 | 85.8 |93.9|93.7|92.6|91.1|74.5|68.9|76.2|70.4 | 23.6 | 10.8
        R2AM             | 83.4 | 82.4 |92.2|92.0|90.2|88.1|68.9|63.6|72.1|64.9 | 24.1 | 2.9
        STAR-Net         | 87.0 | 86.9 |94.4|94.0|92.8|91.5|76.1|70.3|77.5|71.7 | 10.9 | 48.7
        GRCNN            | 84.2 | 83.7 |93.5|93.0|90.9|88.8|71.4|65.8|73.6|68.1 | 10.7 | 4.6
        Rosetta          | 84.3 | 84.7 |93.4|92.9|90.9|89.0|71.2|66.0|73.8|69.2 | 4.7  | 44.3
        STR-NAS3         | 85.7 | 85.9 |93.5|93.1|91.6|90.5|75.6|69.9|76.9|72.2 | 33.0 | 16.8
        Best combination | 87.9 | 87.5 |94.9|94.4|93.6|92.3|77.6|71.8|79.2|74.0 | 27.6 | 49.6
        """,
        data=_BOTH,
    ),
    *_rows(
        _SLIDES_2,
        _SLIDES_COLUMNS,
        """
        3*3 ex3 |84.433|82.380|92.442|92.272|92.065|90.148|72.170|66.731|74.109|69.097|30.361|14.101
        5*5 ex3 |83.667|83.308|92.791|92.964|91.715|90.443|71.121|65.527|75.039|69.097|31.251|14.292
        5*5 ex6 |84.333|81.917|93.140|93.541|91.599|90.049|72.612|66.827|75.194|67.361|32.994|23.283
        7*7 ex6 |84.567|83.153|92.907|92.388|91.249|89.655|73.771|67.646|75.194|68.056|30.415|23.857
        STR-NAS1|84.967|83.771|92.907|92.849|92.182|91.034|73.771|67.935|74.729|70.139|32.238|21.332
        STR-NAS2|85.000|83.771|94.070|93.772|92.532|91.034|73.440|67.935|73.488|68.750|30.738|18.923
        STR-NAS3|85.667|85.935|93.488|93.080|91.599|90.542|75.594|69.860|76.899|72.222|33.017|16.821
        """,
        data=_BOTH,
    ),
    *_rows(
        _OPENOCR,
        "IIIT5K 3000 | SVT 647 | IC13 857 | IC15 1811 | SVTP 645 | CUTE80 288 | Curve 2426"
        " | Multi-Oriented 1369 | Artistic 900 | Contextless 779 | Salient 1585 | Multi-Words 829"
        f" | General 400000 | LTB 3376 | OST 4832 | {PARAMS} | {TIME}",
        """
      ASTER  |96.1|93.0|94.9|86.1|87.9|92.0|70.9|82.2|56.7|62.9|73.9|58.5|76.3|0.02|61.9|19.04|14.9
      AutoSTR|96.8|92.4|95.7|86.6|88.2|93.4|72.1|81.7|56.7|64.8|75.4|64.0|75.9|0.10|61.5|6.04|12.1
      PARSeq |98.9|98.1|98.4|90.1|94.3|98.6|87.6|88.8|76.5|83.4|84.4|84.3|84.9|0.00|79.9|23.83|19.0
        """,
        data=_REAL,
    ),
)
