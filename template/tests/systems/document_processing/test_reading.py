"""A document is a text or a file."""

import base64

import pytest
from pydantic import ValidationError

from app.parsing.errors import DocumentEmpty, DocumentTooLong
from app.systems.document_processing.reading import read
from app.systems.document_processing.schemas import Document
from tests.conftest import SetEnvironment
from tests.parsing.files import pdf_of


async def test_a_file_is_parsed() -> None:
    found = await read(
        Document.model_validate({"content": base64.b64encode(pdf_of("Invoice 7", "Total: 9.50"))})
    )

    assert (found.text, found.pages) == ("Invoice 7\n\nTotal: 9.50", 2)


async def test_a_text_is_cleaned() -> None:
    assert (await read(Document(text="Invoice\x07 7\r\nTotal: 9.50\n"))).text == "Invoice 7\nTotal: 9.50"


@pytest.mark.parametrize("content", [None, b"a" * 1001])
async def test_too_much_text_is_refused_and_the_setting_named(
    content: bytes | None, set_environment: SetEnvironment
) -> None:
    set_environment(DOCUMENTS_MAX_CHARACTERS="1000")
    given = {"content": base64.b64encode(content)} if content else {"text": "a" * 1001}

    with pytest.raises(DocumentTooLong, match="1000 characters") as caught:
        await read(Document.model_validate(given))

    assert "DOCUMENTS_MAX_CHARACTERS" in (caught.value.hint or "")


async def test_a_text_of_blanks_is_refused() -> None:
    with pytest.raises(DocumentEmpty):
        await read(Document(text=" \n\t"))


@pytest.mark.parametrize("data", [{}, {"text": "a", "content": "YQ=="}, {"content": "no base64!"}])
def test_a_document_is_either_text_or_a_file(data: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Document.model_validate(data)
