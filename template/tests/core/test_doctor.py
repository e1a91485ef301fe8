from pathlib import Path

from app.core.doctor import Finding, examine
from tests.conftest import SetEnvironment


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
