"""All SQL on accepted documents."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.db import transaction
from app.systems.document_processing.store.models import AcceptedDocument


async def remember(key: str, token: str | None) -> str | None:
    """Return the token under which a document was accepted first; with `token`, after keeping that.

    Of several that keep one key at the same time, the first wins.
    """
    async with transaction() as session:
        if token:
            new = insert(AcceptedDocument).values(key=key, token=token)
            await session.execute(new.on_conflict_do_nothing(index_elements=["key"]))
        first: str | None = await session.scalar(
            select(AcceptedDocument.token).where(AcceptedDocument.key == key)
        )
        return first
