"""Requests to URLs that others choose: out to the internet, not into our own network.

Without this, who may name a URL could reach what only we can: the cloud's metadata service, a database's
console, a neighbour (server-side request forgery, OWASP API7:2023).
"""

import asyncio
import socket
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from httpx2 import AsyncClient, Request

from app.core.errors import AppError

Address = IPv4Address | IPv6Address

_LONGEST_URL = 2000
_LOOK_UP_SECONDS = 2.0
_INTERNET_V6 = ip_network("2000::/3")
"""All that is assigned to the public internet (RFC 4291); what lies outside is local or embeds IPv4."""
_TRANSLATORS = tuple(map(ip_network, ("2002::/16", "2001::/32", "192.88.99.0/24")))
"""6to4 and Teredo: their addresses hold an IPv4 address that may be private."""


class UrlRefused(AppError):
    """A URL may not be requested; `detail` says why."""

    status = 422


def parse_url(url: str) -> SplitResult:
    """Return the parts of a URL. Raises `UrlRefused` if it cannot be requested."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlRefused("it must be an http or https URL of at most 2000 ASCII characters")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("it must not hold a user or a password")
    return parts


async def find_address(parts: SplitResult, allowed_networks: Collection[str] = ()) -> Address:
    """Return an address that may be requested. Raises `UrlRefused` if one of the host's may not.

    Raises `OSError` if the host has none.
    """
    assert parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_LOOK_UP_SECONDS):
        found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not all(may_be_requested(address, allowed_networks) for address in addresses):
        raise UrlRefused("it leads to a private, local or reserved address")
    return addresses[0]


def may_be_requested(address: Address, allowed_networks: Collection[str] = ()) -> bool:
    """Whether an address is on the internet, or in a network that is allowed."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in map(ip_network, allowed_networks)):
        return True
    if isinstance(address, IPv6Address) and address not in _INTERNET_V6:
        return False
    translated = any(address in network for network in _TRANSLATORS)
    return address.is_global and not address.is_multicast and not translated


def request_to(
    client: AsyncClient,
    method: str,
    parts: SplitResult,
    address: Address,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Request:
    """Return a request to the address that was checked: the name could lead elsewhere a moment later."""
    literal = f"[{address}]" if address.version == 6 else str(address)
    target = parts._replace(netloc=f"{literal}:{parts.port}" if parts.port else literal, fragment="")
    return client.build_request(
        method,
        target.geturl(),
        content=content,
        headers={**(headers or {}), "Host": parts.netloc},
        extensions={"sni_hostname": parts.hostname},
    )
