"""The text of a document's file; that of a scan, if there is something that recognizes it."""

import asyncio
import os
import shlex

from app.core.errors import ConfigurationError
from app.parsing import Limits, Parsed, parse
from app.parsing.errors import DocumentCorrupt, DocumentEmpty
from app.rag.settings import RagSettings

_SECONDS_OF_RECOGNITION = 10
"""Times as long as reading may recognizing text take."""


async def read_file(file: bytes, source: str) -> Parsed:
    """Return the text of a file. Raises a subclass of `DocumentError`, or `ConfigurationError`."""
    settings = RagSettings.load()
    limits = Limits(settings.max_pages, settings.max_characters, settings.read_seconds, "RAG")
    try:
        return await parse(file, source, limits)
    except DocumentEmpty:
        if not file or not file.startswith(b"%PDF-"):
            raise
        if not settings.ocr_command:
            raise DocumentEmpty(
                "There is no text in the PDF: it is a scan.",
                hint="Set RAG_OCR_COMMAND to a program that recognizes text, such as ocrmypdf.",
            ) from None
    return await parse(await _recognized(file), source, limits)


async def _recognized(file: bytes) -> bytes:
    """Return a PDF with the text that was recognized. Of our environment the program gets `PATH` alone."""
    settings = RagSettings.load()
    program, *arguments = shlex.split(settings.ocr_command)
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except OSError as error:
        raise ConfigurationError(
            f"{program!r} cannot be started: {error.strerror}.",
            hint="Install it, or correct RAG_OCR_COMMAND.",
        ) from None
    try:
        async with asyncio.timeout(settings.read_seconds * _SECONDS_OF_RECOGNITION):
            found, _ = await process.communicate(file)
    except TimeoutError:
        raise DocumentCorrupt("Recognizing its text took too long.", hint="Raise RAG_READ_SECONDS.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise DocumentCorrupt(f"{program} could not recognize its text: it ended with {process.returncode}.")
    return found
