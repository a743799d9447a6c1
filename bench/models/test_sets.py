"""The test sets of the papers' tables, and those that lie in a folder of LMDBs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from bench.records.readable import readable
from spaces.errors import InputError
from trainers.data.charset import CHARSETS, Charset, get_charset
from trainers.data.errors import DataError
from trainers.data.store import WordLMDB
from trainers.data.writing import content_hash

#: Benchmark -> the numbers of words that it is used with.
BENCHMARKS: dict[str, tuple[int, ...]] = {
    "IIIT5K": (3000,),
    "SVT": (647,),
    "IC03": (860, 867),
    "IC13": (857, 1015),
    "IC15": (1811, 2077),
    "SVTP": (645,),
    "CUTE80": (288,),
}
#: What is reported besides, by who has the sets: the seven of Union14M-Benchmark and two special
#: ones with the sizes of OpenOCR's docs/svtrv2.md; three of which copies of any size circulate.
FURTHER: dict[str, tuple[int, ...]] = {
    "Curve": (2426,),
    "Multi-Oriented": (1369,),
    "Artistic": (900,),
    "Contextless": (779,),
    "Salient": (1585,),
    "Multi-Words": (829,),
    "General": (400_000,),
    "COCO-Text": (),
    "ArT": (),
    "Uber": (),
    "OST": (4832,),
    "LTB": (3376,),
}
SIZES = BENCHMARKS | FURTHER
#: The papers' columns, in their order.
COLUMNS = tuple(f"{name} {size}" for name, sizes in BENCHMARKS.items() for size in sizes)
ALIASES = {
    "iiit": "IIIT5K", "svt-p": "SVTP", "svt-perspective": "SVTP", "cute": "CUTE80",
    "multi_oriented": "Multi-Oriented", "multi_words": "Multi-Words", "multi-word": "Multi-Words",
    "coco": "COCO-Text", "cocov1.4": "COCO-Text", "coco_text": "COCO-Text",
}  # fmt: skip

_NAMES = {**{name.lower(): name for name in SIZES}, **ALIASES}
#: A benchmark's name, also with its size behind: ``IC13``, ``ic13_857``, ``IIIT5k-3000``.
_PATTERN = re.compile(rf"({'|'.join(map(re.escape, _NAMES))})([-_ ]\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class WordProtocol:
    """What of a word is compared: the characters of a charset, as ``Charset.fold`` leaves them.

    36: letters and digits, their case ignored, as most papers count. 62: with their case. 94: with
    punctuation. An alphabet of one's own: its characters, their case ignored if it has one case.
    """

    characters: str = "36"

    @property
    def charset(self) -> Charset:
        """The characters that labels and predictions are reduced to."""
        return get_charset(self.characters)

    @property
    def case_sensitive(self) -> bool:
        """Whether upper and lower case are not the same."""
        return not self.charset.folds_case

    @property
    def name(self) -> str:
        """As it stands in tables."""
        case = f"case-{'sensitive' if self.case_sensitive else 'insensitive'}"
        if self.characters == "94":
            return f"{case}, with punctuation"
        if self.characters in CHARSETS:
            return f"{case}, alphanumeric only"
        return f"{case}, charset {self.charset.title} only"

    def reduce(self, word: str) -> str:
        """What is compared of ``word``; may be empty."""
        return self.charset.fold(word).text


@dataclass(frozen=True)
class TestSet:
    """A set of words in an LMDB. ``words`` of its ``samples`` are evaluated.

    Left out are samples without a label and those whose label is ``empty`` once it is reduced.
    ``benchmark`` is '' where it is none of the papers'.
    """

    # Not a test, whatever pytest thinks of the name.
    __test__ = False

    name: str
    benchmark: str
    path: Path
    samples: int
    unlabelled: int
    empty: int
    content_hash: str

    @property
    def title(self) -> str:
        """Name and number of samples: the heading of its column."""
        return f"{self.benchmark or self.name} {self.samples}"

    @property
    def words(self) -> int:
        """Words that are evaluated."""
        return self.samples - self.unlabelled - self.empty

    @property
    def remark(self) -> str:
        """What keeps its accuracy from being compared with the papers'; '' if nothing does."""
        if not self.benchmark:
            return "not one of the papers' sets"
        if not SIZES[self.benchmark]:
            return "copies of other sizes circulate"
        if self.samples not in SIZES[self.benchmark]:
            sizes = " or ".join(f"{size:,}" for size in SIZES[self.benchmark])
            return f"the papers' {self.benchmark} has {sizes} words"
        return ""


@dataclass(frozen=True)
class TestSets:
    """What is evaluated, and the papers' columns that there is no set for."""

    __test__ = False

    found: tuple[TestSet, ...]
    missing: tuple[str, ...] = ()

    def titles(self) -> list[str]:
        """All headings; the papers' order where some are missing."""
        titles = [*(each.title for each in self.found), *self.missing]
        return sorted(titles, key=_place) if self.missing else titles

    def counted_once(self) -> tuple[TestSet, ...]:
        """The largest set of each benchmark: the smaller ones are parts of it."""
        largest: dict[str, TestSet] = {}
        for each in sorted(self.found, key=lambda one: one.samples):
            largest[each.benchmark or each.title] = each
        return tuple(each for each in self.found if each in largest.values())

    def absent(self) -> tuple[str, ...]:
        """The benchmarks that there is no set of, of whatever size."""
        there = {each.benchmark for each in self.found}
        return tuple(dict.fromkeys(m.split()[0] for m in self.missing if m.split()[0] not in there))


