"""Files of all kinds: sound, broken, hostile."""

import base64
import io
import zipfile

import pytest
from pydantic import ValidationError

from app.systems.document_processing.errors import (
    DocumentCorrupt,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentError,
    DocumentNotSupported,
    DocumentTooLong,
)
from app.systems.document_processing.reading import read
from app.systems.document_processing.schemas import Document
from tests.conftest import SetEnvironment
from tests.systems.document_processing.files import docx_of, encrypted, pdf_of


def file_of(content: bytes) -> Document:
    return Document.model_validate({"content": base64.b64encode(content)})


@pytest.mark.parametrize(
    ("content", "pages"),
    [
        (pdf_of("Invoice 7\nTotal: 9.50"), 1),
        (pdf_of("Invoice 7", "Total: 9.50"), 2),
        (docx_of("Invoice 7\nTotal: 9.50"), 1),
        (b"Invoice 7\r\nTotal: 9.50", 1),
        ("Invoice 7\nTotal: 9.50".encode("utf-16"), 1),
        ("Invoice 7\nTotal: 9.50 \u20ac, Gr\u00fc\u00dfe".encode("cp1252"), 1),
        (b"\xef\xbb\xbfInvoice 7\nTotal: 9.50", 1),
        (b"junk before\n" + pdf_of("Invoice 7\nTotal: 9.50"), 1),
    ],
    ids=[
        "pdf",
        "pdf of two pages",
        "docx",
        "text",
        "utf-16",
        "windows",
        "with a byte order mark",
        "pdf after junk",
    ],
)
async def test_the_text_of_a_file_is_found(content: bytes, pages: int) -> None:
    found = await read(file_of(content))

    assert ("Invoice 7" in found.text, "Total: 9.50" in found.text, found.pages) == (True, True, pages)


async def test_a_pdf_of_200_pages_is_read_to_its_end() -> None:
    found = await read(file_of(pdf_of(*(f"Page number {n}" for n in range(1, 201)))))

    assert found.pages == 200
    assert "Page number 200" in found.text


def zip_of(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


PDF = pdf_of("Invoice 7")


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (encrypted(PDF, "secret"), DocumentEncrypted, "password"),
        (b"", DocumentEmpty, "empty"),
        (b" \n\t ", DocumentEmpty, "no text"),
        (pdf_of(""), DocumentEmpty, "no text"),
        (docx_of(""), DocumentEmpty, "no text"),
        (PDF[: len(PDF) // 3], DocumentError, "PDF|text"),
        (b"%PDF-1.7\n" + b"\xff\x00" * 500, DocumentCorrupt, "cannot be read"),
        (docx_of("Invoice 7")[:200], DocumentCorrupt, "DOCX"),
        (zip_of("a.txt", b"a"), DocumentNotSupported, "no DOCX"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", DocumentNotSupported, "neither PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DocumentNotSupported, "neither PDF"),
        (zip_of("word/document.xml", b"0" * (200 << 20)), DocumentCorrupt, "memory"),
    ],
    ids=[
        "encrypted",
        "no bytes",
        "blanks",
        "a page without text",
        "docx without text",
        "half a pdf",
        "no pdf behind its head",
        "half a docx",
        "another archive",
        "an image",
        "an old word file",
        "a bomb",
    ],
)
async def test_what_cannot_be_read_is_a_typed_error(
    content: bytes, error: type[DocumentError], said: str
) -> None:
    with pytest.raises(error, match=said):
        await read(file_of(content))


async def test_too_many_pages_are_refused_with_their_number(set_environment: SetEnvironment) -> None:
    set_environment(DOCUMENTS_MAX_PAGES="2")

    with pytest.raises(DocumentTooLong, match="3 pages, at most 2"):
        await read(file_of(pdf_of("a", "b", "c")))


async def test_too_much_text_is_refused(set_environment: SetEnvironment) -> None:
    set_environment(DOCUMENTS_MAX_CHARACTERS="1000")

    with pytest.raises(DocumentTooLong, match="1000 characters"):
        await read(Document(text="a" * 1001))


async def test_what_takes_too_long_is_stopped(set_environment: SetEnvironment) -> None:
    set_environment(DOCUMENTS_READ_SECONDS="0.01")

    with pytest.raises(DocumentCorrupt, match=r"0\.01 seconds"):
        await read(file_of(PDF))


@pytest.mark.parametrize("data", [{}, {"text": "a", "content": "YQ=="}, {"content": "no base64!"}])
def test_a_document_is_either_text_or_a_file(data: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Document.model_validate(data)
