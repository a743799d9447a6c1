"""``bench space show|sample|count|neighbours``."""

from __future__ import annotations

import pytest

from spaces import load_space

PUBLISHED = "A..B..A..B..B..-555555545514466"
TOTAL = 142_569_272_143_588_290


def test_show_has_exactly_the_promised_keys(bench):
    shown = bench("space", "show", PUBLISHED, "--json").json
    assert list(shown) == [
        "text",
        "index",
        "path",
        "operations",
        "macs",
        "params",
        "output_shape",
    ]
    assert shown["text"] == PUBLISHED
    assert shown["path"] == "A..B..A..B..B.."
    assert shown["macs"] == 246_739_200
    assert shown["params"] == 2_364_128
    assert shown["output_shape"] == [512, 1, 25]
    assert shown["operations"][:8] == ["k5e6"] * 7 + ["k5e3"]
    assert shown["operations"][-1] == "skip"


def test_show_takes_text_index_and_short_name_alike(bench):
    by_text = bench("space", "show", "A..B..A..B..B..-555555555555555", "--json").json
    by_name = bench("space", "show", "ABABB-555555555555555", "--json").json
    by_index = bench("space", "show", by_text["index"], "--json").json
    assert by_text == by_name == by_index
    assert (by_text["macs"], by_text["params"]) == (480_652_800, 10_400_608)


@pytest.mark.parametrize("index", [0, TOTAL - 1])
def test_show_reaches_both_ends(bench, index):
    assert bench("space", "show", index, "--json").json["index"] == index


def _cells(line: str) -> list[str]:
    return line.split()


@pytest.mark.parametrize("text", [PUBLISHED, "..........AABBB-000000000000000"])
def test_table_adds_up(bench, text):
    lines = bench("space", "show", text).out.splitlines()
    shown = bench("space", "show", text, "--json").json
    rows = {line.split()[0]: line for line in lines if "x" in line and line.split()}
    layers = [rows[name] for name in ["stem", *map(str, range(1, 16))]]

    def numbers(line: str) -> list[int]:
        # MACs and parameters: the two integers after the output shape.
        cells = _cells(line)
        at = max(i for i, cell in enumerate(cells) if cell.count("x") == 2)
        return [int(cell.replace(",", "")) for cell in cells[at + 1 : at + 3]]

    sums = [sum(column) for column in zip(*map(numbers, layers), strict=True)]
    assert sums == numbers(rows["total"]) == [shown["macs"], shown["params"]]
    for row, operation in zip(layers[1:], shown["operations"], strict=True):
        assert operation in _cells(row)
    assert "512x1x25" in _cells(rows["15"])


def test_table_shows_strides_where_the_path_has_them(bench):
    cells = [_cells(line) for line in bench("space", "show", PUBLISHED).out.splitlines()]

    def with_stride(stride: str) -> list[str]:
        return [row[0] for row in cells if row[1:2] == [stride]]

    assert with_stride("2x2") == ["1", "7"]
    assert with_stride("2x1") == ["4", "10", "13"]


def test_table_fits_a_terminal(bench):
    assert max(map(len, bench("space", "show", PUBLISHED).out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "architectures"),
    [
        ([], TOTAL),
        (["--strict"], 30_030 * 6**5 * 7**10),
        (["--max-macs", "450000000"], 134_600_762_208_985_495),
        (["--max-macs", "450M"], 134_600_762_208_985_495),
        (["--max-macs", "450e6", "--strict"], 61_554_343_831_922_493),
        (["--max-macs", "0.45G"], 134_600_762_208_985_495),
        (["--max-macs", "1"], 0),
        (["--max-macs", "1e15"], TOTAL),
    ],
)
def test_count(bench, arguments, architectures):
    counted = bench("space", "count", *arguments, "--json").json
    assert counted == {"paths": 30_030, "architectures": architectures}


def test_count_for_people(bench):
    assert f"{TOTAL:,}" in bench("space", "count").out
    assert "94.4108%" in bench("space", "count", "--max-macs", "450M").out


