"""DOCX and PPTX (ECMA-376)."""

import io
import re
import zipfile
from xml.etree import ElementTree as ET

from app.parsing.formats.markup import from_html
from app.parsing.sections import Parsed, Refused, Section

_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_PARAGRAPH = "{http://schemas.openxmlformats.org/drawingml/2006/main}p"


def parse_docx(content: bytes) -> Parsed:
    """Return the sections of a document by its heading styles."""
    import mammoth  # type: ignore[import-untyped]

    return Parsed("docx", from_html(str(mammoth.convert_to_html(io.BytesIO(content)).value)))


def parse_pptx(content: bytes, max_pages: int) -> Parsed:
    """Return one section a slide, whose first line is its heading, with the speaker's notes.

    Raises `Refused`.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        slides = _numbered(archive, r"ppt/slides/slide(\d+)\.xml")
        if len(slides) > max_pages:
            raise Refused("too_long", f"It has {len(slides)} slides, at most {max_pages} are processed.")
        notes = _numbered(archive, r"ppt/notesSlides/notesSlide(\d+)\.xml")
        sections = []
        for number, path in slides.items():
            lines = _paragraphs(archive.read(path))
            said = _paragraphs(archive.read(notes[number])) if number in notes else []
            text = "\n".join([*lines, *(["", *said] if said else [])])
            sections.append(Section(text, page=number, headings=tuple(lines[:1])))
    return Parsed("pptx", tuple(sections), len(slides))


def _numbered(archive: zipfile.ZipFile, pattern: str) -> dict[int, str]:
    found = ((re.fullmatch(pattern, name), name) for name in archive.namelist())
    return dict(sorted((int(match[1]), name) for match, name in found if match))


def _paragraphs(xml: bytes) -> list[str]:
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:  # Office writes none: entities are for attacks
        raise Refused("corrupt", "The file declares XML entities.")
    root = ET.fromstring(xml)  # noqa: S314 - without entities, and with bounded memory
    texts = ("".join(t.text or "" for t in p.iter(_TEXT)).strip() for p in root.iter(_PARAGRAPH))
    return [text for text in texts if text]
