"""The tables of API keys and of what their holders have used."""

from datetime import datetime

from sqlalchemy import BigInteger, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ApiKey(Base):
    """A key that a client proves itself with. Its secret is stored as a digest alone."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    """The part of the key that is not secret."""
    name: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of the secret, in hexadecimal. The secret is 256 random bits, so no slow hash is needed."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_used_at: Mapped[datetime | None]
    """To within a minute."""
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    rate_limit: Mapped[int | None]
    """Requests a minute; None: as `API_RATE_LIMIT` says."""
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """The groups that its holder belongs to."""


class RateWindow(Base):
    """How many requests a caller has made in its latest minute.

    The table is not logged: after a crash of the server the counts begin at zero, and each count costs less.
    """

    __tablename__ = "rate_windows"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    caller: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger)
    """Minutes since 1970."""
    used: Mapped[int] = mapped_column(BigInteger)
