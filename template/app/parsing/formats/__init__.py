"""One module for each family of formats. Libraries are imported when a file needs them."""

import io
import re
import zipfile
from collections.abc import Callable

from app.parsing.formats import mail, markup, office, pdf, tables, text
from app.parsing.sections import Parsed, Refused

MEMORY = 1 << 30
"""Bytes that parsing may use; an archive may have an eighth of it when it is unpacked."""

_HTML = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)
_MAIL = re.compile(r"(?:[A-Za-z][A-Za-z-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){3}")
"""Three header fields (RFC 5322), which may be folded."""
_MAIL_FIELDS = re.compile(r"^(from|to|date|subject|message-id|received):", re.IGNORECASE | re.MULTILINE)

_BY_SUFFIX: dict[str, Callable[[str], Parsed]] = {
    ".csv": tables.parse_csv,
    ".htm": markup.parse_html,
    ".html": markup.parse_html,
    ".json": text.parse_json,
    ".markdown": markup.parse_markdown,
    ".md": markup.parse_markdown,
    ".tsv": tables.parse_csv,
}


def parse_file(content: bytes, suffix: str, max_pages: int, max_characters: int) -> Parsed:
    """Return the sections of a file. Raises `Refused`, or whatever a library raises on a broken file."""
    if b"%PDF-" in content[:1024]:
        return pdf.parse_pdf(content, max_pages, max_characters)
    if content.startswith(b"PK"):
        return _parse_archive(content, max_pages)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return _parse_old_office(content)
    return _parse_text(content, suffix)


def _parse_archive(content: bytes, max_pages: int) -> Parsed:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise Refused("corrupt", "The file cannot be read: it is not a complete archive.") from None
    if unpacked > MEMORY // 8:
        raise Refused("corrupt", "The file takes too much memory when it is unpacked.")
    if "word/document.xml" in names:
        return office.parse_docx(content)
    if "ppt/presentation.xml" in names:
        return office.parse_pptx(content, max_pages)
    if names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        return tables.parse_workbook(content)
    raise Refused("not_supported", "It is an archive, but none of DOCX, PPTX, XLSX and ODS.")


def _parse_old_office(content: bytes) -> Parsed:
    """An old workbook (XLS) can be read; an old Word file or an encrypted DOCX has the same first bytes."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refused("encrypted", "The file needs a password.")
    try:
        return tables.parse_workbook(content)
    except Exception:  # noqa: BLE001 - the library says only that it is no workbook
        raise Refused("not_supported", "It is a file of an old Office: save it as DOCX or PPTX.") from None


def _parse_text(content: bytes, suffix: str) -> Parsed:
    decoded = text.decode(content)
    if suffix == ".eml" or _is_mail(decoded):
        return mail.parse_mail(content)
    if _HTML.match(decoded):
        return markup.parse_html(decoded)
    return _BY_SUFFIX.get(suffix, text.parse_plain)(decoded)


def _is_mail(decoded: str) -> bool:
    head = _MAIL.match(decoded)
    return head is not None and len(_MAIL_FIELDS.findall(head[0])) >= 2
