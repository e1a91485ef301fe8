"""Where callbacks may go: out to the internet, not into our own network.

Anyone who may start a run chooses the URL that we call. Without this they could reach what only we can: the
cloud's metadata service, a database's console, a neighbour (server-side request forgery, OWASP API7:2023).
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from app.core.errors import FieldError, InvalidInput
from app.runs.settings import WebhookSettings

Address = IPv4Address | IPv6Address

_LONGEST_URL = 2000
_LOOK_UP_SECONDS = 2.0
_INTERNET_V6 = ip_network("2000::/3")
"""All that is assigned to the public internet (RFC 4291); what lies outside is local or embeds IPv4."""
_TRANSLATORS = tuple(map(ip_network, ("2002::/16", "2001::/32", "192.88.99.0/24")))
"""6to4 and Teredo: their addresses hold an IPv4 address that may be private."""


def parse_callback_url(url: str) -> SplitResult:
    """Return the parts of a URL. Raises `InvalidInput` if it cannot be called."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise refused("it must be an http or https URL of at most 2000 ASCII characters")
    if parts.username is not None or parts.password is not None:
        raise refused("it must not hold a user or a password")
    return parts


async def find_address(parts: SplitResult) -> Address:
    """Return an address that may be called. Raises `InvalidInput` if one of the host's may not.

    Raises `OSError` if the host has none.
    """
    assert parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_LOOK_UP_SECONDS):
        found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not all(map(may_be_called, addresses)):
        raise refused("it leads to a private, local or reserved address")
    return addresses[0]


def may_be_called(address: Address) -> bool:
    """Whether an address is on the internet, or in a network that the settings allow."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    allowed = map(ip_network, WebhookSettings.load().allowed_networks)
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address) and address not in _INTERNET_V6:
        return False
    translated = any(address in network for network in _TRANSLATORS)
    return address.is_global and not address.is_multicast and not translated


def refused(reason: str) -> InvalidInput:
    """Return the error for a callback URL."""
    return InvalidInput("The callback URL is refused.", fields=[FieldError("body.callback_url", reason)])