@pytest.mark.parametrize(
    "text", ["0", "-5", "4.5", "nan", "inf", "1e999999999", "many", "", "2e15"]
)
def test_max_macs_that_is_no_number_of_macs(refused, text):
    assert "expected a whole number" in refused("space", "count", f"--max-macs={text}")


def test_sample_prints_one_text_a_line(bench):
    lines = bench("space", "sample", "-n", 20, "--seed", 3).out.splitlines()
    assert len(lines) == 20
    space = load_space("autostr")
    assert [space.parse(line).text for line in lines] == lines


def test_sample_repeats_under_a_seed_and_differs_under_another(bench):
    first, again, other = (
        bench("space", "sample", "-n", 5, "--seed", seed).out for seed in (1, 1, 2)
    )
    assert first == again != other


def test_sample_keeps_the_limit_and_the_strict_rule(bench):
    arguments = ("space", "sample", "-n", 200, "--max-macs", "150M", "--strict")
    space = load_space("autostr", strict=True)
    drawn = space.encode([space.parse(line) for line in bench(*arguments).out.splitlines()])
    assert len(drawn) == 200
    assert space.macs(drawn).max() <= 150_000_000
    assert space.is_valid(drawn).all()


def test_sample_under_an_impossible_limit_names_the_smallest(refused):
    smallest = load_space("autostr").min_macs()
    assert str(smallest) in refused("space", "sample", "--max-macs", smallest - 1)


def test_sample_at_the_smallest_limit(bench):
    smallest = load_space("autostr").min_macs()
    text = bench("space", "sample", "--max-macs", smallest).out.strip()
    assert bench("space", "show", text, "--json").json["macs"] == smallest


def test_neighbours_are_distinct_legal_and_priced(bench):
    found = bench("space", "neighbours", PUBLISHED, "--json").json
    near = found["neighbours"]
    assert found["text"] == PUBLISHED
    assert len({one["text"] for one in near}) == len(near) > 15 * 6
    assert PUBLISHED not in {one["text"] for one in near}
    sample = near[0]
    shown = bench("space", "show", sample["text"], "--json").json
    assert {key: shown[key] for key in sample} == sample


def test_strict_neighbours_never_skip_where_they_downsample(bench):
    near = bench("space", "neighbours", PUBLISHED, "--strict", "--json").json["neighbours"]
    for one in near:
        path, operations = one["text"].split("-")
        strided = {op for op, stride in zip(operations, path, strict=True) if stride != "."}
        assert "6" not in strided


def test_neighbours_for_people(bench):
    near = bench("space", "neighbours", PUBLISHED, "--json").json["neighbours"]
    text = bench("space", "neighbours", PUBLISHED).out
    assert f"{len(near)} neighbours" in text
    assert all(one["text"] in text for one in near)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("A..B..A..B..B..-55555554551446", "15"),
        ("A..B..A..B..C..-555555545514466", "C"),
        ("A..B..A..B.....-555555545514466", "2 A and 2 B, expected exactly 2 A and 3 B"),
        ("ABBBA-5555555555555557", "16"),
        (str(TOTAL), str(TOTAL - 1)),
        ("", ""),
        ("💥", "💥"),
    ],
)
def test_bad_architecture_is_explained_in_one_line(refused, given, told):
    assert told in refused("space", "show", given)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("k5-1203-4511-6666-1000-20140", "--space strnas --part extractor"),
        ("r3-10-10-10-10-10", "--space strnas --part rectifier"),
    ],
)
def test_an_architecture_of_another_space_is_told_as_one(refused, bench, text, options):
    said = refused("space", "show", text)
    assert said.endswith(f"give {options}")
    assert bench("space", "show", text, *options.split()).code == 0


def test_strict_refuses_a_strided_skip(refused, bench):
    text = "A..B..A..B..B..-655555545514466"
    assert bench("space", "show", text).code == 0
    assert "skip" in refused("space", "show", text, "--strict")
