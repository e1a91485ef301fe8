"""A run belongs to who started it."""

import pytest
from httpx2 import AsyncClient

from app.api import create_key
from app.runs import Run, get_run
from tests.runs.factories import reloaded, stored_run

pytestmark = pytest.mark.usefixtures("database", "broker")

VALID = {"workflow": "echo_summary", "input": {"text": "One two three"}}
OWN = ["runs:read", "runs:write", "runs:decide"]


async def use_key(client: AsyncClient, *scopes: str) -> None:
    """Let a client be somebody else."""
    client.headers["Authorization"] = f"Bearer {(await create_key('somebody', scopes)).text}"


@pytest.fixture
async def run_of_another(anonymous: AsyncClient) -> Run:
    await use_key(anonymous, *OWN)
    accepted = await anonymous.post("/v1/runs", json=VALID)
    run = await get_run(accepted.json()["id"])
    assert run is not None
    return run


REQUESTS = [
    ("GET", "", "runs:read"),
    ("GET", "/events", "runs:read"),
    ("POST", "/cancel", "runs:write"),
    ("POST", "/retry", "runs:write"),
    ("POST", "/decision", "runs:decide"),
]


def body_for(path: str) -> dict[str, object] | None:
    return {"step": "approve", "approved": True} if path == "/decision" else None


@pytest.mark.parametrize(("method", "path", "scope"), REQUESTS)
async def test_for_another_key_it_does_not_exist(
    method: str, path: str, scope: str, run_of_another: Run, anonymous: AsyncClient
) -> None:
    await use_key(anonymous, "runs:*")

    response = await anonymous.request(method, f"/v1/runs/{run_of_another.id}{path}", json=body_for(path))

    assert (response.status_code, response.json()["code"]) == (404, "run-not-found")
    assert (await reloaded(run_of_another)).status == "queued"


@pytest.mark.parametrize("granted", ["all", "admin"])
@pytest.mark.parametrize(("method", "path", "scope"), [r for r in REQUESTS if r[1] != "/events"])
async def test_a_key_with_the_scope_for_all_may(
    method: str, path: str, scope: str, granted: str, run_of_another: Run, anonymous: AsyncClient
) -> None:
    await use_key(anonymous, "admin" if granted == "admin" else f"{scope}:all")

    response = await anonymous.request(method, f"/v1/runs/{run_of_another.id}{path}", json=body_for(path))

    assert response.status_code != 404, response.text


async def test_a_list_has_the_callers_runs_alone_unless_it_may_read_all(
    run_of_another: Run, anonymous: AsyncClient
) -> None:
    await use_key(anonymous, *OWN)
    own = (await anonymous.post("/v1/runs", json=VALID)).json()
    mine = (await anonymous.get("/v1/runs")).json()["runs"]
    await use_key(anonymous, "runs:read:all")
    everybodys = (await anonymous.get("/v1/runs")).json()["runs"]

    assert [run["id"] for run in mine] == [own["id"]]
    assert [run["id"] for run in everybodys] == [own["id"], str(run_of_another.id)]


async def test_a_run_that_is_older_than_owners_is_an_administrators(anonymous: AsyncClient) -> None:
    run = await stored_run()
    await use_key(anonymous, *OWN)
    for_users = await anonymous.get(f"/v1/runs/{run.id}")
    await use_key(anonymous, "admin")
    for_administrators = await anonymous.get(f"/v1/runs/{run.id}")

    assert (for_users.status_code, for_administrators.status_code) == (404, 200)


async def test_a_list_carries_no_payloads(client: AsyncClient) -> None:
    await client.post("/v1/runs", json=VALID)

    (listed,) = (await client.get("/v1/runs")).json()["runs"]

    assert {"input", "output", "waiting_for"} & listed.keys() == set()
