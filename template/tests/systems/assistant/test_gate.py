"""The assistant with a model that got worse."""

import json
from pathlib import Path

import pytest

from tests.commands import run_app
from tests.llm.fake_provider import FakeProvider

pytestmark = pytest.mark.slow


def test_a_model_that_got_worse_is_stopped(fake_provider: FakeProvider, services: dict[str, str]) -> None:
    fake_provider.answers.extend(["I do not know."] * 100)
    environment = {
        **services,
        "LLM_MODEL": "openai:gpt-4.1-mini",
        "OPENAI_API_KEY": "sk-12345678",
        "OPENAI_BASE_URL": f"{fake_provider.url}/v1",
    }
    answered = json.loads(run_app("eval", "answers", "assistant", "--json", **environment).stdout)

    gate = run_app("eval", "gate", answered["report"])
    Path(answered["report"]).unlink()

    assert gate.returncode == 1
    assert "contains was 1.000 and is 0.000" in gate.stderr
