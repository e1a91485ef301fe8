"""The table of the scheduler."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ScheduleTick(Base):
    """When a schedule last ran. Of several schedulers, the one that moves the row runs it."""

    __tablename__ = "schedule_ticks"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
