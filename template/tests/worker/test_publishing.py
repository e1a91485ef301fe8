import ssl
import time
from collections.abc import Awaitable, Callable

import pytest
from kombu import Connection

from app.core.errors import ConfigurationError
from app.worker import BrokerSettings, get_celery_app, publish, run_in_loop
from app.worker.errors import BrokerUnavailable
from app.worker.publishing import check_broker
from tests.conftest import SetEnvironment


async def test_a_broker_that_runs_answers(broker: str) -> None:
    assert await check_broker() == broker.partition(":")[0]


async def test_a_message_is_taken(broker: str) -> None:
    await publish("tests.nothing", "hello")


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
async def test_a_broker_that_is_down_is_a_typed_error_within_a_second(
    scheme: str, set_environment: SetEnvironment
) -> None:
    set_environment(BROKER_URL=f"{scheme}://127.0.0.1:1/0")
    get_celery_app.cache_clear()
    started = time.monotonic()

    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1"):
        await publish("tests.nothing", "hello")

    get_celery_app.cache_clear()
    assert time.monotonic() - started < 1


@pytest.mark.slow
@pytest.mark.parametrize("action", [check_broker, lambda: publish("tests.nothing", "hello")])
async def test_a_broker_that_refuses_the_password_is_a_typed_error(
    action: Callable[[], Awaitable[object]], broker: str, set_environment: SetEnvironment
) -> None:
    host = broker.rpartition("@")[2]
    user = "" if broker.startswith("redis") else "guest"
    set_environment(BROKER_URL=f"{broker.partition(':')[0]}://{user}:wrong@{host}")
    get_celery_app.cache_clear()

    with pytest.raises(BrokerUnavailable):
        await action()

    get_celery_app.cache_clear()


def test_coroutines_share_one_loop() -> None:
    import asyncio

    async def loop_id() -> int:
        return id(asyncio.get_running_loop())

    assert run_in_loop(loop_id()) == run_in_loop(loop_id())


def test_what_a_coroutine_raises_comes_back() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_in_loop(fail())


@pytest.mark.parametrize("url", ["nonsense", "http://host", "redis://"])
def test_what_is_no_url_of_a_broker_is_refused(url: str, set_environment: SetEnvironment) -> None:
    set_environment(BROKER_URL=url)

    with pytest.raises(ConfigurationError, match="BROKER_URL is wrong"):
        BrokerSettings.load()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://valkey:6379/0", "redis://:p%40ss@valkey:6379/0"),
        ("amqp://app@rabbitmq:5672//", "amqp://app:p%40ss@rabbitmq:5672//"),
        ("redis://:mine@valkey:6379/0", "redis://:mine@valkey:6379/0"),
        ("rediss://valkey:6379/0", "rediss://:p%40ss@valkey:6379/0?ssl_cert_reqs=required"),
    ],
)
def test_the_password_can_be_given_apart(url: str, expected: str, set_environment: SetEnvironment) -> None:
    set_environment(BROKER_URL=url, BROKER_PASSWORD="p@ss")

    assert BrokerSettings.load().connection_url() == expected


@pytest.mark.parametrize(
    ("query", "verified"), [("", ssl.CERT_REQUIRED), ("?ssl_cert_reqs=none", ssl.CERT_NONE)]
)
def test_the_certificate_of_a_broker_is_checked_unless_the_url_says_no(
    query: str, verified: ssl.VerifyMode, set_environment: SetEnvironment
) -> None:
    set_environment(BROKER_URL=f"rediss://valkey:6379/0{query}")

    connection = Connection(BrokerSettings.load().connection_url())

    assert connection.ssl == {"ssl_cert_reqs": verified}


def test_the_certificate_of_rabbitmq_must_be_of_the_host_in_the_url(set_environment: SetEnvironment) -> None:
    set_environment(BROKER_URL="amqps://app@mq.example.com:5671/app", BROKER_PASSWORD="p")
    get_celery_app.cache_clear()

    connection = get_celery_app().connection_for_write()

    get_celery_app.cache_clear()
    assert connection.ssl == {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}


def test_without_a_url_production_says_which_variable_is_missing(set_environment: SetEnvironment) -> None:
    set_environment(ENVIRONMENT="production")

    with pytest.raises(ConfigurationError, match="BROKER_URL"):
        BrokerSettings.load().connection_url()
