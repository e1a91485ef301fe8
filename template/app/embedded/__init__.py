"""Real servers of a developer's machine, from Python packages: no Docker, no account. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.embedded.postgres import EmbeddedPostgres
    from app.embedded.programs import find_program, is_alive, read_number
    from app.embedded.services import (
        DATA,
        USERS,
        EmbeddedServices,
        embedded_services,
        forget_urls,
        provide_url,
    )

__all__ = [
    "DATA",
    "USERS",
    "EmbeddedPostgres",
    "EmbeddedServices",
    "embedded_services",
    "find_program",
    "forget_urls",
    "is_alive",
    "provide_url",
    "read_number",
]

__getattr__ = lazy_exports(
    __name__,
    postgres=("EmbeddedPostgres",),
    programs=("find_program", "is_alive", "read_number"),
    services=("DATA", "USERS", "EmbeddedServices", "embedded_services", "forget_urls", "provide_url"),
)
