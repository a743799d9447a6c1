"""The page in a real browser: nothing is fetched, nothing fails, curves and tooltips are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fabricated import FIXTURES, PAYLOADS

playwright = pytest.importorskip("playwright.sync_api")
FOUND = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
BROWSER = os.environ.get("STRNAS_BROWSER") or FOUND
pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on the path"),
]
#: Of the SVG of Chromium, elements with a size on the screen.
DRAWN = "[...document.querySelectorAll('%s path')].filter(p => p.getBoundingClientRect().width > 5)"
QUICK = ("five", "hostile", "as-analysed")
SHAPES = [
    *QUICK,
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("twelve", "long", "refused", "lone-run")
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield running
        running.close()


class Visit:
    """A page, what it complained of and what it asked for."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        # A busy machine is slow; longer is a hang.
        self.page.set_default_timeout(240_000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.context.route("**/*", self._route)
        self.page.goto(path.as_uri())

    def _route(self, route: Any) -> None:
        self.requests.append(route.request.url)
        route.continue_() if route.request.url.startswith("file:") else route.abort()

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("name", SHAPES)
def test_the_page_opens_without_complaint_or_request(
    browser: Any, reports: dict[str, Path], name: str
) -> None:
    path = reports[name] / "report.html"
    with Visit(browser, path) as visit:
        assert visit.complaints == []
        assert [url for url in visit.requests if url != path.as_uri()] == []
        assert visit.page.locator("h2").count() == 13


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_runs_over_the_edge(browser: Any, reports: dict[str, Path], name: str) -> None:
    with Visit(browser, reports[name] / "report.html") as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        for width in (1280, 800, 390):
            visit.page.set_viewport_size({"width": width, "height": 900})
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_curves_are_drawn(browser: Any, reports: dict[str, Path]) -> None:
    with Visit(browser, reports["five"] / "report.html") as visit:
        for name in ("curves-images", "curves-seconds", "runs-images"):
            assert visit.page.evaluate(f"{DRAWN % f'#figure-{name} .mark'}.length") >= 5, name
        runs = visit.page.evaluate(f"{DRAWN % '#figure-runs-images .mark[data-run]'}.length")
        assert runs == 100


def hover(visit: Visit, mark: Any) -> None:
    """Hold the mouse over a mark, once the page has come to rest there: scrolling hides the tip."""
    mark.scroll_into_view_if_needed()
    frame = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    visit.page.evaluate(frame)
    mark.hover(force=True)
    visit.page.locator("#tip").wait_for(state="visible")


def test_hovering_tells_the_run(browser: Any, reports: dict[str, Path]) -> None:
    with Visit(browser, reports["five"] / "report.html") as visit:
        tip = visit.page.locator("#tip")
        assert tip.is_hidden()
        mark = visit.page.locator("#figure-endpoint .mark[data-run]").first
        run = mark.get_attribute("data-run")
        hover(visit, mark)
        assert f"run {run}" in tip.inner_text()
        hot = visit.page.locator(".mark.hot")
        # The same run in the figures of cost and of the space, too.
        assert hot.count() >= 4
        assert {hot.nth(i).get_attribute("data-run") for i in range(hot.count())} == {run}
        visit.page.mouse.move(2, 2)
        tip.wait_for(state="hidden")


def test_hostile_strings_are_shown_and_not_run(browser: Any, reports: dict[str, Path]) -> None:
    with Visit(browser, reports["hostile"] / "report.html") as visit:
        text = visit.page.locator("main").inner_text()
        for payload in PAYLOADS:
            assert payload in text
        assert visit.page.evaluate("window.hit") is None
        hover(visit, visit.page.locator("#figure-effects .mark").first)
        assert "<script>alert(1)</script>" in visit.page.locator("#tip").inner_text()
        assert visit.page.locator("#tip *").count() == 0
        assert visit.complaints == []


@pytest.mark.parametrize(
    "name",
    [
        "twelve",
        "as-analysed",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("long", "hostile", "five")),
    ],
)
def test_no_two_labels_of_a_figure_overlap(
    browser: Any, reports: dict[str, Path], name: str
) -> None:
    overlapping = """() => {
      const bad = [];
      document.querySelectorAll('figure svg').forEach(svg => {
        const sheet = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
        const boxes = texts.map(t => t.getBoundingClientRect());
        boxes.forEach((a, i) => {
          if (a.left < sheet.left - 1 || a.right > sheet.right + 1) {
            bad.push(['cut', texts[i].textContent]);
          }
          boxes.slice(i + 1).forEach((b, j) => {
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            // Boxes of lines are taller than their letters.
            if (wide > 1 && high > 5) {
              bad.push([texts[i].textContent, texts[i + 1 + j].textContent]);
            }
          });
        });
      });
      return bad;
    }"""
    with Visit(browser, reports[name] / "report.html") as visit:
        assert visit.page.evaluate(overlapping) == []


