"""`docs/from-a-complaint-to-a-fixed-prompt.md`, word by word, on a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from app.core.paths import APP, ROOT
from app.observability.pipeline import flush
from app.runs.execute import execute
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import FakeProvider

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("database", "broker")]

PAGE = ROOT / "docs" / "from-a-complaint-to-a-fixed-prompt.md"


def commands() -> list[str]:
    """Return the commands of the page, in their order."""
    return re.findall(r"```console\nuv run app (.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the code, whose cases, prompts and baselines may change."""
    shutil.copytree(APP, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mcp.json", "pyproject.toml"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tmp_path)
    return tmp_path


async def test_the_page_does_what_it_says(
    project: Path,
    client: AsyncClient,
    database: str,
    provider: FakeProvider,
    set_environment: SetEnvironment,
) -> None:
    environment = {
        "DATABASE_URL": database,
        "TRACES_LOCAL": "true",
        "TRACES_FILE": str(project / "traces.db"),
        "LLM_MODEL": "openai:gpt-4.1-mini",
        "OPENAI_API_KEY": "sk-12345678",
        "OPENAI_BASE_URL": f"{provider.url}/v1",
    }
    set_environment(**environment, BROKER_URL=os.environ["BROKER_URL"])
    provider.answers.append("Your flight leaves at 9.")
    body = {"workflow": "assistant", "input": {"message": "When does my flight leave?"}}
    run = (await client.post("/v1/runs", json=body)).json()["id"]
    await execute(run)
    comment = {"helpful": False, "comment": "It made up my flight."}
    await client.post(f"/v1/runs/{run}/feedback", json=comment)
    flush()

    def type_in(command: str, *answers: str, **words: str) -> str:
        """Type a command of the page, with its words in capitals replaced; return what it prints."""
        provider.answers.clear()
        provider.answers.extend(answers)
        typed = [words.get(word, word) for word in shlex.split(command)]
        done = subprocess.run(
            [sys.executable, "-m", "app", *typed],
            cwd=project,
            env={**os.environ, **environment, "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    feedback, show, add, before, after, compare, accept, gate = commands()
    assert "It made up my flight." in type_in(feedback)
    assert "Your flight leaves at 9." in type_in(show, RUN=run)
    assert "Added" in type_in(add, RUN=run)

    said = type_in(before, *["I think it is 42."] * 40)
    assert "contains: 0 of" in said
    report = said.split("kept in ")[-1].strip()

    prompt = project / "app/systems/assistant/prompts/answer.md"
    text = prompt.read_text(encoding="utf-8").replace("version: 1", "version: 2")
    (project / "new.md").write_text(f"{text}\nAnswer with the words: I do not know.\n", encoding="utf-8")
    said = type_in(after, *["I do not know. 32, 85, Friday."] * 40)
    better = said.split("kept in ")[-1].strip()
    assert "Answer with the words: I do not know." in str(provider.requests[-1])

    assert f"now right: run {run} (contains)" in type_in(compare, BEFORE=report, AFTER=better)
    assert (project / "comparison.md").exists()
    shutil.move(project / "new.md", prompt)
    type_in(accept, AFTER=better)
    assert "contains" in type_in(gate, AFTER=better)
