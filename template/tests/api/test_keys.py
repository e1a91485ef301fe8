import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text

from app.api import create_key
from app.api.errors import KeyNotFound
from app.api.keys import check_key, list_keys, revoke_key
from app.core.errors import InvalidInput
from app.core.scope import allows
from app.db import transaction
from app.main import create_app
from tests.commands import run_app
from tests.conftest import SetEnvironment

pytestmark = pytest.mark.usefixtures("database")


async def get_runs(client: AsyncClient, authorization: str | None) -> int:
    headers = {"Authorization": authorization} if authorization is not None else {}
    response = await client.get("/v1/runs", headers=headers)
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code


async def test_a_key_opens_what_its_scopes_allow(anonymous: AsyncClient) -> None:
    key = await create_key("reader", ["runs:read"])
    bearer = f"Bearer {key.text}"

    body = {"workflow": "echo_summary", "input": {"text": "Hello"}}
    refused = await anonymous.post("/v1/runs", json=body, headers={"Authorization": bearer})

    assert await get_runs(anonymous, bearer) == 200
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert "runs:write" in refused.json()["detail"]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic YTpi",
        f"Bearer ak_{'0' * 12}_{'x' * 43}",
        f"Bearer ak_{'0' * 12}_{'x' * 10_000}",
        "Bearer ak_%00",
    ],
)
async def test_what_is_no_key_is_refused_and_says_what_is_wanted(
    anonymous: AsyncClient, authorization: str | None
) -> None:
    response = await anonymous.get(
        "/v1/runs", headers={"Authorization": authorization} if authorization else {}
    )

    assert (response.status_code, response.json()["code"]) == (401, "not-authenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    assert await get_runs(anonymous, authorization) == 401


@pytest.mark.parametrize(
    ("environment", "required", "status"),
    [
        ("development", "", 401),
        ("development", "false", 200),
        ("test", "", 401),
        ("production", "", 401),
        ("production", "false", 401),
    ],
)
async def test_requests_without_a_key_are_refused_unless_a_development_server_is_opened(
    environment: str, required: str, status: int, anonymous: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(ENVIRONMENT=environment, API_KEYS_REQUIRED=required)

    assert await get_runs(anonymous, None) == status


async def test_a_wrong_key_is_refused_where_none_is_needed(
    anonymous: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(API_KEYS_REQUIRED="false")

    assert await get_runs(anonymous, "Bearer nonsense") == 401


async def test_a_wrong_secret_of_a_real_key_is_refused(anonymous: AsyncClient) -> None:
    key = await create_key("reader", ["runs:read"])

    assert await get_runs(anonymous, f"Bearer {key.text[:-1]}{'A' if key.text[-1] != 'A' else 'B'}") == 401


async def test_a_revoked_key_is_refused_at_once_by_the_process_that_revoked_it(
    anonymous: AsyncClient,
) -> None:
    key = await create_key("reader", ["runs:read"])
    before = await get_runs(anonymous, f"Bearer {key.text}")

    await revoke_key(key.id)

    assert (before, await get_runs(anonymous, f"Bearer {key.text}")) == (200, 401)


async def test_a_revoked_key_is_refused_elsewhere_when_it_is_looked_up_again(
    set_environment: SetEnvironment, database: str
) -> None:
    set_environment(API_KEY_CACHE_SECONDS="0")
    key = await create_key("reader", ["runs:read"])
    before = await check_key(key.text)
    async with transaction() as session:
        await session.execute(text("UPDATE api_keys SET revoked_at = now()"))

    assert before is not None
    assert await check_key(key.text) is None


async def test_an_expired_key_is_refused() -> None:
    key = await create_key("reader", ["runs:read"], timedelta(seconds=-1))

    assert await check_key(key.text) is None


async def test_the_secret_is_not_stored() -> None:
    key = await create_key("reader", ["runs:read"])

    async with transaction() as session:
        row = str((await session.execute(text("SELECT * FROM api_keys"))).one())

    assert key.id in row
    assert key.text.rpartition("_")[2] not in row


async def test_the_last_use_is_remembered() -> None:
    key = await create_key("reader", ["runs:read"])
    (before,) = await list_keys()

    await check_key(key.text)

    (after,) = await list_keys()
    assert before.last_used_at is None
    assert after.last_used_at is not None


@pytest.mark.parametrize("scopes", [[], ["nonsense"], ["runs:"], ["RUNS:READ"], ["runs:read", "*"]])
async def test_a_wrong_scope_is_refused(scopes: list[str]) -> None:
    with pytest.raises(InvalidInput, match="scope"):
        await create_key("x", scopes)


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "a\0b"])
async def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        await create_key(name, ["admin"])


async def test_an_unknown_key_cannot_be_revoked() -> None:
    with pytest.raises(KeyNotFound, match="keys list"):
        await revoke_key("0" * 12)


@pytest.mark.parametrize(
    ("granted", "needed", "expected"),
    [
        (["runs:read"], "runs:read", True),
        (["runs:read"], "runs:write", False),
        (["runs:*"], "runs:write", True),
        (["documents:*"], "runs:read", False),
        (["admin"], "anything:at-all", True),
        ([], "runs:read", False),
    ],
)
def test_a_scope_covers(granted: list[str], needed: str, expected: bool) -> None:
    assert allows(granted, needed) is expected


def operations() -> list[tuple[str, str, bool]]:
    """Return method, path and whether a key is needed, of every operation that is documented."""
    document = create_app().openapi()
    return [
        (method.upper(), path, "security" in operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_only_health_is_open_to_all() -> None:
    assert {path for _, path, needs_key in operations() if not needs_key} == {"/health/live", "/health/ready"}


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, needs_key in operations() if needs_key])
async def test_a_route_that_needs_a_scope_refuses_who_has_none(
    method: str, path: str, anonymous: AsyncClient
) -> None:
    url = re.sub(r"\{\w+\}", str(uuid4()), path)
    key = await create_key("useless", ["nothing:at-all"])

    without = await anonymous.request(method, url, json={})
    useless = await anonymous.request(method, url, json={}, headers={"Authorization": f"Bearer {key.text}"})

    assert (without.status_code, useless.status_code) == (401, 403)


@pytest.mark.slow
def test_keys_are_made_listed_and_revoked_by_commands(database: str) -> None:
    environment = {"DATABASE_URL": database}

    made = json.loads(
        run_app("keys", "create", "web", "--scope", "runs:read", "--json", **environment).stdout
    )
    listed = run_app("keys", "list", "--json", **environment).stdout
    run_app("keys", "revoke", made["id"], **environment)
    (revoked,) = json.loads(run_app("keys", "list", "--json", **environment).stdout)["keys"]

    assert set(made) == {"key", "id", "scopes"}
    assert made["key"] not in listed
    assert revoked["revoked_at"] is not None


@pytest.mark.slow
def test_a_wrong_scope_on_the_command_line_is_a_message(database: str) -> None:
    done = run_app("keys", "create", "web", "--scope", "nonsense", DATABASE_URL=database)

    assert (done.returncode, done.stdout) == (1, "")
    assert "runs:read" in done.stderr
