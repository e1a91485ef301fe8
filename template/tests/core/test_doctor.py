from pathlib import Path

import pytest

from app.core.doctor import Finding, examine
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import FakeProvider


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


async def test_a_wrong_setting_is_named_and_nothing_else_is_tried(
    tmp_path: Path, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_TIMEOUT="soon")

    findings = await examine(root=tmp_path)

    assert [f.name for f in findings if f.failed] == ["settings"]
    assert "LLM_TIMEOUT" in by_name(findings)["settings"].detail


async def test_an_environment_file_that_others_can_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=b")
    (tmp_path / ".env").chmod(0o644)

    finding = by_name(await examine(root=tmp_path))[".env"]

    assert finding.failed
    assert finding.hint == "Type `chmod 600 .env`."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("LLM_TIMEOT=5", "line 1: nothing reads LLM_TIMEOT; did you mean LLM_TIMEOUT?"),
        ("OPENAI_APIKEY=sk-abc", "did you mean OPENAI_API_KEY?"),
        ("OPENAI_API_KEY: sk-abc", "line 1 is not NAME=value"),
        ('OPENAI_API_KEY="sk-abc', "line 1 is not NAME=value"),
    ],
)
async def test_a_line_that_nothing_reads_is_a_problem(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")
    (tmp_path / ".env").chmod(0o600)

    finding = by_name(await examine(root=tmp_path))[".env"]

    assert finding.failed
    assert said in finding.detail


async def test_lines_of_your_own_are_no_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# a comment\nexport LLM_TIMEOUT='5'\nMY_OWN_THING=1\nPEM='two\nlines'\n")
    (tmp_path / ".env").chmod(0o600)

    assert not by_name(await examine(root=tmp_path))[".env"].failed


async def test_a_problem_of_the_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=b")
    (tmp_path / ".env").chmod(0o644)

    assert "model" in by_name(await examine(root=tmp_path))


async def test_a_model_that_stands_in_for_the_chosen_one_is_a_problem(
    tmp_path: Path, provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(OLLAMA_BASE_URL=f"{provider.url}/v1", LLM_FALLBACK_MODELS="ollama:qwen3")
    provider.answers.append(500)

    found = by_name(await examine(root=tmp_path, call=True))

    assert "ollama:qwen3" in found["model"].detail
    assert found["model answers"].failed
    assert "openai:gpt-4.1-mini did not answer" in found["model answers"].detail


async def test_models_that_are_separated_by_something_else_are_a_wrong_setting(
    tmp_path: Path, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_FALLBACK_MODELS="ollama:qwen3;anthropic:claude")

    assert "LLM_FALLBACK_MODELS" in by_name(await examine(root=tmp_path))["settings"].detail


async def test_a_model_without_its_key_is_a_problem_with_a_remedy(
    tmp_path: Path, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_MODEL="nonsense")

    finding = by_name(await examine(root=tmp_path))["model"]

    assert finding.failed
    assert "provider:name" in finding.detail


async def test_the_model_is_called_only_on_request(tmp_path: Path) -> None:
    without = by_name(await examine(root=tmp_path))
    with_call = by_name(await examine(root=tmp_path, call=True))

    assert "model answers" not in without
    assert with_call["model answers"].detail.startswith("offline:demo")
