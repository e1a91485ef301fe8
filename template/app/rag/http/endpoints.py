"""`/v1/documents`, `/v1/search` and `/v1/answers`."""

import asyncio
import json
from collections.abc import AsyncIterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api import declare_scope, problem_responses, require, while_connected
from app.core.errors import FieldError, InvalidInput
from app.rag import (
    EVERYONE,
    DocumentView,
    HitView,
    Listed,
    State,
    add_document,
    current_owners,
    current_readers,
    download,
    get_document,
    last_answer,
    list_documents,
    parse_filter,
    remove_document,
    search,
    start_ingest,
    stream_answer,
)
from app.rag.errors import DocumentsNotAllowed, RagDocumentNotFound
from app.rag.http.schemas import AnswerRequest, AnswerView, DocumentPage, SearchRequest, SearchResults
from app.rag.http.streaming import stream

READ, WRITE = require("documents:read"), require("documents:write")
for scope in ("documents:read:all", "documents:write:all"):
    declare_scope(scope)

router = APIRouter(prefix="/v1", tags=["documents"])

_LOOK_SECONDS = 0.5
_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}


async def _readable(document_id: UUID) -> Listed:
    """Return the document of the path, if the caller may read it."""
    listed = await get_document(document_id)
    readers = current_readers()
    if listed is None or (readers is not None and listed.document.owner not in readers):
        raise RagDocumentNotFound(f"You have no document {document_id}.")
    return listed


ReadableDocument = Annotated[Listed, Depends(_readable)]


@router.post(
    "/documents",
    status_code=202,
    dependencies=[WRITE],
    responses={200: {"model": DocumentView}, **problem_responses(400, 401, 403, 413, 415, 422, 429, 503)},
)
async def create_document(
    response: Response,
    file: Annotated[
        UploadFile | None, File(description="PDF, DOCX, PPTX, XLSX, HTML, Markdown, text, e-mail …")
    ] = None,
    url: Annotated[
        str | None, Form(max_length=2000, description="Where to fetch it, instead of a file.")
    ] = None,
    source: Annotated[
        str | None, Form(max_length=1000, description="Its name or path. The same one again replaces it.")
    ] = None,
    owner: Annotated[
        str | None, Form(max_length=200, description="Who may find it: `everyone`, or `group:NAME`.")
    ] = None,
    fields: Annotated[str, Form(description="A JSON object of the fields that RAG_FIELDS names.")] = "{}",
) -> DocumentView:
    """Accept a document. It is kept when this answers; follow it at the URL in `Location`.

    The same file again changes nothing, and is answered with 200.
    """
    if (file is None) == (url is None):
        raise InvalidInput("Send either a file or a url.", fields=[FieldError("body.file", "or `url`")])
    owned_by, own_fields = _owner(owner), _fields(fields)
    content, name = await _content(file, url)
    document, is_new = await add_document(content, source or name, owner=owned_by, fields=own_fields)
    if is_new:
        await start_ingest(document.id)
    else:
        response.status_code = 200
    response.headers["Location"] = f"/v1/documents/{document.id}"
    listed = await get_document(document.id)
    if listed is None:
        raise RagDocumentNotFound("The document was deleted meanwhile.")
    return DocumentView.of(listed)


async def _content(file: UploadFile | None, url: str | None) -> tuple[bytes, str]:
    """Return what is to be added, and its name."""
    if file is None:
        return await download(url or ""), url or ""
    return await file.read(), file.filename or "document"


def _owner(wanted: str | None) -> str:
    """Return who is to own the document: who adds it, if nothing else is said."""
    owners = current_owners()
    if owners is None:
        return wanted or EVERYONE
    if wanted and wanted not in owners:
        raise DocumentsNotAllowed(
            f"The key may not add documents for {wanted!r}.",
            hint="It needs the scope documents:write:all, or to belong to the group.",
        )
    return wanted or owners[0]


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InvalidInput("The fields do not fit.", fields=[FieldError("body.fields", "a JSON object")])
    return fields


@router.get("/documents", dependencies=[READ], responses=problem_responses(401, 403, 422, 429, 503))
async def list_all(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
    state: State | None = None,
) -> DocumentPage:
    """List the documents that you may read, the newest first."""
    found = await list_documents(current_readers(), limit + 1, cursor, state)
    page = [DocumentView.of(listed) for listed in found[:limit]]
    return DocumentPage(documents=page, next_cursor=str(page[-1].id) if len(found) > limit else None)


@router.get(
    "/documents/{document_id}",
    dependencies=[READ],
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
async def get_one(listed: ReadableDocument) -> DocumentView:
    """Return a document, and how far it has come."""
    return DocumentView.of(listed)


@router.get(
    "/documents/{document_id}/events",
    dependencies=[READ],
    response_class=EventSourceResponse,
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
async def stream_events(listed: ReadableDocument) -> AsyncIterable[ServerSentEvent]:
    """Stream how far a document has come, until it can be found, or has failed, or is deleted."""
    shown: DocumentView | None = None
    current: Listed | None = listed
    while current is not None:
        view = DocumentView.of(current)
        if shown is None or (view.state, view.progress) != (shown.state, shown.progress):
            shown = view
            yield ServerSentEvent(event=view.state, data=view.model_dump(mode="json"))
        if view.state in {State.indexed, State.failed}:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        current = await get_document(listed.document.id)
    yield ServerSentEvent(event="deleted", data={"id": str(listed.document.id)})


@router.delete(
    "/documents/{document_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problem_responses(401, 403, 404, 422, 429, 503),
)
async def delete_document(document_id: UUID) -> None:
    """Delete a document, and all that was made of it."""
    listed = await get_document(document_id)
    owners = current_owners()
    if listed is None or (owners is not None and listed.document.owner not in owners):
        raise RagDocumentNotFound(f"You have no document {document_id}.")
    await remove_document(document_id)


@router.post(
    "/search", dependencies=[READ], responses=problem_responses(400, 401, 403, 413, 415, 422, 429, 502, 503)
)
async def search_documents(request: SearchRequest) -> SearchResults:
    """Search the documents that you may read; every hit says how it was found."""
    hits = await search(
        request.query,
        readers=current_readers(),
        profile=request.profile,
        limit=request.limit,
        conditions=parse_filter(request.filter),
    )
    return SearchResults(hits=[HitView.of(hit) for hit in hits])


@router.post(
    "/answers",
    response_model=AnswerView,
    dependencies=[READ],
    responses={
        200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}},
        **problem_responses(400, 401, 403, 413, 415, 422, 429, 502, 503, 504),
    },
)
async def answer_question(request: Request, body: AnswerRequest) -> AnswerView | StreamingResponse:
    """Answer from the documents that you may read, with citations; or say that it is not in them."""
    events = stream_answer(
        body.question,
        readers=current_readers(),
        profile=body.profile,
        limit=body.limit,
        conditions=parse_filter(body.filter),
    )
    if body.stream:
        return await stream(request, events)
    return AnswerView.of(await while_connected(request, last_answer(events)))