def find_sets(folder: Path | None, names: Sequence[str], protocol: WordProtocol) -> TestSets:
    """The sets of these names or paths; without any, the papers' sets that ``folder`` holds.

    A set is ``folder/NAME`` or ``folder/NAME.lmdb``, whatever the case, or the path of an LMDB.
    Raises ``InputError`` for a name that is missing or ambiguous, and ``DataError`` for an LMDB
    that is damaged or without a word to evaluate.
    """
    if folder is None and not names:
        raise InputError("no test set given: name LMDBs, or a folder of them with --data FOLDER")
    there = {} if folder is None else _lmdbs(folder)
    if names:
        paths = [_path_of(name, there, folder) for name in names]
        found = [_open(path, protocol) for path in paths]
    else:
        known = [path for name, path in there.items() if _benchmark(name.rpartition("/")[2])]
        found = [_open(path, protocol) for path in known]
        if not found:
            raise InputError(f"{folder} holds no test set of the papers; {_listing(there)}")
        found.sort(key=lambda one: _place(one.title))
    _check_apart(found)
    titles = {each.title for each in found}
    missing = () if names else tuple(column for column in COLUMNS if column not in titles)
    return TestSets(tuple(found), missing)


def _lmdbs(folder: Path) -> dict[str, Path]:
    """What may be an LMDB in the folder, or in one of its folders, by name."""
    try:
        entries = sorted(folder.iterdir())
        for inner in [entry for entry in entries if entry.is_dir() and not _is_lmdb(entry)]:
            # As sets are handed out: u14m/curve/data.mdb.
            entries += sorted(inner.iterdir())
    except OSError as error:
        raise InputError(
            f"--data {folder} cannot be listed ({error.strerror or error}): expected a folder of "
            "LMDBs, as `bench data import` writes them"
        ) from error
    return {str(entry.relative_to(folder)): entry for entry in entries if _is_lmdb(entry)}


def _is_lmdb(entry: Path) -> bool:
    return (entry / "data.mdb").is_file() or (entry.suffix == ".lmdb" and not entry.is_dir())


def _path_of(name: str, there: dict[str, Path], folder: Path | None) -> Path:
    if name in there:
        return there[name]
    wanted = (name.casefold(), f"{name}.lmdb".casefold())
    matching = [
        entry
        for entry in there
        if entry.casefold() in wanted or entry.rpartition("/")[2].casefold() in wanted
    ]
    if len(matching) > 1:
        raise InputError(f"set {name!r} may be any of {', '.join(matching)}: give its exact name")
    if matching:
        return there[matching[0]]
    # What is there and is no LMDB is better refused for that.
    elsewhere = Path(name) if folder is None or Path(name).exists() else folder / name
    if elsewhere.exists():
        return elsewhere
    where = "" if folder is None else f" in {folder}"
    raise InputError(f"no set {name!r}{where}, and no such path; {_listing(there)}")


def _listing(there: dict[str, Path]) -> str:
    return f"there is {', '.join(there)}" if there else "there is no LMDB"


def _stem(name: str) -> str:
    return name[:-5] if name.lower().endswith(".lmdb") else name


def _benchmark(name: str) -> str:
    """The benchmark that an LMDB of this name is of; '' if of none."""
    match = _PATTERN.fullmatch(_stem(name))
    return "" if match is None else _NAMES[match[1].lower()]


def _open(path: Path, protocol: WordProtocol) -> TestSet:
    store = WordLMDB(path)
    counts = Counter(_status(label, protocol) for label in store.labels())
    # The name of an LMDB that is given as its data.mdb, or as a dot, is its folder's.
    named = path.resolve().parent if path.name == "data.mdb" else path.resolve()
    found = TestSet(
        readable(_stem(named.name)),
        _benchmark(named.name),
        path,
        len(store),
        counts["unlabelled"],
        counts["empty"],
        content_hash(path),
    )
    if not found.words:
        raise DataError(
            f"{path} holds no word to evaluate ({found.samples} samples, {found.unlabelled} "
            f"without a label, {found.empty} without {protocol.charset.title} characters in it): "
            "choose another set"
        )
    return found


def _place(title: str) -> tuple[int, int]:
    """Where the column of a benchmark stands."""
    name, size = title.split()
    return list(SIZES).index(name), int(size)


def _status(label: str | None, protocol: WordProtocol) -> str:
    if label is None:
        return "unlabelled"
    return "word" if protocol.reduce(label) else "empty"


def _check_apart(found: Sequence[TestSet]) -> None:
    for first, second in combinations(found, 2):
        if first.title == second.title:
            raise InputError(
                f"{first.path} is given twice: name it once"
                if first.path == second.path
                else f"{first.path} and {second.path} are both {first.title}: name one of them"
            )
