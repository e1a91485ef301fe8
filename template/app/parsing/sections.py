"""What parsing a file gives. The child process uses it too."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "table"]


class Refused(Exception):
    """A file is not parsed. `code` names the reason: see `parser.py`, which has an error for each."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Section:
    """A piece of a document: what stands on one page, below one heading; or one table."""

    text: str
    """Of a table its rows, one a line in Markdown; the first two lines are its head."""
    page: int | None = None
    """From 1, where the format has pages or slides."""
    headings: tuple[str, ...] = ()
    """The headings above it, the outermost first; of a workbook the sheet."""
    kind: Kind = "text"


@dataclass(frozen=True)
class Parsed:
    """A file, parsed."""

    format: str
    """Such as `pdf` or `markdown`."""
    sections: tuple[Section, ...] = ()
    pages: int = 1

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(section.text for section in self.sections)
