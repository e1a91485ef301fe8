"""How many requests a caller may make a minute, counted in PostgreSQL for all processes together.

So that not every request needs a query, a process takes a hundredth of the limit at once and gives that out
by itself. The limit is thus never exceeded; with several processes a caller may be refused up to a few
hundredths early. Limits below 200 are counted one by one.
"""

import asyncio
import math
import time
from dataclasses import dataclass

from sqlalchemy import BigInteger, Float, case, cast, func
from sqlalchemy.dialects.postgresql import insert

from app.api.models import RateWindow
from app.db import transaction

_SECONDS = 60
_BLOCKS = 100


@dataclass
class Quota:
    """What a caller has left in this minute."""

    limit: int
    remaining: int
    ends: float
    """When the minute is over, by `time.monotonic()`."""
    refused: bool = False

    def headers(self) -> dict[str, str]:
        """Return them as a response header says them (draft-ietf-httpapi-ratelimit-headers)."""
        seconds = str(max(1, math.ceil(self.ends - time.monotonic())))
        headers = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": seconds,
            "RateLimit-Policy": f"{self.limit};w={_SECONDS}",
        }
        return {**headers, "Retry-After": seconds} if self.refused else headers


@dataclass
class _Share:
    """What this process has taken for a caller in one minute and not given out yet."""

    minute: int
    limit: int
    ends: float
    in_store: int = 0
    """What was left for all processes when this one last took some."""
    in_hand: int = 0

    def is_used_up(self) -> bool:
        return self.in_hand == 0 and self.in_store > 0


_MOST = 10_000
_shares: dict[str, _Share] = {}
_fetches: dict[str, asyncio.Task[_Share]] = {}
"""Those that are under way."""


async def take(caller: str, limit: int) -> Quota:
    """Count one request of a caller. The quota says `refused` if there is none left."""
    share = _shares.get(caller)
    # a new minute, a changed limit, or a block that is used up while the store has more
    while share is None or share.ends <= time.monotonic() or share.limit != limit or share.is_used_up():
        share = await _fetch_once(caller, limit)
    if share.in_hand == 0:
        return Quota(limit, 0, share.ends, refused=True)
    share.in_hand -= 1
    return Quota(limit, share.in_hand + share.in_store, share.ends)


async def _fetch_once(caller: str, limit: int) -> _Share:
    """Take a block, or wait for the one that another request of the caller takes: a burst asks once."""
    task = _fetches.get(caller)
    if task is None:
        task = _fetches[caller] = asyncio.create_task(_fetch(caller, limit))
        task.add_done_callback(lambda _: _fetches.pop(caller))
    # whoever leaves does not end it for the others
    return await asyncio.shield(task)


async def _fetch(caller: str, limit: int) -> _Share:
    """Take a block of requests from the store."""
    block = max(1, limit // _BLOCKS)
    now = cast(func.extract("epoch", func.clock_timestamp()), Float)
    minute = cast(func.floor(now / _SECONDS), BigInteger)
    new = insert(RateWindow).values(caller=caller, minute=minute, used=block)
    # one row a caller: in a new minute the same statement begins its count again
    same_minute = RateWindow.minute == new.excluded.minute
    values = {"minute": new.excluded.minute, "used": case((same_minute, RateWindow.used), else_=0) + block}
    statement = new.on_conflict_do_update(index_elements=["caller"], set_=values)
    seconds_left = (RateWindow.minute + 1) * _SECONDS - now
    async with transaction() as session:
        found = await session.execute(statement.returning(RateWindow.used, RateWindow.minute, seconds_left))
        used, counted_minute, seconds = found.one()
    # looked up again: another request of this caller may have fetched while this one waited
    share = _shares.get(caller)
    if share is None or (share.minute, share.limit) != (counted_minute, limit):
        # bounded memory: whoever calls again takes a block anew
        if len(_shares) >= _MOST:
            _shares.clear()
        share = _shares[caller] = _Share(counted_minute, limit, time.monotonic() + seconds)
    share.in_store = max(0, limit - used)
    # of the last block before the limit, only the part below it
    share.in_hand += min(block, max(0, limit - used + block))
    return share
