"""The assistant looks into the documents of the project, with the rights of who asks."""

from app.core.scope import in_scope
from app.systems.assistant.schemas import Request
from app.systems.assistant.workflow import assistant
from tests.rag.fixtures import Put

RULES = "# Returns\n\nA lamp may be returned within 30 days."
QUESTION = Request(message="What do the documents say about returning a lamp?")


async def test_it_answers_from_the_documents_and_names_them(put: Put) -> None:
    await put(RULES, "rules.md")

    answer = await assistant.execute(QUESTION)

    assert "30 days" in str(answer)
    assert "rules.md" in str(answer)


async def test_it_finds_nothing_that_the_caller_may_not_read(put: Put) -> None:
    await put(RULES, "rules.md", owner="key:somebody-else")

    with in_scope(caller="key:me", rights=("documents:read",)):
        answer = await assistant.execute(QUESTION)

    assert "30 days" not in str(answer)
