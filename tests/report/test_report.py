"""What `write_report` writes, for analyses of every shape."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fabricated import (
    FIVE,
    FIXTURES,
    HOSTILE,
    PAYLOADS,
    TWELVE,
    analysis,
    refusals,
    with_runs,
)

from bench.comparison.answers import Missing
from bench.comparison.final_scores import FinalScores
from bench.comparison.serialised import serialised
from bench.records.errors import RecordError
from bench.report import main_table_rows, safe, write_report
from bench.report.banner import BANNER
from bench.report.model import Bullets
from bench.report.sections.conduct import runs

#: Words that only a number that is none leaves behind.
STRAY = re.compile(r"\b(nan|NaN|inf|Infinity|None)\b")


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("name", FIXTURES)
def test_no_number_that_is_none_reaches_a_page(reports: dict[str, Path], name: str) -> None:
    for file in ("report.html", "report.md"):
        text = (reports[name] / file).read_text(encoding="utf-8")
        assert not STRAY.findall(text), file
    for table in (reports[name] / "tables").glob("*.csv"):
        assert not re.search(r"(^|,)(nan|NaN|inf|None)(,|$)", table.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", FIXTURES)
def test_the_page_is_whole_and_asks_nobody_for_anything(
    reports: dict[str, Path], name: str
) -> None:
    found = page(reports[name])
    tags = [tag for tag, _ in found.tags]
    assert tags.count("script") == 1
    assert not {"img", "iframe", "object", "embed", "form", "base", "audio", "video"} & set(tags)
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for _, attributes in found.tags:
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("href", "src"):
            target = attributes.get(key) or ""
            assert not re.match(r"(?i)[a-z][a-z0-9+.-]*:|//", target) or target == "data:,"


@pytest.mark.parametrize("name", FIXTURES)
def test_ids_are_unique_and_links_within_the_page_lead_somewhere(
    reports: dict[str, Path], name: str
) -> None:
    found = page(reports[name])
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for _, a in found.tags if (a.get("href") or "").startswith("#")}
    assert {target[1:] for target in targets if target} <= set(ids)


@pytest.mark.parametrize("name", FIXTURES)
def test_everything_that_the_pages_link_to_is_there(reports: dict[str, Path], name: str) -> None:
    links = [a.get("href") or "" for tag, a in page(reports[name]).tags if tag == "a"]
    mine = [link for link in links if link.startswith(("tables/", "figures/", "report."))]
    written = re.findall(
        r"\]\(((?:tables|figures)/[^)]+)\)", (reports[name] / "report.md").read_text()
    )
    for link in (*mine, *written):
        assert (reports[name] / link).exists(), link


def test_every_figure_has_a_table_and_is_an_svg_of_its_own(reports: dict[str, Path]) -> None:
    for folder in [reports[name] for name in FIXTURES]:
        source = (folder / "report.html").read_text(encoding="utf-8")
        for figure in re.findall(r"<figure .*?</figure>", source, re.DOTALL):
            assert "<table" in figure
        for file in (folder / "figures").glob("*.svg"):
            root = ElementTree.parse(file).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert root.get("aria-label")


def test_all_figures_of_a_full_study_are_drawn(reports: dict[str, Path]) -> None:
    names = {file.stem for file in (reports["five"] / "figures").iterdir()}
    assert names == {
        "paired", "effects", "improvement", "ranks", "rank-curve", "endpoint", "profile",
        "curves-images",
        "curves-evaluations", "curves-seconds", "curves-macs", "runs-images", "bands-evaluations",
        "bands-seconds", "bands-macs", "pareto-macs",
        "pareto-params", "mac-distribution", "updates-operations", "updates-paths", "proxy-final",
    }  # fmt: skip


def test_bands_of_many_searchers_have_panels_on_every_axis(reports: dict[str, Path]) -> None:
    """Of more than four no band is drawn in the picture of all, on whichever axis."""
    assert not list((reports["two"] / "figures").glob("bands-*"))
    for axis in ("evaluations", "seconds", "macs"):
        drawn = ElementTree.parse(reports["twelve"] / f"figures/bands-{axis}.svg")
        # The longest name is shortened.
        assert len(set(TWELVE) & {element.text for element in drawn.iter()}) == len(TWELVE) - 1
        ends = rows(reports["twelve"] / f"tables/bands-{axis}.csv")
        assert {row["searcher"] for row in ends} == set(TWELVE)
        for row in ends:
            assert float(row["median_low"]) <= float(row["median"]) <= float(row["median_high"])


def test_what_was_refused_gives_its_reason_and_no_figure(reports: dict[str, Path]) -> None:
    found = page(reports["refused"])
    assert not list((reports["refused"] / "figures").iterdir())
    assert "svg" not in [tag for tag, _ in found.tags]
    for reason in ("an interval needs at least 6 blocks, not 2", "needs at least 8 blocks, not 2"):
        assert reason in found.text
        assert reason in (reports["refused"] / "report.md").read_text()


def test_hostile_strings_are_text(reports: dict[str, Path]) -> None:
    for name in ("hostile", "refused-hostile"):
        found = page(reports[name])
        for payload in PAYLOADS:
            assert payload in found.text
        assert "<script>alert" not in (reports[name] / "report.md").read_text(encoding="utf-8")
        for file in (reports[name] / "figures").glob("*.svg"):
            tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(file).iter()}
            assert not tags & {"script", "img", "a", "foreignObject"}


def test_formulas_and_underscores_in_names_are_not_interpreted(reports: dict[str, Path]) -> None:
    texts = {e.text for e in ElementTree.parse(reports["hostile"] / "figures/endpoint.svg").iter()}
    assert {"$\\frac{1}{2}$ _hidden | `x`", "_leading"} <= texts


def test_addresses_of_manifests_name_no_scheme_and_no_host(tmp_path: Path) -> None:
    made = analysis(("random",), 3)
    write_report(with_runs(made, "javascript:alert(1)", "//evil", "a b/#?c"), tmp_path)
    links = [a.get("href") or "" for tag, a in page(tmp_path).tags if tag == "a"]
    manifests = [link for link in links if link.endswith("run.json")]
    assert len(manifests) == 3
    assert not [link for link in manifests if ":" in link or link.startswith("//") or "#" in link]


def test_manifests_are_found_from_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = ("results/study/runs/one", str(tmp_path / "elsewhere"))
    write_report(with_runs(analysis(("random",), 2), *folders), Path("results/study"))
    manifests = [row["manifest"] for row in rows(Path("results/study/tables/runs.csv"))]
    assert manifests == ["runs/one/run.json", "../../elsewhere/run.json"]


def test_a_made_up_landscape_is_named_on_every_page_and_figure(reports: dict[str, Path]) -> None:
    files = [*reports["twelve"].glob("report.[hm]*"), *reports["twelve"].glob("figures/*.svg")]
    assert len(files) > 10
    for file in files:
        assert BANNER in file.read_text(encoding="utf-8"), file.name
    assert BANNER not in (reports["five"] / "report.html").read_text(encoding="utf-8")


def test_verdicts_are_words_with_a_colour_and_a_sign(reports: dict[str, Path]) -> None:
    source = (reports["five"] / "report.html").read_text(encoding="utf-8")
    for word, sign in (("different", "≠"), ("equivalent", "≈"), ("inconclusive", "?")):
        assert f'<b class="v v-{word}">{sign} {word}</b>' in source
    assert '<b class="v v-too-few">… too few</b>' in source
    assert '<b class="v v-not-comparable">∅ not comparable</b>' in source


def test_unfinished_and_excluded_runs_are_named_with_their_reasons(
    reports: dict[str, Path],
) -> None:
    text = page(reports["five"]).text
    for part in ("tpe-3", "stopped at 60 % of its budget", "results/", "of another preset"):
        assert part in text


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_work_of_any_kind_that_failed_is_counted_as_such(
    reports: dict[str, Path], name: str
) -> None:
    text = (reports["five"] / name).read_text()
    assert "failed evaluations" not in text
    assert "failed work" in text
    assert "evaluations, weight steps and gate steps that gave nothing usable" in text


def test_what_many_runs_warn_of_names_the_first_two(tmp_path: Path) -> None:
    found = [replace(run, warnings=["odd"]) for run in analysis(("random",), 5).provenance.runs]
    section = runs(found, tmp_path)
    (listed,) = [part for part in section.blocks if isinstance(part, Bullets)]
    assert listed.items == [f"odd ({found[0].run_id}, {found[1].run_id} and 3 more runs)"]


def test_the_analysis_is_written_as_it_is(tmp_path: Path) -> None:
    made = analysis(FIVE, 3)
    write_report(made, tmp_path)
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    files = found.pop("files")
    assert found == serialised(made)
    there = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert set(files) == there


def test_numbers_that_are_none_are_null_in_the_analysis(reports: dict[str, Path]) -> None:
    text = (reports["strange-settings"] / "report.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["hardware"] == [
        {"share": None, "list": [1, None], "object": {"a": None}, "runs": 6}
    ]


def test_tables_hold_raw_numbers(reports: dict[str, Path]) -> None:
    main = rows(reports["five"] / "tables/searchers.csv")
    assert [row["searcher"] for row in main] == list(FIVE)
    assert float(main[0]["score"]) == pytest.approx(0.9)
    assert float(main[0]["score_low"]) == pytest.approx(0.894)
    assert main[0]["score_n"] == "20"
    assert rows(reports["five"] / "tables/costs.csv")[0]["images_private"] == "840000"
    assert main[0]["verdict"] == "different"
    pairs = rows(reports["five"] / "tables/pairs.csv")
    assert len(pairs) == 10
    assert pairs[4]["rho"] == ""
    assert pairs[4]["rho_refused"] == "all scores are equal"
    assert "scores higher than" in pairs[0]["sentence"]
    counts = rows(reports["five"] / "tables/mac-distribution.csv")
    assert sum(int(row["architectures"]) for row in counts) > 10**17
    assert len(rows(reports["five"] / "tables/runs.csv")) == 100


def test_every_training_can_be_traced(reports: dict[str, Path]) -> None:
    panel = rows(reports["five"] / "tables/proxy-final.csv")
    assert len(panel) == 30
    assert panel[0]["seeds"] == "3"
    assert len(json.loads(panel[0]["scores"])) == 3
    assert panel[3]["proxy"] == ""
    assert "2 seeds" in panel[4]["final_refused"]
    finals = rows(reports["five"] / "tables/final-scores.csv")
    assert [row["final"] for row in finals[:2]] == ["0.8", "not retrained"]
    trainings = rows(reports["five"] / "tables/trainings.csv")
    assert trainings[2]["folder"] == "results/models/2"
    text = page(reports["five"]).text
    for part in ("results/models/old", "other words", "bench retrain runs/one", "first 1 of 13"):
        assert part in text


def test_a_panel_too_small_to_rank_is_a_table_without_a_figure(tmp_path: Path) -> None:
    made = analysis(FIVE, 3)
    assert isinstance(made.proxy_final, FinalScores)
    few = replace(made.proxy_final, agreement=Missing("4 architectures are too few"))
    write_report(replace(made, proxy_final=few), tmp_path)
    assert not (tmp_path / "figures" / "proxy-final.svg").exists()
    assert "4 architectures are too few" in page(tmp_path).text
    assert len(rows(tmp_path / "tables/proxy-final.csv")) == 30


def test_marks_of_final_scores_have_a_bar_over_their_seeds(reports: dict[str, Path]) -> None:
    root = ElementTree.parse(reports["five"] / "figures/proxy-final.svg").getroot()
    titles = [e.text or "" for e in root.iter() if e.tag.endswith("}title")]
    # One of the thirty has no proxy score.
    assert len(titles) == 29
    assert all("\nproxy " in title and "\nseeds: " in title for title in titles)
    assert any("recommended by random" in title for title in titles)
    labels = {e.text for e in root.iter() if e.tag.endswith("}text")}
    assert {"recommended by none", "by several searchers", "random"} <= labels


def test_curves_are_in_the_tables_in_full(reports: dict[str, Path]) -> None:
    found = rows(reports["five"] / "tables/curves-images.csv")
    assert len(found) == 5 * 21
    assert list(found[0])[:4] == ["searcher", "n", "cost", "median"]


def test_the_same_analysis_gives_the_same_bytes(tmp_path: Path) -> None:
    def bytes_of() -> dict[str, bytes]:
        paths = write_report(analysis(FIVE, 4), tmp_path)
        return {name: Path(path).read_bytes() for name, path in paths.items()}

    assert bytes_of() == bytes_of()


def test_paths_are_named_and_nothing_is_left_over(tmp_path: Path) -> None:
    (tmp_path / ".tmp-report.html.77").write_text("half")
    paths = write_report(analysis(("random",), 2), tmp_path / "new" / "study")
    assert {"report.html", "report.md", "report.json", "tables/runs.csv"} <= set(paths)
    written = {str(path) for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert written == set(paths.values())


def test_files_of_an_earlier_report_do_not_survive(tmp_path: Path) -> None:
    write_report(analysis(FIVE, 8), tmp_path)
    assert (tmp_path / "figures" / "improvement.svg").exists()
    (tmp_path / "figures" / "mine.png").write_text("a user's own")
    write_report(refusals(), tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.png"]
    listed = json.loads((tmp_path / "report.json").read_text())["files"]
    tables = {f"tables/{path.name}" for path in (tmp_path / "tables").iterdir()}
    assert tables == {name for name in listed if name.startswith("tables/")}


@pytest.mark.whole
def test_a_report_that_kept_no_list_is_replaced_and_a_strangers_list_is_not_obeyed(
    tmp_path: Path,
) -> None:
    for name in ("figures/old.svg", "tables/old.csv", "secret.txt", "figures/pic.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    (tmp_path / "report.json").write_text('{"name": "before"}')
    small = analysis(("random",), 2)
    write_report(small, tmp_path)
    assert not (tmp_path / "figures/old.svg").exists()
    assert not (tmp_path / "tables/old.csv").exists()
    for files in (["../secret.txt", "secret.txt", "figures/../secret.txt", 3], "secret.txt", None):
        (tmp_path / "report.json").write_text(json.dumps({"files": files}))
        write_report(small, tmp_path)
        assert (tmp_path / "secret.txt").exists()
    assert (tmp_path / "figures/pic.png").exists()


def test_the_first_screen_says_what_was_found_and_for_whom(reports: dict[str, Path]) -> None:
    text = page(reports["five"]).text
    first = text[: text.index("One family, one verdict a pair")]
    for part in (
        "autostr scores higher than the others",
        "seeds of one supernet only",
        "40,000 images, given to all alike; at most 500.5 seconds",
        "margin is 0.02",
    ):
        assert part in first


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="cannot be written"):
        write_report(analysis(("random",), 2), tmp_path / "file")


def test_reports_are_small(reports: dict[str, Path]) -> None:
    assert (reports["five"] / "report.html").stat().st_size < 680_000
    assert (reports["twelve"] / "report.html").stat().st_size < 1_080_000


def test_the_terminal_gets_words_for_every_cell() -> None:
    columns, found = main_table_rows(analysis(FIVE, 20))
    assert columns[:5] == ["searcher", "runs", "score", "interval", "vs random"]
    assert found[0][:6] == ["autostr", "20", "0.900", "0.894-0.906", "different", "310 M"]
    assert found[1][1] == "20/21"
    assert found[4][4] == "reference"
    assert {len(row) for row in found} == {len(columns)}


def test_the_terminal_gets_no_number_for_a_refusal_and_no_control_characters() -> None:
    _, found = main_table_rows(safe(refusals(HOSTILE, "\x1b[2J")))
    assert found[0][3] == "none"
    assert all(cell.isprintable() for row in found for cell in row)
