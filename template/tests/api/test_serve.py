import pytest

from tests.commands import run_app

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"LLM_MODEL": "nonsense"}, "provider:name"),
        ({"LLM_FALLBACK_MODELS": "openai:gpt"}, "OPENAI_API_KEY"),
        ({"ENVIRONMENT": "production"}, "offline model is refused"),
        ({"LLM_TIMEOUT": "soon"}, "LLM_TIMEOUT is wrong"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is wrong"),
        ({"BROKER_URL": ""}, "BROKER_URL is not set"),
    ],
)
def test_a_process_with_wrong_settings_does_not_start(
    command: str, environment: dict[str, str], message: str
) -> None:
    urls = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "BROKER_URL": "redis://127.0.0.1:1/0"}

    done = run_app(command, **{**urls, **environment})

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
