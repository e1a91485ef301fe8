"""PDF: one section a page."""

import io

from app.parsing.sections import Parsed, Refused, Section


def parse_pdf(content: bytes, max_pages: int, max_characters: int) -> Parsed:
    """Return the text of each page. Raises `Refused`."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("encrypted", "The PDF needs a password.")
        pages = len(reader.pages)
        if pages > max_pages:
            raise Refused("too_long", f"The PDF has {pages} pages, at most {max_pages} are processed.")
        sections: list[Section] = []
        characters = 0
        for number, page in enumerate(reader.pages, 1):
            sections.append(Section(page.extract_text(), page=number))
            characters += len(sections[-1].text)
            if characters > max_characters:
                break
        return Parsed("pdf", tuple(sections), pages)
    except DependencyError:
        raise Refused("encrypted", "The PDF is encrypted.") from None
    except PyPdfError as error:
        raise Refused("corrupt", f"The PDF cannot be read: {error}") from None
