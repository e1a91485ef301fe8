"""Get the text out of a file: a program of its own, run by `reading.py` with bounded memory and time.

    python parsers.py MAX_PAGES MAX_CHARACTERS SECONDS < FILE

It prints one JSON object: `text` and `pages`, or `error` and `detail`. It imports nothing of `app`, and is
given no environment: a file that takes it over finds no secret.
"""

import contextlib
import io
import json
import re
import sys
import zipfile

_MEMORY = 1 << 30


class _Refused(Exception):
    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error


def parse(content: bytes, max_pages: int, max_characters: int) -> tuple[str, int]:
    """Return the text and the number of pages. What kind of file it is, its first bytes say."""
    if b"%PDF-" in content[:1024]:
        return _parse_pdf(content, max_pages, max_characters)
    if content.startswith(b"PK"):
        return _parse_docx(content), 1
    return _decode(content), 1


def _parse_pdf(content: bytes, max_pages: int, max_characters: int) -> tuple[str, int]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _Refused("encrypted", "The PDF needs a password.")
        pages = len(reader.pages)
        if pages > max_pages:
            raise _Refused("too_long", f"The PDF has {pages} pages, at most {max_pages} are processed.")
        texts: list[str] = []
        for page in reader.pages:
            texts.append(page.extract_text())
            if sum(map(len, texts)) > max_characters:
                break
        return "\n\n".join(texts), pages
    except DependencyError:
        raise _Refused("encrypted", "The PDF is encrypted.") from None
    except PyPdfError as error:
        raise _Refused("corrupt", f"The PDF cannot be read: {error}") from None


def _parse_docx(content: bytes) -> str:
    import mammoth  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "word/document.xml" not in archive.namelist():
                raise _Refused("not_supported", "It is an archive, but no DOCX.")
            if sum(entry.file_size for entry in archive.infolist()) > _MEMORY // 8:
                raise _Refused("corrupt", "The DOCX takes too much memory when it is unpacked.")
        return str(mammoth.extract_raw_text(io.BytesIO(content)).value)
    except zipfile.BadZipFile:
        raise _Refused("corrupt", "The DOCX cannot be read: it is not a complete archive.") from None


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def _decode(content: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16, or else in the code page of Windows in the west."""
    encodings = ["utf-16"] if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if not _CONTROL.search(text):
                return text
    raise _Refused("not_supported", "It is neither PDF nor DOCX nor text. A scan or a picture holds no text.")


def _limit(seconds: int) -> None:
    """Bound memory and time, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main(max_pages: int, max_characters: int, seconds: int) -> None:
    """Read standard input, and print what was found."""
    _limit(seconds)
    try:
        text, pages = parse(sys.stdin.buffer.read(), max_pages, max_characters)
        found: dict[str, object] = {"text": text, "pages": pages}
    except _Refused as refused:
        found = {"error": refused.error, "detail": str(refused)}
    except MemoryError:
        found = {"error": "corrupt", "detail": "Reading it takes too much memory."}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises on a broken file
        found = {"error": "corrupt", "detail": f"It cannot be read: {type(error).__name__}."}
    sys.stdout.buffer.write(json.dumps(found).encode())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
