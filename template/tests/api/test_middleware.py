"""What browsers are told, and from where the API may be called."""

import re
from collections.abc import Awaitable, Callable

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from app.core.spans import watched_by
from app.main import create_app
from tests.conftest import SetEnvironment
from tests.spans import Watcher

PAGE = "https://app.example.com"

Get = Callable[..., Awaitable[Response]]


@pytest.fixture
def get() -> Get:
    """A request to an application that was made after the settings."""

    async def request(path: str = "/health/live", method: str = "GET", **headers: str) -> Response:
        transport = ASGITransport(app=create_app(), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://api.example.com") as client:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers=names)

    return request


@pytest.mark.parametrize("path", ["/health/live", "/v1/runs", "/nowhere"])
async def test_every_answer_protects_browsers(path: str, get: Get) -> None:
    headers = (await get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


async def test_whoever_watches_sees_each_request(get: Get) -> None:
    with watched_by(watcher := Watcher()):
        await get("/nowhere")

    (ended,) = watcher.ended
    seen = {"method": "GET", "path": "/nowhere", "route": None, "status": 404}
    assert (ended.name, ended.fields) == ("request", seen)
    assert ended.scope.request_id is not None


async def test_whoever_watches_sees_the_route_of_a_request(get: Get) -> None:
    with watched_by(watcher := Watcher()):
        await get("/health/live")

    assert watcher.ended[0].fields["route"] == "/health/live"


@pytest.mark.parametrize(
    ("sent", "parent"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00f067aa0ba902b7"),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
        ("nonsense", None),
    ],
)
async def test_the_trace_of_a_caller_goes_on(sent: str, parent: str | None, get: Get) -> None:
    with watched_by(watcher := Watcher()):
        await get("/health/live", traceparent=sent)

    (ended,) = watcher.ended
    assert ended.parent_id == parent
    assert (ended.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736") == (parent is not None)


async def test_no_path_can_begin_a_line_of_its_own(get: Get) -> None:
    with watched_by(watcher := Watcher()):
        await get("/a%0Ab")

    assert watcher.ended[0].fields["path"] == r"'/a\nb'"


async def test_the_pages_load_nothing_from_elsewhere(get: Get) -> None:
    page = await get("/docs")
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)

    assert "http" not in page.headers["content-security-policy"]
    assert [path for path in loaded if path.endswith(".js")]
    assert [(await get(path)).status_code for path in loaded] == [200] * len(loaded)


async def test_the_home_page_says_what_runs_here(get: Get) -> None:
    page = (await get("/")).text

    assert "<dt>echo_summary</dt>" in page
    assert "/docs" in page


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
async def test_production_shows_no_pages_unless_it_is_told_to(
    path: str, get: Get, set_environment: SetEnvironment
) -> None:
    set_environment(ENVIRONMENT="production")
    assert (await get(path)).status_code == 404

    set_environment(API_DOCS="true")
    assert (await get(path)).status_code == 200


async def test_no_redirect_follows_the_host_of_a_client(get: Get) -> None:
    assert (await get("/v1/runs/", Host="evil.example")).status_code == 404


async def test_https_is_demanded_only_where_it_is_spoken(get: Get) -> None:
    assert "strict-transport-security" not in (await get()).headers
    assert "strict-transport-security" in (await get("https://api.example.com/health/live")).headers


async def test_other_web_pages_may_not_call_by_default(get: Get) -> None:
    assert "access-control-allow-origin" not in (await get(Origin=PAGE)).headers


async def test_a_web_page_of_the_settings_may_call(get: Get, set_environment: SetEnvironment) -> None:
    set_environment(API_CORS_ORIGINS=f"{PAGE}, https://other.example.com")

    allowed, foreign = [
        await get("/v1/runs", "OPTIONS", Origin=page, Access_Control_Request_Method="POST")
        for page in (PAGE, "https://evil.example.com")
    ]

    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        ("", "anything.example.org", 200),
        ("api.example.com", "api.example.com", 200),
        ("api.example.com", "API.example.com:8000", 200),
        ("api.example.com", "evil.example.com", 400),
        ("*.example.com", "api.example.com", 200),
        ("*.example.com", "example.com", 400),
        ("*.example.com", "api.example.com.evil.org", 400),
        ("[::1]", "[::1]:8000", 200),
        ("API.example.com", "api.example.com.", 200),
        ("api.example.com", "api.example.com:", 200),
        ("*", "anything.example.org", 200),
    ],
)
async def test_only_trusted_hosts_are_served(
    hosts: str, host: str, status: int, get: Get, set_environment: SetEnvironment
) -> None:
    set_environment(API_TRUSTED_HOSTS=hosts)

    assert (await get("/docs", Host=host)).status_code == status


async def test_health_is_answered_under_every_name(get: Get, set_environment: SetEnvironment) -> None:
    set_environment(API_TRUSTED_HOSTS="api.example.com")

    assert (await get("/health/live", Host="127.0.0.1:8000")).status_code == 200


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8000", 200), ("rebound.example.com", 400)])
async def test_a_server_without_keys_is_served_to_this_machine_alone(
    host: str, status: int, get: Get, set_environment: SetEnvironment
) -> None:
    set_environment(API_KEYS_REQUIRED="false")

    assert (await get("/docs", Host=host)).status_code == status
