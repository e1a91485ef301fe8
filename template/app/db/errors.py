"""Errors of the database."""

from app.core.errors import AppError, ServiceUnavailable


class DatabaseUnavailable(ServiceUnavailable):
    """PostgreSQL cannot be reached, refuses us, or is shutting down."""


class DatabaseOutOfDate(ServiceUnavailable):
    """The tables are not those that this version of the code expects."""


class MigrationError(AppError):
    """Migrations cannot be applied as asked."""

    code = "migration"
