"""The layouts of the field's data sets: small files of the same form, good and bad."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from trainers.data.errors import DataError
from trainers.data.image import decode_image, encode_jpeg
from trainers.data.importing import FILTERS, LAYOUTS, ImportReport, import_words, lines, safe_xml
from trainers.data.importing.images import OUTSIDE as OUT_OF_SOURCE
from trainers.data.store import WordLMDB

Picture = Callable[..., bytes]
DONT_CARE = "don't care (###)"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[ImportReport, list[str]]]:
    """Return a function that imports a folder and returns the report and the labels."""

    def run(source: Path, **options: str) -> tuple[ImportReport, list[str]]:
        report = import_words(source, tmp_path / "out", **options)
        return report, [label or "" for label in WordLMDB(tmp_path / "out").labels()]

    return run


Read = Callable[..., tuple[ImportReport, list[str]]]


def put(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def scene(step: int = 10) -> bytes:
    """100 x 40 pixels, grey i * step in the i-th column of 10 pixels."""
    shades = np.repeat(np.arange(0, 10 * step, step, dtype=np.uint8), 10)
    return encode_jpeg(np.tile(shades[None, :, None], (40, 1, 3)), 95)


def crops(path: Path) -> list[tuple[tuple[int, ...], float]]:
    """Size and mean shade of each image."""
    store = WordLMDB(path)
    images = [decode_image(store.record(i)[0] or b"") for i in range(len(store))]
    return [(image.shape[:2], float(image.mean())) for image in images]


# ---- lines of text ------------------------------------------------------------------------------


def test_mjsynth(tmp_path: Path, picture: Picture, read: Read) -> None:
    deep = "mnt/ramdisk/max/90kDICT32px"
    source = put(
        tmp_path / "mjsynth",
        {
            f"{deep}/2425/1/115_Lube_45484.jpg": picture(1),
            f"{deep}/2425/1/1_A_B_7.jpg": picture(2),
            f"{deep}/2425/2/broken_Word_1.jpg": b"",
            f"{deep}/lexicon.txt": "lube\n",
            f"{deep}/annotation_train.txt": "./2425/1/115_Lube_45484.jpg 45484\r\n"
            "./2425/1/1_A_B_7.jpg 7\r\n./2425/2/broken_Word_1.jpg 1\r\n./2425/1/nolabel.jpg 3\r\n"
            "../../../../2425/1/1_up_7.jpg 7\r\n./2425/1/4__9.jpg 9\r\n",
            f"{deep}/annotation_test.txt": "./2425/1/115_Lube_45484.jpg 45484\n",
        },
    )
    with pytest.raises(DataError, match="parts test, train; choose one with --part"):
        import_words(source, tmp_path / "out")
    report, labels = read(source, part="train")
    assert (report.layout, report.part, labels) == ("mjsynth", "train", ["Lube", "A_B"])
    assert dict(report.skipped) == {
        "image not decodable": 1, "malformed line": 1, OUT_OF_SOURCE: 1, "empty label": 1,
    }  # fmt: skip


@pytest.mark.parametrize("names", [("gt.txt", ""), ("Challenge4_Test_Task3_GT.txt", "images/")])
def test_icdar_words(tmp_path: Path, picture: Picture, read: Read, names: tuple[str, str]) -> None:
    annotations, folder = names
    rows = [
        '\ufeffword_1.png, "Genaxis Theatre"', 'word_2.png, "say \\"hi\\", \\\\o/"',
        'word_3.png, "###"', 'word_4.png, "café, 1,000"', 'word_5.png, ""', "no comma",
        'word_9.png, "gone"',
    ]  # fmt: skip
    images = {f"{folder}word_{i}.png": picture(20 * i) for i in range(1, 6)}
    source = put(tmp_path / "ic15", {annotations: "\r\n".join(rows), **images})
    report, labels = read(source)
    assert report.layout == "icdar"
    assert labels == ["Genaxis Theatre", 'say "hi", \\o/', "café, 1,000"]
    assert dict(report.skipped) == {
        DONT_CARE: 1, "empty label": 1, "malformed line": 1, "image missing": 1,
    }  # fmt: skip


def test_an_image_in_two_neighbouring_folders_is_not_guessed(
    tmp_path: Path, picture: Picture
) -> None:
    images = {f"{part}/word_1.png": picture(0) for part in ("train", "test")}
    gt = {"Challenge2_Test_Task3_GT.txt": 'word_1.png, "x"'}
    source = put(tmp_path / "ic13", {**gt, **images})
    with pytest.raises(DataError, match="1 image in more than one folder"):
        import_words(source, tmp_path / "out")


def test_icdar_scenes(tmp_path: Path, read: Read) -> None:
    source = put(
        tmp_path / "scenes",
        {
            "images/img_1.jpg": scene(),
            "images/img_2.jpg": scene(20),
            "images/img_3.jpg": scene(),
            "gt/gt_img_1.txt": "\ufeff20,5,30,7,29,15,21,14,Four, corners\r\n"
            "0,0,9,0,9,9,0,9,###\r\n1,2,3\r\n40,0,50,0,50,10,40,10,9\r\n",
            "gt/gt_img_2.txt": '50 10 60 20 "say \\"hi\\""\n',
            "gt/gt_img_3.txt": '70, 10, 80, 20, "Tiredness"\n',
            "gt/gt_img_4.txt": '70, 10, 80, 20, "gone"\n',
        },
    )
    report, labels = read(source)
    assert report.layout == "icdar-boxes"
    assert labels == ["Four, corners", "9", 'say "hi"', "Tiredness"]
    sizes, shades = zip(*crops(report.dest), strict=True)
    assert sizes == ((10, 10), (10, 10), (10, 10), (10, 10))
    assert shades == pytest.approx((20, 40, 100, 70), abs=3)
    assert dict(report.skipped) == {DONT_CARE: 1, "malformed line": 1, "image missing": 1}


@pytest.mark.parametrize("name", ["gt.txt", "imagelist.txt"])
def test_svtp_and_cute80(tmp_path: Path, picture: Picture, read: Read, name: str) -> None:
    rows = "1.jpg WYNDHAM\n2.jpg HOTEL hotel,inn\n3.jpg Ünited 2 united,state\n"
    bad = "1.jpg\n1.jpg two words\n1.jpg a b,c d\n"
    images = {f"{i}.jpg": picture(i) for i in (1, 2, 3)}
    report, labels = read(put(tmp_path / "svtp", {name: rows + bad, **images}))
    assert report.layout == "spaced"
    assert labels == ["WYNDHAM", "HOTEL", "Ünited"]
    assert dict(report.skipped) == {lines.MALFORMED: 1, lines.MORE_THAN_A_LABEL: 2}


@pytest.mark.parametrize(
    "label", ["Route 66", "Gate 4", "12 7", "price 1,50", "Level 3 12", "a 2 b,c", "OPEN 24 hours"]
)
def test_no_label_is_cut_where_spaces_part(
    tmp_path: Path, picture: Picture, read: Read, label: str
) -> None:
    rows = f"1.jpg hello\n2.jpg {label}\n"
    images = {f"{i}.jpg": picture(i) for i in (1, 2)}
    report, labels = read(put(tmp_path / "own", {"gt.txt": rows, **images}))
    assert labels == ["hello"]
    assert dict(report.skipped) == {lines.MORE_THAN_A_LABEL: 1}


def test_a_tab_keeps_labels_with_spaces(tmp_path: Path, picture: Picture, read: Read) -> None:
    rows = "1.jpg\tRoute 66\n2.jpg\tprice 1,50\n"
    images = {f"{i}.jpg": picture(i) for i in (1, 2)}
    _, labels = read(put(tmp_path / "tabs", {"gt.txt": rows, **images}))
    assert labels == ["Route 66", "price 1,50"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_all_editors(
    tmp_path: Path, picture: Picture, read: Read, end: str, mark: str, last: bool
) -> None:
    rows = mark + end.join(["1.jpg\tfoo", "2.jpg\tbar baz"]) + end * last
    images = {f"{i}.jpg": picture(i) for i in (1, 2)}
    report, labels = read(put(tmp_path / "own", {"labels.tsv": rows.encode(), **images}))
    assert labels == ["foo", "bar baz"]
    assert not report.skipped


def test_a_file_of_carriage_returns_is_read_in_pieces(
    tmp_path: Path, picture: Picture, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 40)
    rows = "".join(f"1.jpg\tword{i}\r" for i in range(200))
    _, labels = read(put(tmp_path / "own", {"labels.tsv": rows.encode(), "1.jpg": picture(1)}))
    assert labels == [f"word{i}" for i in range(200)]


def test_utf_16_is_told(tmp_path: Path) -> None:
    source = put(tmp_path / "own", {"labels.tsv": "1.jpg\tfoo\n".encode("utf-16")})
    with pytest.raises(DataError, match=r"UTF-16 text, UTF-8 expected"):
        import_words(source, tmp_path / "out")


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 100)
    source = put(tmp_path / "long", {"labels.tsv": "a" * 200})
    with pytest.raises(DataError, match="a line of more than 100 bytes"):
        import_words(source, tmp_path / "out")


# ---- XML ----------------------------------------------------------------------------------------

SVT = """<?xml version="1.0" encoding="utf-8"?>
<tagset><image><imageName>img/14_03.jpg</imageName><lex>A,B</lex><Resolution x="100" y="40"/>
<taggedRectangles>{}</taggedRectangles></image></tagset>"""
RECTANGLE = '<taggedRectangle height="{}" width="{}" x="{}" y="{}">{}</taggedRectangle>'


def tagset(*rows: tuple[object, ...]) -> str:
    return SVT.format("".join(RECTANGLE.format(*row) for row in rows))


@pytest.mark.parametrize("name", ["svt1/test.xml", "words.xml", "locations.xml"])
def test_svt_and_the_scenes_of_ic03(tmp_path: Path, read: Read, name: str) -> None:
    folder = name.rpartition("/")[0]
    rows = [
        (10, 10, 20, 0, "<tag>LIVING</tag>"), (10.0, 19.5, 30.2, 5, "<tag>R&amp;B é</tag>"),
        (99, 99, -5, 30, "<tag>clipped</tag>"), (10, 0, 20, 0, "<tag>flat</tag>"),
        (10, 10, 100, 0, "<tag>right of it</tag>"), (10, -10, 20, 0, "<tag>turned</tag>"),
        (10, "wide", 20, 0, "<tag>words</tag>"), (10, "nan", 20, 0, "<tag>nan</tag>"),
        (10, 10, 20, 0, ""),
    ]  # fmt: skip
    source = put(
        tmp_path / "svt", {name: tagset(*rows), f"{folder}/img/14_03.jpg".strip("/"): scene()}
    )
    report, labels = read(source)
    assert report.layout == ("svt" if "test" in name else "ic03")
    assert labels == ["LIVING", "R&B é", "clipped"]
    assert dict(report.skipped) == {
        "box without area": 3, "box outside the image": 1, "malformed box": 1, "empty label": 1,
    }  # fmt: skip
    (first, shade), (second, _), (third, _) = crops(report.dest)
    assert (first, second, third) == ((10, 10), (10, 20), (10, 94))
    assert shade == pytest.approx(20, abs=3)


def test_the_words_of_ic03(tmp_path: Path, picture: Picture, read: Read) -> None:
    xml = (
        '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?><imagelist>'
        '<image file="word/1/1.jpg" tag="self" /><image file="word/1/2.jpg" tag="d\xe9j&#224;" />'
        '<image file="word/1/1.jpg" /><image tag="lost" /><image file="/etc/hosts" tag="x" />'
        "</imagelist>"
    )
    images = {f"ic03/word/1/{i}.jpg": picture(i) for i in (1, 2)}
    source = put(tmp_path, {"ic03/word.xml": xml.encode("latin-1"), **images}) / "ic03"
    report, labels = read(source)
    assert labels == ["self", "déjà"]
    assert dict(report.skipped) == {
        "empty label": 1, "image without a name": 1, OUT_OF_SOURCE: 1,
    }  # fmt: skip


BOMB = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><tagset>&c;</tagset>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hosts">]><tagset>&b;</tagset>'


@pytest.mark.parametrize(
    ("xml", "match"),
    [
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        (tagset((1, 1, 1, 1, "<tag>a</tag>"))[:-12], "no well-formed XML"),
        ("<tagset>&undefined;</tagset>", "no well-formed XML"),
        ("<a>" * 20 + "</a>" * 20, "more than 16 deep"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "no well-formed XML"),
        ("", "no well-formed XML"),
        ("<tagset/>", "no words"),
    ],
)
def test_bad_xml(tmp_path: Path, xml: str, match: str) -> None:
    source = put(tmp_path / "svt", {"test.xml": xml, "img/14_03.jpg": scene()})
    with pytest.raises(DataError, match=match):
        import_words(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_xml_of_any_size_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "MAX_BYTES", 100)
    source = put(tmp_path / "svt", {"test.xml": tagset()})
    with pytest.raises(DataError, match="at most 100 expected"):
        import_words(source, tmp_path / "out")


# ---- MATLAB -------------------------------------------------------------------------------------


def cells(*values: object) -> np.ndarray:
    array = np.empty((1, len(values)), dtype=object)
    for index, value in enumerate(values):
        array[0, index] = value
    return array


def structs(**columns: list[object]) -> np.ndarray:
    rows = list(zip(*columns.values(), strict=True))
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in columns])
    for index, row in enumerate(rows):
        array[0, index] = row
    return array


@pytest.mark.parametrize("label", ["GroundTruth", "chars"])
def test_iiit5k(tmp_path: Path, picture: Picture, read: Read, label: str) -> None:
    source = put(tmp_path / "IIIT5K", {f"test/{i}.png": picture(i) for i in range(3)})
    names = ["test/0.png", "test/1.png", "../secret.png", "test/2.png", ""]
    table = structs(
        ImgName=names, smallLexi=[cells("a", "b")] * 5,
        **{label: ["PRIVATE", "Caf\xe9", "up", "", "x"]},
    )  # fmt: skip
    name = "testdata" if label == "GroundTruth" else "testCharBound"
    savemat(source / f"{name}.mat", {"other": 1, name: table}, do_compression=True)
    put(tmp_path, {"secret.png": picture(9)})
    report, labels = read(source)
    assert (report.layout, report.part) == ("iiit5k", "test")
    assert labels == ["PRIVATE", "Café"]
    assert dict(report.skipped) == {
        OUT_OF_SOURCE: 1, "empty label": 1, "image without a name": 1,
    }  # fmt: skip


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, right, right, left], [top, top, bottom, bottom]])


def synthtext(folder: Path, texts: list[object], boxes: list[object], **more: object) -> Path:
    source = put(folder, {f"8/{i}.jpg": scene() for i in range(len(texts))})
    names = cells(*(f"8/{i}.jpg" for i in range(len(texts))))
    content = {"charBB": cells(0), "wordBB": cells(*boxes), "imnames": names, "txt": cells(*texts)}
    savemat(source / "gt.mat", content | more, do_compression=True)
    return source


@pytest.mark.parametrize("container", ["folder", "zip"])
def test_synthtext(tmp_path: Path, read: Read, container: str) -> None:
    three = np.stack([box(20, 0, 30, 10), box(50.5, 5, 60, 9.5), box(-9, -9, -1, -1)], axis=2)
    source = synthtext(
        tmp_path / "SynthText",
        [np.array(["Lines:\nI lost  ", "outside        "]), "one", "two words", "  "],
        [three, box(90, 30, 110, 50), box(0, 0, 9, 9), np.zeros((2, 4, 0))],
    )
    if container == "zip":
        zipped = source.with_suffix(".zip")
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(source.rglob("*.*")):
                archive.write(file, file.relative_to(tmp_path))
        source = zipped
    report, labels = read(source)
    assert report.layout == "synthtext"
    assert labels == ["one"]
    assert crops(report.dest) == [((10, 10), pytest.approx(90, abs=3))]
    assert report.skipped["image with unequal numbers of words and boxes"] == 2


def test_synthtext_words_go_with_their_boxes(tmp_path: Path, read: Read) -> None:
    boxes = np.stack([box(20, 0, 30, 10), box(50.5, 5, 60, 9.5), box(-9, -9, -1, -1)], axis=2)
    source = synthtext(tmp_path / "s", [np.array(["Lines:\nI ", "outside  "])], [boxes])
    report, labels = read(source)
    assert labels == ["Lines:", "I"]
    assert [size for size, _ in crops(report.dest)] == [(10, 10), (5, 10)]
    assert dict(report.skipped) == {"box outside the image": 1}


def test_synthtext_without_a_column(tmp_path: Path) -> None:
    source = synthtext(tmp_path / "s", ["a"], [box(0, 0, 9, 9)], txt=cells("a", "b"))
    with pytest.raises(DataError, match="disagrees on the number of its images"):
        import_words(source, tmp_path / "out")
    savemat(source / "gt.mat", {"imnames": cells("a")})
    with pytest.raises(DataError, match="has no variable 'wordBB'; it has imnames"):
        import_words(source, tmp_path / "out")


# ---- JSON ---------------------------------------------------------------------------------------


def coco(path: Path, words: list[dict[str, object]]) -> Path:
    common = {"image_id": 7, "legibility": "legible", "class": "machine printed", "mask": [1]}
    anns = {str(i): common | word for i, word in enumerate(words)}
    imgs = {
        "7": {"file_name": "COCO_train2014_7.jpg", "set": "train", "id": 7, "width": 100},
        "8": {"file_name": "COCO_train2014_8.jpg", "set": "val", "id": 8, "width": 100},
    }
    content = json.dumps({"cats": {}, "imgs": imgs, "anns": anns, "imgToAnns": {"7": [1]}})
    images = {f"train2014/COCO_train2014_{i}.jpg": scene() for i in (7, 8)}
    return put(path, {"cocotext.v2.json": content, **images})


def test_coco_text(tmp_path: Path, read: Read) -> None:
    words: list[dict[str, object]] = [
        {"bbox": [20, 0, 10, 10.5], "utf8_string": "the"},
        {"bbox": [0, 0, 9, 9], "utf8_string": "of val", "image_id": 8},
        {"bbox": [0, 0, 9, 9], "utf8_string": "?", "legibility": "illegible"},
        {"bbox": [0, 0, 0, 9], "utf8_string": "thin"},
        {"bbox": [200, 0, 9, 9], "utf8_string": "out"},
        {"bbox": [0, 0, 9, 9]},
        {"bbox": [0, 0, 9, 9], "utf8_string": "no image", "image_id": 9},
        {"bbox": [50, 0, 10, 10], "utf8_string": 'naïve, "b"'},
    ]
    source = coco(tmp_path / "coco", words)
    with pytest.raises(DataError, match="parts all, train, val; choose one with --part"):
        import_words(source, tmp_path / "out")
    report, labels = read(source, part="train")
    assert (report.layout, labels) == ("coco-text", ["the", 'naïve, "b"'])
    assert crops(report.dest)[0] == ((11, 10), pytest.approx(20, abs=3))
    assert dict(report.skipped) == {
        "illegible": 1, "box without area": 1, "box outside the image": 1, "empty label": 1,
        "word of an unknown image": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"imgs": {}}',
        '{"imgs": {}, "anns": {"1": {"bbox": [1]}}}',
        '{"cats": ' + "[" * 100_000,
    ],
)
def test_bad_json(tmp_path: Path, content: str) -> None:
    source = put(tmp_path / "coco", {"cocotext.v2.json": content})
    with pytest.raises(DataError, match="no JSON file of COCO-Text"):
        import_words(source, tmp_path / "out", part="all")


# ---- recognising and filtering ------------------------------------------------------------------


def test_two_layouts_in_one_folder_are_asked_about(
    tmp_path: Path, picture: Picture, read: Read
) -> None:
    source = put(
        tmp_path / "both",
        {"gt.txt": 'a.png, "###"\na.png, "b"', "imagelist.txt": "a.png c", "a.png": picture(1)},
    )
    with pytest.raises(DataError, match=r"icdar \(gt\.txt\) and spaced \(imagelist\.txt\)"):
        import_words(source, tmp_path / "out")
    assert read(source, layout="spaced")[1] == ["c"]
    # As it says, whatever the file looks like: ### is a label of one's own then.
    assert import_words(source, tmp_path / "forced", layout="labels").samples == 2


def test_names_that_are_not_known(tmp_path: Path, picture: Picture) -> None:
    source = put(tmp_path / "words", {"labels.tsv": "a.png\ta", "a.png": picture(1)})
    for options, match in [
        ({"layout": "scv"}, "unknown layout 'scv', did you mean 'svt'"),
        ({"layout": "svt"}, r"none of the files of layout svt: train\.xml, test\.xml"),
        ({"part": "tain"}, "unknown part 'tain', did you mean 'train'"),
        ({"part": "test"}, "no part 'test' of labels"),
        ({"label_filter": "alphanumeric4"}, "unknown filter 'alphanumeric4', did you mean"),
    ]:
        with pytest.raises(DataError, match=match):
            import_words(source, tmp_path / "out", **options)  # type: ignore[arg-type]


def test_own_labels_win_and_two_wrapped_sets_are_asked_about(
    tmp_path: Path, picture: Picture, read: Read
) -> None:
    own = {"a/labels.tsv": "1.png\town", "a/gt.txt": '1.png, "theirs"', "a/1.png": picture(1)}
    source = put(tmp_path / "words", {**own, "__MACOSX/gt.txt": '1.png, "x"'})
    assert read(source)[1] == ["own"]
    put(source, {"b/gt.txt": '1.png, "second"'})
    with pytest.raises(DataError, match=r"a/labels\.tsv\) and icdar \(b/gt\.txt"):
        import_words(source, tmp_path / "more")


def test_filters(tmp_path: Path, picture: Picture) -> None:
    labels = ["A1b", "it", "don't", "café", "a b", "four"]
    rows = "".join(f"a.png\t{label}\n" for label in labels)
    source = put(tmp_path / "words", {"labels.tsv": rows, "a.png": picture(1)})
    kept = {}
    for name in FILTERS:
        report = import_words(source, tmp_path / name, label_filter=name)
        kept[name] = list(WordLMDB(tmp_path / name).labels())
        assert report.skipped["filtered: not alphanumeric"] == 3
    assert kept == {"alphanumeric": ["A1b", "it", "four"], "alphanumeric3": ["A1b", "four"]}
    assert report.skipped["filtered: shorter than 3"] == 1


def test_the_command_knows_the_layouts() -> None:
    from bench.commands.data import LAYOUT_NAMES

    assert tuple(LAYOUTS) == LAYOUT_NAMES


def test_progress_ends_at_the_end(tmp_path: Path, picture: Picture) -> None:
    rows = "a.png\tword\n" * 200
    source = put(tmp_path / "words", {"labels.tsv": rows, "a.png": picture(1)})
    seen: list[tuple[int, int]] = []
    import_words(source, tmp_path / "out", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(rows), len(rows))
    assert len(seen) < 10
    assert seen == sorted(seen)
