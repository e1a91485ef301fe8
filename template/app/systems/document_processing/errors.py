"""Why a document cannot be read."""

from app.core.errors import AppError


class DocumentError(AppError):
    """The document cannot be processed."""

    status = 422
    code = "document-unreadable"
    title = "Document cannot be read"


class DocumentNotSupported(DocumentError):
    """It is of no kind that is read here."""

    code = "document-not-supported"
    title = "Kind of document not supported"


class DocumentCorrupt(DocumentError):
    """The file is broken."""

    code = "document-corrupt"
    title = "Document is corrupt"


class DocumentEncrypted(DocumentError):
    """It needs a password."""

    code = "document-encrypted"
    title = "Document is encrypted"


class DocumentEmpty(DocumentError):
    """There is no text in it."""

    code = "document-empty"
    title = "Document has no text"


class DocumentTooLong(DocumentError):
    """It has more pages or text than is processed."""

    status = 413
    code = "document-too-long"
    title = "Document is too long"
