"""Pages of the site that lie above the folder of the docs, or lead out of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
#: File of the repository -> page of the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
}
LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#:]+)(#[^)]*)?\)")
CODE = re.compile(r"`[^`\n]+`")
IMAGE = re.compile(r'src="docs/')


def on_files(files: Files, config: Any) -> Files:
    """Add the README as the first page, and what else stands beside it."""
    for source, target in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=IMAGE.sub('src="', text)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links as they have to be on the site; what is not on it is named and not linked to."""
    folder = Path() if page.file.src_uri in PAGES.values() else Path("docs")

    def lead(match: re.Match[str]) -> str:
        text, anchor = match[1], match[3] or ""
        target = _within(folder / match[2])
        if target in PAGES:
            return f"[{text}]({PAGES[target]}{anchor})"
        if target.startswith("docs/"):
            return f"[{text}]({target.removeprefix('docs/')}{anchor})"
        return f"{text} (`{target}`)"

    # GitHub takes a bar in a table for the end of a cell unless it is escaped; here code holds it.
    bars = CODE.sub(lambda match: match[0].replace("\\|", "|"), markdown)
    return LINK.sub(lead, bars)


def _within(path: Path) -> str:
    """``path`` without the steps up in it."""
    parts: list[str] = []
    for part in path.as_posix().split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
