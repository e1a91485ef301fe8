"""Errors of the OpenAI-compatible endpoint."""

from app.core.errors import InvalidInput, NotFound


class UnknownModel(NotFound):
    """Clients may not name this model."""

    code = "model_not_found"


class NotSupported(InvalidInput):
    """The request asks for a part of OpenAI's API that is not here."""

    status = 400
    code = "unsupported_parameter"


class PreviousResponseNotFound(InvalidInput):
    """The caller has no response with this id."""

    status = 400
    code = "previous_response_not_found"
