"""What can go wrong with a new case."""

from app.core.errors import AppError


class CaseExists(AppError):
    """The run is a case already."""

    status = 409
