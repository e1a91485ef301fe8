"""What each strategy does to a question or to hits, and how profiles put them together."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from app.core.errors import InvalidInput
from app.rag import Chunk, Found, search
from app.rag.settings import RagSettings
from app.rag.strategies.fusion import fuse
from app.rag.strategies.questions import expand, understand
from app.rag.strategies.relevance import coverage
from app.rag.strategies.reranking import by_service, diverse
from tests.conftest import SetEnvironment
from tests.rag.fixtures import Put
from tests.servers import LocalServer


def found(position: int, text: str = "text", score: float = 1.0, **scores: float) -> Found:
    return Found(UUID(int=1), 1, Chunk(position, text), score, scores, tuple(scores))


def positions(hits: list[Found]) -> list[int]:
    return [each.chunk.position for each in hits]


def test_fusion_prefers_what_several_rankings_have() -> None:
    fused = fuse([[found(1), found(2)], [found(3), found(2)]])

    assert positions(fused) == [2, 1, 3]
    assert fused[0].score == pytest.approx(2 / 62)


def test_fusion_keeps_what_each_ranking_knows() -> None:
    (fused,) = fuse([[found(1, dense=0.5)], [found(1, keyword=3.0)]])

    assert (fused.scores, fused.found_by) == ({"dense": 0.5, "keyword": 3.0}, ("dense", "keyword"))


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("the lamp of brass", "A brass lamp.", 1.0),
        ("lamps and chairs", "One lamp.", 0.5),
        ("ZXQ-9917", "Part ZXQ-9917 is here", 1.0),
        ("the of and", "the of and", 0.0),
        ("???", "anything", 0.0),
    ],
)
def test_coverage_is_the_part_of_the_words_that_stand_there(
    question: str, text: str, expected: float
) -> None:
    assert coverage(question, text) == pytest.approx(expected, abs=0.01)


def test_diversity_puts_near_duplicates_last() -> None:
    hits = [found(0, score=1.0), found(1, score=0.99), found(2, score=0.8)]
    vectors = np.array([[1, 0], [1, 0.01], [0, 1]], np.float32)

    assert positions(diverse(hits, vectors, 3)) == [0, 2, 1]


class Reranker(BaseHTTPRequestHandler):
    """Speaks the common format: it likes long documents."""

    answer: Any = None

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = [
            {"index": index, "relevance_score": float(len(text))}
            for index, text in enumerate(sent["documents"])
        ]
        body = json.dumps({"results": results} if self.answer is None else self.answer).encode()
        self.send_response(200 if sent["query"] != "fail" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def reranker(set_environment: SetEnvironment) -> Iterator[type[Reranker]]:
    """A server that re-ranks, on this machine."""

    class Fresh(Reranker):
        pass

    with LocalServer(Fresh) as server:
        set_environment(RAG_RERANK_URL=f"{server.url}/rerank", RAG_RERANK_MODEL="some")
        yield Fresh


@pytest.mark.usefixtures("reranker")
async def test_a_server_puts_the_passages_into_its_order() -> None:
    hits = await by_service("lamp", [found(0, "short"), found(1, "a longer text"), found(2, "medium one")])

    assert positions(hits) == [1, 2, 0]
    assert hits[0].scores["rerank"] == 13
    assert hits[0].found_by == ("rerank",)


@pytest.mark.parametrize("answer", [{"results": "none"}, [], {"results": [{"index": -1}]}])
async def test_a_server_that_answers_nonsense_leaves_the_order(
    reranker: type[Reranker], answer: object
) -> None:
    reranker.answer = answer

    assert positions(await by_service("lamp", [found(0), found(1)])) == [0, 1]


@pytest.mark.usefixtures("reranker")
async def test_a_server_that_is_down_leaves_the_order(set_environment: SetEnvironment) -> None:
    assert positions(await by_service("fail", [found(0), found(1)])) == [0, 1]
    set_environment(RAG_RERANK_URL="http://127.0.0.1:9/rerank")
    assert positions(await by_service("lamp", [found(0), found(1)])) == [0, 1]


async def test_a_question_is_asked_in_other_words_too() -> None:
    assert await expand("When may the lamp be returned?", 3) == ["lamp returned"]


async def test_a_question_is_split_into_query_and_filter() -> None:
    query, (condition,) = await understand("What do the PDF files say of lamps?")

    assert "lamps" in query
    assert (condition.field, condition.operator, condition.value) == ("format", "eq", "pdf")


@pytest.mark.parametrize(
    "profile",
    ["hybrid", "dense", "keyword", "diverse", "expanded", "hyde", "filtered", "reranked", "wide"],
)
async def test_every_profile_finds_the_passage(put: Put, profile: str) -> None:
    await put("# Hours\n\nWe open at nine.\n\n# Returns\n\nA lamp may be returned.\n\n# Pay\n\nPay at once.")

    hits = await search("returned lamp", readers=None, profile=profile)

    assert hits[0].headings == ("Returns",)
    assert hits[0].found_by


async def test_neighbours_come_with_their_hit(
    put: Put, set_environment: SetEnvironment, database: str
) -> None:
    await put("# A\n\nBefore it.\n\n# B\n\nThe ZXQ-9917 lamp.\n\n# C\n\nBehind it.\n\n# D\n\nFar away.")
    set_environment(DATABASE_URL=database, RAG_PROFILES='{"near": {"mode": "keyword", "neighbours": 1}}')

    hits = await search("ZXQ-9917", readers=None, profile="near")

    assert [(hit.headings, hit.found_by) for hit in hits] == [
        (("B",), ("keyword",)),
        (("A",), ("neighbour",)),
        (("C",), ("neighbour",)),
    ]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "keyword"])
async def test_a_threshold_leaves_what_the_words_are_sure_of(
    put: Put, set_environment: SetEnvironment, database: str, mode: str
) -> None:
    await put("The lamp ZXQ-9917 is here.", "a.md")
    await put("Taxes are due in May.", "b.md")
    profile = json.dumps({"strict": {"mode": mode, "min_relevance": 0.9}})
    set_environment(DATABASE_URL=database, RAG_PROFILES=profile)

    hits = await search("ZXQ-9917", readers=None, profile="strict")

    assert [hit.source for hit in hits] == ["a.md"]
    assert hits[0].scores["relevance"] >= 0.9


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(InvalidInput, match="hybrid"):
        RagSettings.load().find_profile("best")
