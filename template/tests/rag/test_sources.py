"""Where documents come from: URLs of hosts that are allowed, and scans whose text is recognized."""

import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from app.core.errors import AppError
from app.parsing.errors import DocumentEmpty
from app.rag import RagDocument, add_document, download, ingest, search
from app.rag.adding import add_files
from app.rag.errors import FileTooLarge, HostNotAllowed, SourceNotFound, SourceUnavailable
from app.rag.files import find_places
from app.rag.reading import read_file
from tests.conftest import SetEnvironment
from tests.parsing.files import pdf_of
from tests.servers import LocalServer

LAMPS = b"# Returns\n\nA lamp may be returned within 30 days."
SCAN = pdf_of("")


class Pages(BaseHTTPRequestHandler):
    """A page, ways to it, and ways elsewhere."""

    def do_GET(self) -> None:
        redirects = {
            "/moved": "/lamps.md",
            "/loop": "/loop",
            "/away": "http://internal.example/secret",
            "/metadata": "http://169.254.169.254/latest",
        }
        if to := redirects.get(self.path):
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()
            return
        status = {"/lamps.md": 200, "/large": 200, "/broken": 500}.get(self.path, 404)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"x" * 5000 if self.path == "/large" else LAMPS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


@pytest.fixture
def site(set_environment: SetEnvironment) -> Iterator[str]:
    """A site on this machine that documents may come from."""
    with LocalServer(Pages) as server:
        set_environment(RAG_ALLOWED_HOSTS="127.0.0.1,169.254.169.254", RAG_ALLOWED_NETWORKS="127.0.0.0/8")
        yield server.url


@pytest.mark.usefixtures("database")
async def test_a_url_becomes_a_document_that_is_found(site: str) -> None:
    (outcome,) = [each async for each in add_files(find_places([f"{site}/lamps.md"]))]

    (hit,) = await search("lamp", readers=None)

    assert (outcome.state, hit.source) == ("indexed", f"{site}/lamps.md")


async def test_a_redirect_on_the_same_host_is_followed(site: str) -> None:
    assert await download(f"{site}/moved") == LAMPS


@pytest.mark.parametrize(
    ("path", "error", "reason"),
    [
        ("/away", HostNotAllowed, "may not come from 'internal.example'"),
        ("/metadata", HostNotAllowed, "private, local or reserved"),
        ("/loop", SourceUnavailable, "redirected more than 5 times"),
        ("/nothing", SourceNotFound, "404"),
        ("/broken", SourceUnavailable, "answers 500"),
    ],
)
async def test_what_cannot_be_fetched_is_refused_with_the_reason(
    site: str, path: str, error: type[AppError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        await download(f"{site}{path}")


@pytest.mark.parametrize(
    ("allowed", "url", "reason"),
    [
        ("", "https://docs.example.com/a", "may not come from"),
        ("*.example.com", "https://example.com.evil.org/a", "may not come from"),
        ("example.com", "https://docs.example.com/a", "may not come from"),
        ("127.0.0.1", "http://127.0.0.1/a", "private, local or reserved"),
        ("localhost", "http://localhost/a", "private, local or reserved"),
        ("example.com", "https://user:secret@example.com/a", "user or a password"),
    ],
)
async def test_only_hosts_that_are_allowed_and_on_the_internet_are_asked(
    set_environment: SetEnvironment, allowed: str, url: str, reason: str
) -> None:
    set_environment(RAG_ALLOWED_HOSTS=allowed)

    with pytest.raises(HostNotAllowed, match=reason):
        await download(url)


async def test_what_is_too_large_is_not_read_to_its_end(site: str, set_environment: SetEnvironment) -> None:
    set_environment(RAG_MAX_FILE_BYTES="1000")

    with pytest.raises(FileTooLarge, match="more than 1000 bytes"):
        await download(f"{site}/large")


async def test_a_scan_says_which_setting_recognizes_its_text() -> None:
    with pytest.raises(DocumentEmpty) as caught:
        await read_file(SCAN, "scan.pdf")

    assert "it is a scan" in caught.value.detail
    assert "RAG_OCR_COMMAND" in str(caught.value.hint)


@pytest.mark.usefixtures("database")
async def test_the_text_that_is_recognized_is_found(set_environment: SetEnvironment, tmp_path: Path) -> None:
    recognized = tmp_path / "recognized.pdf"
    recognized.write_bytes(pdf_of("A lamp may be returned within 30 days."))
    program = f"import shutil, sys; shutil.copyfileobj(open('{recognized}', 'rb'), sys.stdout.buffer)"
    set_environment(RAG_OCR_COMMAND=f'{sys.executable} -c "{program}"')

    document: RagDocument
    document, _ = await add_document(SCAN, "scan.pdf")
    await ingest(document.id)

    assert [hit.source for hit in await search("lamp", readers=None)] == ["scan.pdf"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [("no-such-program -", "cannot be started"), (f"{sys.executable} -c exit(3)", "ended with 3")],
)
async def test_a_program_that_recognizes_nothing_is_an_error_that_says_so(
    set_environment: SetEnvironment, command: str, reason: str
) -> None:
    set_environment(RAG_OCR_COMMAND=command)

    with pytest.raises(AppError, match=reason):
        await read_file(SCAN, "scan.pdf")
