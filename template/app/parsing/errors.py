"""Why a file cannot be parsed."""

from app.core.errors import AppError


class DocumentError(AppError):
    """The document cannot be processed."""

    status = 422
    code = "document-unreadable"


class DocumentNotSupported(DocumentError):
    """It is of no kind that is read here."""


class DocumentCorrupt(DocumentError):
    """The file is broken."""


class DocumentEncrypted(DocumentError):
    """It needs a password."""


class DocumentEmpty(DocumentError):
    """There is no text in it."""


class DocumentTooLong(DocumentError):
    """It has more pages or text than is processed."""

    status = 413
