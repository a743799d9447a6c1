"""The pages of the documentation make a site, without a warning."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built for readers; a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    found = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return out


class Loaded(HTMLParser):
    """Addresses that a page loads when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe"):
            self.addresses.append(given.get("src") or "")
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.addresses.append(given.get("href") or "")


@pytest.mark.whole
def test_every_page_is_in_it_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = {page.parent.name for page in site.rglob("index.html")}
    wanted = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert wanted | {"CHANGELOG", "CONTRIBUTING"} <= pages
    for page in site.rglob("*.html"):
        parser = Loaded()
        parser.feed(page.read_text(encoding="utf-8"))
        assert not [each for each in parser.addresses if "//" in each], page


def test_the_first_page_is_the_readme_with_links_that_lead_on(site: Path) -> None:
    first = (site / "index.html").read_text(encoding="utf-8")
    assert "bench run --searcher proxyless" in first
    assert 'href="ranking/#does-it-rank"' in first
    assert "docs/" not in first.split("<article")[1].split("</article>")[0]


def test_the_reference_has_docstrings(site: Path) -> None:
    reference = (site / "api" / "index.html").read_text(encoding="utf-8")
    for name in ("spaces.base.Space", "searchers.base.Searcher", "bench.run.Run"):
        assert f'id="{name}"' in reference
    assert "Make the space called" in reference
