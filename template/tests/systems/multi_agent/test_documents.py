"""The research team on the documents of the project: what it claims stands where the caller may read."""

import pytest

from app.core.scope import in_scope
from app.systems.multi_agent.library import passages_of, search_sources
from app.systems.multi_agent.schemas import ResearchQuestion
from app.systems.multi_agent.workflow import multi_agent
from tests.rag.fixtures import Put

QUESTION = ResearchQuestion(question="When may a lamp be returned?")
RULES = "# Returns\n\nA lamp may be returned within 30 days."


async def test_an_answer_cites_the_documents(put: Put) -> None:
    await put(RULES, "handbook/rules.md")

    report = await multi_agent.execute(QUESTION)

    assert "30 days" in report.answer
    assert {source.name for source in report.sources} == {"handbook/rules.md"}
    assert report.problems == []


async def test_without_documents_the_examples_are_read(database: str) -> None:
    del database

    (first, *_) = await search_sources("heat pumps")

    assert first["source"] == "heat-pumps"


async def test_what_the_caller_may_not_read_is_not_found(put: Put) -> None:
    await put(RULES, "secret.md", owner="key:somebody-else")
    await put("# Chairs\n\nA chair is made of oak.", "chairs.md")

    with in_scope(caller="key:me", rights=("documents:read",)):
        found = await search_sources("lamp returned")

    assert "secret.md" not in {each["source"] for each in found}


@pytest.mark.parametrize("name", ["secret.md", "handbook/secret.md"])
async def test_a_name_gives_nothing_that_the_caller_may_not_read(put: Put, name: str) -> None:
    await put(RULES, "handbook/secret.md", owner="key:somebody-else")
    await put("# Chairs\n\nA chair is made of oak.", "chairs.md")

    with in_scope(caller="key:me", rights=("documents:read",)):
        assert await passages_of(name) == []
