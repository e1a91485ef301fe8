"""HTML and Markdown: one section below each heading, and one for each table."""

import re

from app.parsing.sections import Kind, Parsed, Section

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_TABLE = re.compile(r"\s*\|.*\|\s*$")
_NOT_CONTENT = ("script", "style", "noscript", "template", "svg", "nav", "head")


def parse_html(html: str) -> Parsed:
    """Return what a reader of the page sees, without scripts and navigation."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(_NOT_CONTENT):
        element.decompose()
    return Parsed("html", sections_of(_to_markdown(str(soup))))


def parse_markdown(text: str) -> Parsed:
    """Return the sections of a Markdown document, as they are written."""
    return Parsed("markdown", sections_of(_without_front_matter(text)))


def from_html(html: str) -> tuple[Section, ...]:
    """Return the sections of HTML that another format was converted to."""
    return sections_of(_to_markdown(html))


def _to_markdown(html: str) -> str:
    from markdownify import markdownify

    # emphasis and escapes would stand in the way of who looks for words
    return str(
        markdownify(
            html,
            heading_style="ATX",
            strip=["a", "b", "em", "i", "img", "strong"],
            escape_asterisks=False,
            escape_underscores=False,
            escape_misc=False,
        )
    )


def _without_front_matter(text: str) -> str:
    return re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)


def sections_of(markdown: str) -> tuple[Section, ...]:
    """Cut Markdown at its headings and around its tables. A section begins with its own heading."""
    builder = _Builder()
    fenced = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading:
            builder.begin(len(heading[1]), heading[2])
        else:
            builder.add(line, is_table=not fenced and bool(_TABLE.match(line)))
    return builder.finish()


class _Builder:
    """Collects the lines of the section that is being read."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._in_table = False

    def begin(self, level: int, title: str) -> None:
        self._end()
        self._path = [(depth, name) for depth, name in self._path if depth < level] + [(level, title)]
        self._lines = [title, ""]

    def add(self, line: str, *, is_table: bool) -> None:
        if is_table != self._in_table and (is_table or line.strip()):
            self._end()
            self._in_table = is_table
        self._lines.append(line)

    def finish(self) -> tuple[Section, ...]:
        self._end()
        return tuple(self._sections)

    def _end(self) -> None:
        text = "\n".join(self._lines).strip()
        # two lines of bars are no table yet
        kind: Kind = "table" if self._in_table and text.count("\n") > 1 else "text"
        if text:
            headings = tuple(title for _, title in self._path)
            self._sections.append(Section(text, headings=headings, kind=kind))
        self._lines, self._in_table = [], False
