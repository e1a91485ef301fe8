"""Documents from URLs: of hosts that the settings name, and not out of our own network."""

import asyncio
from urllib.parse import SplitResult, urljoin

from httpx2 import AsyncClient, HTTPError, Response

from app.core.outbound import UrlRefused, find_address, parse_url, request_to
from app.rag.errors import FileTooLarge, HostNotAllowed, SourceNotFound, SourceUnavailable
from app.rag.settings import RagSettings

_REDIRECTS = 5
_SECONDS = 60.0


def is_url(source: str) -> bool:
    """Whether a source is a URL, and no file."""
    return source.lower().startswith(("http://", "https://"))


async def download(url: str) -> bytes:
    """Return what is at a URL, at most `RAG_MAX_FILE_BYTES`. Every redirect is checked like the URL itself.

    Raises `HostNotAllowed`, `SourceNotFound`, `SourceUnavailable` or `FileTooLarge`.
    """
    try:
        async with (
            asyncio.timeout(_SECONDS),
            AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=False) as client,
        ):
            return await _follow(client, url)
    except (HTTPError, OSError, UnicodeError) as error:  # OSError: also a time-out
        raise SourceUnavailable(f"{url[:200]} cannot be fetched: {type(error).__name__}.") from error


async def _follow(client: AsyncClient, url: str) -> bytes:
    for _ in range(_REDIRECTS + 1):
        response = await _request(client, url)
        try:
            if response.has_redirect_location:
                url = urljoin(url, response.headers["Location"])
                continue
            return await _body(response, url)
        finally:
            await response.aclose()
    raise SourceUnavailable(f"{url[:200]} is redirected more than {_REDIRECTS} times.")


async def _request(client: AsyncClient, url: str) -> Response:
    settings = RagSettings.load()
    try:
        parts = parse_url(url)
        _check_host(parts)
        address = await find_address(parts, settings.allowed_networks)
    except UrlRefused as error:
        raise HostNotAllowed(
            f"The URL {url[:200]} is refused: {error.detail}.",
            hint="For a private network that may be reached: RAG_ALLOWED_NETWORKS.",
        ) from None
    return await client.send(request_to(client, "GET", parts, address), stream=True)


def _check_host(parts: SplitResult) -> None:
    host = (parts.hostname or "").lower()
    allowed = [name.lower() for name in RagSettings.load().allowed_hosts]
    if host not in allowed and not any(
        name.startswith("*.") and host.endswith(name.removeprefix("*")) for name in allowed
    ):
        raise HostNotAllowed(
            f"Documents may not come from {host[:200]!r}.", hint="RAG_ALLOWED_HOSTS names the hosts that may."
        )


async def _body(response: Response, url: str) -> bytes:
    if response.status_code in {404, 410}:
        raise SourceNotFound(f"There is nothing at {url[:200]} ({response.status_code}).")
    if not response.is_success:
        raise SourceUnavailable(f"{url[:200]} answers {response.status_code}.")
    limit, body = RagSettings.load().max_file_bytes, bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            raise FileTooLarge(
                f"{url[:200]} has more than {limit} bytes.", hint="Split it, or raise RAG_MAX_FILE_BYTES."
            )
    return bytes(body)
