import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel

from app.api import create_key
from app.core import checks, registry
from app.core.errors import NotFound
from app.core.extensions import CHECKS
from app.core.registry import Feature
from app.core.spans import watched_by
from app.main import create_app
from app.worker.extensions import SCHEDULES
from app.worker.scheduler import HEARTBEAT, claim_tick
from tests.conftest import SetEnvironment
from tests.spans import Watcher


class Body(BaseModel):
    count: int


router = APIRouter()


@router.post("/count")
async def count(body: Body) -> Body:
    return body


@router.get("/gone")
async def gone() -> None:
    raise NotFound("It is gone: sk-abcdefgh12345678.", hint="Look elsewhere.")


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("sk-abcdefgh12345678")


@pytest.fixture
async def client(set_environment: SetEnvironment) -> AsyncIterator[AsyncClient]:
    """A client of an application with routes of our own, and a limit of 100 bytes."""
    set_environment(API_MAX_BODY_BYTES="100")
    app: FastAPI = create_app()
    app.include_router(router)
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def post(
    client: AsyncClient, content: Any, media_type: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    response = await client.post("/count", content=content, headers={"Content-Type": media_type})
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    return response.status_code, problem


async def test_an_error_of_ours_is_a_problem_with_its_status_and_hint(client: AsyncClient) -> None:
    response = await client.get("/gone")

    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (404, 404, "not-found")
    assert (problem["hint"], problem["instance"]) == ("Look elsewhere.", "/gone")
    assert "sk-abcdefgh" not in response.text


async def test_a_route_that_breaks_answers_500_and_tells_nothing(client: AsyncClient) -> None:
    response = await client.get("/broken")

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "sk-abcdefgh" not in response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]


async def test_whoever_watches_sees_that_a_route_broke(client: AsyncClient) -> None:
    with watched_by(watcher := Watcher()):
        await client.get("/broken")

    (ended,) = watcher.ended
    assert (type(ended.error), ended.fields["status"]) == (RuntimeError, 500)


async def test_an_unknown_path_is_a_problem(client: AsyncClient) -> None:
    response = await client.get("/nowhere")

    assert (response.status_code, response.json()["code"]) == (404, "not-found")


async def test_a_method_that_is_not_allowed_says_which_are(client: AsyncClient) -> None:
    response = await client.delete("/count")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_body_that_is_no_json_is_refused_with_the_place(client: AsyncClient) -> None:
    status, problem = await post(client, b'{"count": 1,,}')

    assert (status, problem["code"]) == (400, "invalid-json")
    assert "character 12" in problem["detail"]


async def test_a_wrong_field_is_named(client: AsyncClient) -> None:
    status, problem = await post(client, b'{"count": "many"}')

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["body.count"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_content_type_is_refused(client: AsyncClient, media_type: str) -> None:
    status, _ = await post(client, b'{"count": 1}', media_type)

    assert status == 415


async def test_a_body_over_the_limit_is_refused(client: AsyncClient) -> None:
    status, problem = await post(client, b'{"count": 1, "more": "%s"}' % (b"x" * 100))

    assert status == 413
    assert "100 bytes" in problem["detail"]


async def test_a_body_over_the_limit_that_hides_its_length_is_refused(client: AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"          "

    status, _ = await post(client, pieces())

    assert status == 413


@pytest.mark.parametrize(
    "content", [b'{"count": "\xff\xfe"}', b"[" * 100_000, b'{"count": %s}' % (b"9" * 6000)]
)
async def test_what_cannot_be_parsed_is_refused(content: bytes, set_environment: SetEnvironment) -> None:
    set_environment(API_MAX_BODY_BYTES="1000000")
    app = create_app()
    app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        status, problem = await post(client, content)

    assert (status, problem["code"]) == (400, "invalid-json")


async def test_health_answers_head_requests_too(client: AsyncClient) -> None:
    assert (await client.head("/health/live")).status_code == 200


async def test_a_request_id_of_the_client_is_repeated(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"X-Request-ID": "my-request.1"})

    assert response.headers["x-request-id"] == "my-request.1"


@pytest.mark.parametrize("sent", ["", "x" * 101, "a b", "<script>"])
async def test_a_request_id_that_is_none_is_replaced(client: AsyncClient, sent: str) -> None:
    response = await client.get("/health/live", headers={"X-Request-ID": sent})

    assert response.headers["x-request-id"] not in {sent, ""}


@pytest.mark.usefixtures("database", "broker")
async def test_the_process_is_ready_when_all_answer(client: AsyncClient) -> None:
    for schedule in (HEARTBEAT, *SCHEDULES.names()):
        await claim_tick(schedule, 0)

    response = await client.get("/health/ready")

    assert response.status_code == 200
    assert {check["status"] for check in response.json()["checks"].values()} == {"ok"}


@pytest.mark.usefixtures("broker")
async def test_a_dependency_that_is_down_is_named(
    client: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(DATABASE_URL="postgresql://anna:hunter2@127.0.0.1:1/app")

    response = await client.get("/health/ready")

    assert response.status_code == 503
    found = response.json()["checks"]
    assert (found["database"]["status"], found["model"]["status"]) == ("failed", "ok")
    assert "hunter2" not in response.text


async def test_the_process_is_alive_whatever_is_down(client: AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "alive"}


async def test_a_check_that_hangs_is_given_up() -> None:
    async def hang() -> str:
        await asyncio.sleep(60)
        return "never"

    with CHECKS.override({"stuck": hang}):
        results = await checks.run_checks(seconds=0.01)

    assert {result.error for result in results} == {"No answer within 0.01 seconds."}


async def test_a_check_that_cannot_be_imported_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Feature(
        name="broken", stage="own", summary="", extends={"core.checks": {"broken": "no_such_module:check"}}
    )
    features = (*registry.load_features(), broken)
    monkeypatch.setattr(registry, "load_features", lambda: features)

    results = {result.name: result.error for result in await checks.run_checks()}

    assert results["broken"] == "The check failed with ModuleNotFoundError."
    assert results["model"] is None


async def test_the_documentation_describes_every_route_with_its_problems(client: AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    operation = document["paths"]["/v1/runs"]["post"]
    assert set(operation["responses"]) >= {"202", "400", "413", "415", "422"}
    assert document["components"]["schemas"]["RunRequest"]["examples"][0]["workflow"] == "echo_summary"


LARGE = b'{"count": 1, "more": "%s"}' % (b"x" * 500)


@pytest.mark.parametrize("hides_length", [False, True])
@pytest.mark.parametrize(
    ("known", "most", "status"), [(True, "1000", 200), (False, "1000", 413), (True, "300", 413)]
)
async def test_a_caller_with_a_key_may_send_more(
    known: bool,
    most: str,
    status: int,
    hides_length: bool,
    database: str,
    set_environment: SetEnvironment,
) -> None:
    set_environment(API_MAX_BODY_BYTES="100", API_MAX_INPUT_BYTES=most)
    key = (await create_key("test", ["admin"])).text if known else "ak_000000000000_nonsense"
    app: FastAPI = create_app()
    app.include_router(router)

    async def pieces() -> AsyncIterator[bytes]:
        yield LARGE[:90]
        yield LARGE[90:]

    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        content = pieces() if hides_length else LARGE
        response = await client.post("/count", content=content, headers=headers)

    assert response.status_code == status
    if status == 413:
        assert ("API_MAX_INPUT_BYTES" if known else "API_MAX_BODY_BYTES") in response.json()["detail"]
