"""Errors of the documents and their search."""

from app.core.errors import AppError, InvalidInput, NotFound, ServiceUnavailable


class RagDocumentNotFound(NotFound):
    """There is no such document, or it belongs to somebody else."""

    code = "document-not-found"


class SourceNotFound(NotFound):
    """There is no such file or folder."""


class SourceUnavailable(ServiceUnavailable):
    """What is at a URL cannot be fetched now."""


class HostNotAllowed(AppError):
    """Documents may not come from this host: it is not in `RAG_ALLOWED_HOSTS`, or in our own network."""

    status = 422


class UnknownField(InvalidInput):
    """A filter, or what was given with a document, names a field that there is not."""


class FileTooLarge(AppError):
    """The file has more bytes than `RAG_MAX_FILE_BYTES` allows."""

    status = 413


class IndexMismatch(AppError):
    """The index was built with another embedder or other chunks than the settings say."""

    status = 503


class StoreUnavailable(ServiceUnavailable):
    """The vector store does not answer."""


class DocumentsNotAllowed(AppError):
    """The key lacks the scope that reading documents needs."""

    status = 403
    code = "not-allowed"
