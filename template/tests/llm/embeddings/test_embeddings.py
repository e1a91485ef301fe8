"""Texts as vectors: the small ones of this machine, and a real wire to a provider's."""

import json
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pytest

from app.llm import LLMError
from app.llm.embeddings import LOCAL, check_embedder, default_embedder, embed
from app.llm.embeddings.providers import build_embedder
from app.llm.errors import BrokenAnswer, ModelNotConfigured
from app.llm.providers import close_models
from tests.conftest import SetEnvironment
from tests.servers import LocalServer

EMBEDDER = "openai:text-embedding-3-small"


class Provider(BaseHTTPRequestHandler):
    """Speaks the protocol of OpenAI's embeddings. A text's vector is its length and 1."""

    statuses: list[int]
    asked: list[dict[str, Any]]
    lose = 0

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(sent)
        status = self.statuses.pop(0) if self.statuses else 200
        data = [
            {"object": "embedding", "index": number, "embedding": [float(len(text)), 1.0]}
            for number, text in enumerate(sent["input"])
        ]
        body = {"object": "list", "model": sent["model"], "usage": {"prompt_tokens": 7, "total_tokens": 7}}
        answer = (
            {**body, "data": data[: len(data) - self.lose]} if status == 200 else {"error": {"message": "no"}}
        )
        encoded = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
async def provider(set_environment: SetEnvironment) -> Any:
    """A provider on this machine."""

    class Fresh(Provider):
        statuses: list[int] = []  # noqa: RUF012 - the server makes an instance for each request
        asked: list[dict[str, Any]] = []  # noqa: RUF012

    build_embedder.cache_clear()
    with LocalServer(Fresh) as server:
        set_environment(OPENAI_BASE_URL=f"{server.url}/v1", LLM_RETRIES="1")
        yield Fresh
    await close_models()
    build_embedder.cache_clear()


async def test_local_vectors_have_length_1_and_know_what_is_alike() -> None:
    found = await embed(["a cat sleeps", "the kitten is asleep", "tax return form"])

    alike = found.vectors @ found.vectors.T
    assert found.vectors.shape == (3, 256)
    assert np.allclose(np.diag(alike), 1, atol=1e-5)
    assert alike[0, 1] > alike[0, 2]
    assert (found.embedder, found.cost) == (LOCAL, Decimal(0))


async def test_an_empty_text_and_no_text_have_vectors_too() -> None:
    assert not (await embed([""])).vectors.any()
    assert (await embed([])).vectors.shape == (0, 256)


async def test_a_provider_is_asked_in_batches_and_the_order_stays(provider: type[Provider]) -> None:
    texts = ["x" * (number + 1) for number in range(200)]

    found = await embed(texts, embedder=EMBEDDER)

    assert sorted(len(sent["input"]) for sent in provider.asked) == [8, 96, 96]
    assert np.argsort(found.vectors[:, 0]).tolist() == list(range(200))
    assert found.tokens == 21
    assert found.cost is not None


async def test_an_outage_is_tried_again(provider: type[Provider]) -> None:
    provider.statuses.append(503)

    assert (await embed(["a lamp"], embedder=EMBEDDER)).vectors.shape == (1, 2)
    assert len(provider.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 429])
async def test_what_a_provider_refuses_is_said(provider: type[Provider], status: int) -> None:
    provider.statuses += [status] * 5

    with pytest.raises(LLMError):
        await embed(["a lamp"], embedder=EMBEDDER)


async def test_a_provider_that_loses_a_vector_is_broken(provider: type[Provider]) -> None:
    provider.lose = 1

    with pytest.raises(BrokenAnswer, match="1 vectors for 2 texts"):
        await embed(["a lamp", "a chair"], embedder=EMBEDDER)


@pytest.mark.parametrize(
    ("embedder", "hint"),
    [
        ("cohere:embed", "Available"),
        ("openai", "Available"),
        ("google:gemini-embedding-001", "GOOGLE_API_KEY|uv add"),
    ],
)
def test_an_embedder_that_cannot_be_used_says_what_to_do(embedder: str, hint: str) -> None:
    with pytest.raises(ModelNotConfigured, match=hint):
        check_embedder(embedder)


def test_without_a_key_this_machine_embeds() -> None:
    assert default_embedder() == LOCAL
