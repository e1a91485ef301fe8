"""API keys: made, checked, listed and revoked.

A key is `ak_ID_SECRET`. ID finds the row, SECRET is compared by its digest in constant time. Reading the
table or a log reveals nothing usable.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, update

from app.api.errors import KeyNotFound
from app.api.models import ApiKey
from app.api.scopes import check_groups, check_scopes
from app.api.settings import ApiSettings
from app.core.errors import FieldError, InvalidInput
from app.core.redaction import register_secret
from app.core.scope import allows
from app.db import transaction

_KEY = re.compile(r"ak_(?P<id>[0-9a-f]{12})_(?P<secret>[\w-]{43})", re.ASCII)
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Principal:
    """Who calls: a key or the subject of a token, and what it may do."""

    id: str
    scopes: tuple[str, ...]
    rate_limit: int | None = None
    """Requests a minute; None: as `API_RATE_LIMIT` says."""
    groups: tuple[str, ...] = ()
    """The groups that it belongs to."""

    def may(self, scope: str) -> bool:
        """Whether one of its scopes covers this one."""
        return allows(self.scopes, scope)


@dataclass(frozen=True)
class NewKey:
    """A key that was just made: the only time that its text is known."""

    text: str
    id: str
    scopes: tuple[str, ...]


async def create_key(
    name: str,
    scopes: Sequence[str],
    lifetime: timedelta | None = None,
    rate_limit: int | None = None,
    groups: Sequence[str] = (),
) -> NewKey:
    """Create a key. Raises `InvalidInput` if the name, a scope or a group is wrong."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            "The name of a key is 1 to 100 printable characters.", fields=[FieldError("name", "not valid")]
        )
    if not scopes:
        raise InvalidInput("A key needs a scope.", hint="For example --scope runs:write --scope runs:read.")
    check_scopes(scopes)
    check_groups(groups)
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiKey(
        id=key_id,
        name=name,
        digest=_digest(secret),
        scopes=list(scopes),
        rate_limit=rate_limit,
        groups=list(groups),
    )
    async with transaction() as session:
        if lifetime:
            row.expires_at = await session.scalar(select(func.clock_timestamp() + lifetime))
        session.add(row)
    text = f"ak_{key_id}_{secret}"
    register_secret(text)
    return NewKey(text, key_id, tuple(scopes))


async def list_keys() -> Sequence[ApiKey]:
    """Return all keys, the newest first."""
    async with transaction() as session:
        return (await session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc()))).all()


async def revoke_key(key_id: str) -> None:
    """Make a key useless, within `API_KEY_CACHE_SECONDS`. Raises `KeyNotFound`."""
    if not key_id.isascii() or not key_id.isprintable():
        raise KeyNotFound("That is not a key id.", hint="Run `uv run app keys list`.")
    statement = update(ApiKey).where(ApiKey.id == key_id)
    revoked = statement.values(revoked_at=func.coalesce(ApiKey.revoked_at, func.clock_timestamp()))
    async with transaction() as session:
        if await session.scalar(revoked.returning(ApiKey.id)) is None:
            raise KeyNotFound(f"There is no key {key_id!r}.", hint="Run `uv run app keys list`.")
    _known.clear()


async def revoke_keys_named(name: str) -> None:
    """Make all keys of a name useless."""
    statement = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
    async with transaction() as session:
        await session.execute(statement.values(revoked_at=func.clock_timestamp()))


async def check_key(text: str) -> Principal | None:
    """Return who has this key; None if it is malformed, unknown, wrong, expired or revoked.

    A key that was right is remembered for `API_KEY_CACHE_SECONDS`, so that most requests need no query.
    """
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    remembered = _known.get(_digest(text))
    if remembered and remembered[0] > time.monotonic():
        return remembered[1]
    row = await _valid_row(match["id"])
    # the comparison of a wrong secret takes as long as that of a right one; an id is not secret
    right = hmac.compare_digest(_digest(match["secret"]), row.digest if row else _NOBODY)
    if row is None or not right:
        return None
    await _mark_used(row.id)
    principal = Principal(f"key:{row.id}", tuple(row.scopes), row.rate_limit, tuple(row.groups))
    _remember(text, principal)
    return principal


_NOBODY = "0" * 64
_MOST = 10_000
_known: dict[str, tuple[float, Principal]] = {}
"""Keys that were right lately, by their digest, each with the time until which that counts."""


def _remember(text: str, principal: Principal) -> None:
    if len(_known) >= _MOST:
        _known.clear()
    _known[_digest(text)] = (time.monotonic() + ApiSettings.load().key_cache_seconds, principal)


async def _valid_row(key_id: str) -> ApiKey | None:
    now = func.clock_timestamp()
    valid = select(ApiKey).where(
        ApiKey.id == key_id,
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
    )
    async with transaction() as session:
        return await session.scalar(valid)


async def _mark_used(key_id: str) -> None:
    """Remember, to within a minute, when a key was used. Only its holder can cause this."""
    now = func.clock_timestamp()
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - timedelta(minutes=1))
    async with transaction() as session:
        await session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
