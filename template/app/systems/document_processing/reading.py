"""The text of a document. A file is not to be trusted: another process reads it (`parsers.py`)."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from app.systems.document_processing.errors import (
    DocumentCorrupt,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentError,
    DocumentNotSupported,
    DocumentTooLong,
)
from app.systems.document_processing.schemas import Document, ReadText
from app.systems.document_processing.settings import DocumentSettings

_PARSERS = Path(__file__).with_name("parsers.py")
_ERRORS: dict[str, type[DocumentError]] = {
    "corrupt": DocumentCorrupt,
    "encrypted": DocumentEncrypted,
    "not_supported": DocumentNotSupported,
    "too_long": DocumentTooLong,
}
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: neither a model nor the database wants them."""


async def read(input: Document) -> ReadText:
    """Return the text of a document. Raises a subclass of `DocumentError`."""
    found = ReadText(text=input.text or "", pages=1) if input.content is None else await _read(input.content)
    text = re.sub(r"\n{3,}", "\n\n", _UNWANTED.sub("", found.text.replace("\r\n", "\n"))).strip()
    if not text:
        raise DocumentEmpty(
            "There is no text in the document.", hint="Is it a scan? Send what text recognition makes of it."
        )
    most = DocumentSettings.load().max_characters
    if len(text) > most:
        raise DocumentTooLong(
            f"The document of {found.pages} pages has more than {most} characters.",
            hint="Split it, or raise DOCUMENTS_MAX_CHARACTERS.",
        )
    return ReadText(text=text, pages=found.pages)


async def _read(content: bytes) -> ReadText:
    if not content:
        raise DocumentEmpty("The file is empty.")
    settings = DocumentSettings.load()
    limits = (settings.max_pages, settings.max_characters, int(settings.read_seconds) + 1)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_PARSERS),
        *map(str, limits),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(settings.read_seconds):
            printed, _ = await process.communicate(content)
    except TimeoutError:
        raise DocumentCorrupt(
            f"Reading the file took longer than {settings.read_seconds:g} seconds."
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _found(printed)


def _found(printed: bytes) -> ReadText:
    try:
        found: dict[str, Any] = json.loads(printed)
    except ValueError:  # it was killed by the limit of memory or time
        raise DocumentCorrupt("The file cannot be read: it takes too much memory or time.") from None
    if "error" in found:
        raise _ERRORS[found["error"]](found["detail"])
    return ReadText(text=found["text"], pages=found["pages"])