@pytest.mark.parametrize(
    "name",
    ["twelve", *(pytest.param(name, marks=pytest.mark.slow) for name in ("five", "as-analysed"))],
)
def test_the_first_picture_and_the_verdict_are_whole_on_a_telephone(
    browser: Any, reports: dict[str, Path], name: str
) -> None:
    with Visit(browser, reports[name] / "report.html") as visit:
        visit.page.set_viewport_size({"width": 390, "height": 844})
        names = [row.name for row in FIXTURES[name]().searchers]
        marks = visit.page.locator("#figure-paired .mark")
        inside = set()
        for index in range(marks.count()):
            box = marks.nth(index).bounding_box()
            if box and box["x"] >= 0 and box["x"] + box["width"] <= 390:
                inside.add(
                    visit.page.evaluate("mark => mark.tip", marks.nth(index).element_handle())
                )
        for searcher in names:
            assert any(tip.startswith(f"{searcher}\n") for tip in inside), searcher
        box = visit.page.locator(".verdict").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_a_legend_switches_searchers_off_and_on(browser: Any, reports: dict[str, Path]) -> None:
    with Visit(browser, reports["five"] / "report.html") as visit:
        figure = "#figure-curves-images"
        box = visit.page.locator(f"{figure} .legend input").first
        arm = visit.page.locator(f"{figure} .legend label").first.inner_text().strip()
        parts = visit.page.locator(f'{figure} [data-arm="{arm}"]')
        assert parts.count() >= 2
        box.uncheck()
        assert all(parts.nth(i).is_hidden() for i in range(parts.count()))
        other = visit.page.locator(f"{figure} [data-arm]:not(.off)")
        assert other.count() >= 4
        box.check()
        assert not any("off" in (parts.nth(i).get_attribute("class") or "").split()
                       for i in range(parts.count()))  # fmt: skip


def test_it_can_be_read_in_the_dark(browser: Any, reports: dict[str, Path]) -> None:
    """Text of every kind of verdict stands out from the page by 4.5 to 1 (WCAG 2.1, AA)."""
    contrast = """() => {
      const channel = value => { const c = value / 255;
        return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
      const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
        return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b); };
      const page = light(getComputedStyle(document.body).backgroundColor);
      const kinds = ['.verdict', '.v-different', '.v-inconclusive', '.v-not-comparable', 'dt', 'a'];
      return kinds.map(what => {
        const own = light(getComputedStyle(document.querySelector(what)).color);
        return [what, (Math.max(own, page) + .05) / (Math.min(own, page) + .05)]; });
    }"""
    with Visit(browser, reports["five"] / "report.html") as visit:
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)
            low = [pair for pair in visit.page.evaluate(contrast) if pair[1] < 4.5]
            assert low == [], scheme


def test_paper_has_nothing_folded_away(
    browser: Any, reports: dict[str, Path], tmp_path: Path
) -> None:
    with Visit(browser, reports["five"] / "report.html") as visit:
        folds = visit.page.locator("details")
        closed = folds.count() - visit.page.locator("details[open]").count()
        assert closed > 3
        visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert visit.page.locator("details[open]").count() == folds.count()
        visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert folds.count() - visit.page.locator("details[open]").count() == closed
        visit.page.pdf(path=str(tmp_path / "report.pdf"))
        assert (tmp_path / "report.pdf").stat().st_size > 50_000
