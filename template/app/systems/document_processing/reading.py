"""The text of a document, as the workflow wants it."""

from app.parsing import Limits, clean_text, parse
from app.parsing.errors import DocumentEmpty, DocumentTooLong
from app.systems.document_processing.schemas import Document, ReadText
from app.systems.document_processing.settings import DocumentSettings


async def read(input: Document) -> ReadText:
    """Return the text of a document. Raises a subclass of `DocumentError`."""
    settings = DocumentSettings.load()
    if input.content is None:
        return _given(input.text or "", settings.max_characters)
    limits = Limits(settings.max_pages, settings.max_characters, settings.read_seconds)
    parsed = await parse(input.content, input.filename or "", limits)
    return ReadText(text=parsed.text, pages=parsed.pages)


def _given(given: str, most: int) -> ReadText:
    text = clean_text(given)
    if not text:
        raise DocumentEmpty("There is no text in the document.")
    if len(text) > most:
        raise DocumentTooLong(
            f"The document has more than {most} characters.",
            hint="Split it, or raise DOCUMENTS_MAX_CHARACTERS.",
        )
    return ReadText(text=text, pages=1)
