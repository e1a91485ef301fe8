"""Tokens of an identity provider: a local server that publishes real keys."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    generate_private_key,
)
from httpx2 import AsyncClient
from jwt.algorithms import ECAlgorithm

from app.api.tokens import get_key_set
from tests.conftest import SetEnvironment

pytestmark = pytest.mark.usefixtures("database")

AUDIENCE, ISSUER = "our-api", "https://identity.example.com"


class IdentityProvider:
    """Publishes the public half of its keys, and signs with the private half."""

    def __init__(self) -> None:
        self.keys = {"first": generate_private_key(SECP256R1())}
        self.fetched = 0
        self.delay = 0.0
        self.document = b""
        """What to publish instead of the keys."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetched += 1
                time.sleep(provider.delay)
                keys = {"keys": [provider.public(name) for name in provider.keys]}
                body = provider.document or json.dumps(keys).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def public(self, name: str) -> dict[str, Any]:
        key = ECAlgorithm.to_jwk(self.keys[name].public_key(), as_dict=True)
        return {**key, "kid": name, "use": "sig", "alg": "ES256"}

    def sign(
        self, changes: Mapping[str, Any] | None = None, key: str = "first", *, forged: bool = False
    ) -> str:
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "user-1",
            "exp": time.time() + 60,
            "scope": "runs:read",
            **(changes or {}),
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        private = generate_private_key(SECP256R1()) if forged else self.keys[key]
        return jwt.encode(claims, private, algorithm="ES256", headers={"kid": key})


@pytest.fixture
def provider(set_environment: SetEnvironment) -> Iterator[IdentityProvider]:
    identity_provider = IdentityProvider()
    set_environment(
        AUTH_JWKS_URL=f"http://127.0.0.1:{identity_provider.server.server_port}/jwks",
        AUTH_AUDIENCE=AUDIENCE,
        AUTH_ISSUER=ISSUER,
    )
    yield identity_provider
    identity_provider.server.shutdown()
    identity_provider.server.server_close()
    get_key_set.cache_clear()


async def status(client: AsyncClient, token: str, method: str = "GET") -> int:
    response = await client.request(method, "/v1/runs", json={}, headers={"Authorization": f"Bearer {token}"})
    return response.status_code


async def test_a_valid_token_opens_what_its_scopes_allow(
    anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    assert await status(anonymous, provider.sign()) == 200
    assert await status(anonymous, provider.sign(), "POST") == 403


@pytest.mark.parametrize("claim", ["scp", "scopes"])
async def test_scopes_may_be_a_list(claim: str, anonymous: AsyncClient, provider: IdentityProvider) -> None:
    token = provider.sign({"scope": None, claim: ["runs:*"]})

    assert await status(anonymous, token) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://evil.example.com"},
        {"iss": None},
        {"sub": None},
        {"nbf": 4_000_000_000},
        {"sub": "a\0b"},
        {"sub": "x" * 201},
        {"scope": 5},
        {"scope": True},
        {"scope": [1]},
    ],
)
async def test_a_token_that_is_not_for_us_now_is_refused(
    changes: dict[str, Any], anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    assert await status(anonymous, provider.sign(changes)) == 401


async def test_a_token_signed_by_another_is_refused(
    anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    assert await status(anonymous, provider.sign(forged=True)) == 401


async def test_a_token_without_a_signature_is_refused(
    anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    claims = jwt.decode(provider.sign(), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "first"})

    assert await status(anonymous, unsigned) == 401


@pytest.mark.parametrize("token", ["a.b.c", "..", "eyJhbGciOiJFUzI1NiJ9.e30.AA", f"{'x' * 5000}.y.z"])
async def test_what_is_no_token_is_refused(
    token: str, anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    assert await status(anonymous, token) == 401


async def test_a_new_key_of_the_provider_is_found(
    anonymous: AsyncClient, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await status(anonymous, provider.sign())
    monkeypatch.setattr("app.api.tokens._AGAIN_SECONDS", 0)
    provider.keys["second"] = generate_private_key(SECP256R1())

    assert await status(anonymous, provider.sign(key="second")) == 200


async def test_unknown_keys_do_not_make_us_ask_the_provider_each_time(
    anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    for number in range(5):
        provider.keys[f"unknown-{number}"] = generate_private_key(SECP256R1())
        await status(anonymous, provider.sign(key=f"unknown-{number}"))

    assert provider.fetched == 1


async def test_a_provider_that_does_not_answer_is_our_fault_not_the_callers(
    anonymous: AsyncClient, provider: IdentityProvider, set_environment: SetEnvironment
) -> None:
    set_environment(AUTH_JWKS_URL="http://127.0.0.1:1/jwks", AUTH_AUDIENCE="a", AUTH_ISSUER="b")

    assert await status(anonymous, provider.sign()) == 503


@pytest.mark.parametrize("document", [b"[]", b"nonsense", b'{"keys": 5}', b'{"keys": []}'])
async def test_a_document_without_keys_is_our_fault_each_time(
    document: bytes, anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    token = provider.sign()
    provider.document = document

    assert [await status(anonymous, token) for _ in range(2)] == [503, 503]


async def test_a_slow_provider_is_asked_once_for_all_who_wait(
    anonymous: AsyncClient, provider: IdentityProvider
) -> None:
    provider.delay = 0.3
    tokens = [provider.sign() for _ in range(5)]

    answers = await asyncio.gather(*(status(anonymous, token) for token in tokens))

    assert (answers, provider.fetched) == ([200] * 5, 1)


async def test_without_a_provider_no_token_is_accepted(
    anonymous: AsyncClient, provider: IdentityProvider, set_environment: SetEnvironment
) -> None:
    set_environment(AUTH_JWKS_URL="")

    assert await status(anonymous, provider.sign()) == 401
