import json
from pathlib import Path

import pytest

from tests.commands import run_app


@pytest.mark.slow
def test_it_runs_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"text": "One two three four", "max_words": 2}')

    done = run_app("workflows", "run", "echo_summary", "--input", str(tmp_path / "input.json"))

    assert json.loads(done.stdout) == {"summary": "One two", "words": 4, "model": "offline:demo", "cost": "0"}
    assert "[summarise]" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nonsense", "{}", "echo_summary"),
        ("echo_summary", "{}", "input.text: Field required"),
        ("echo_summary", "[]", "JSON object"),
        ("echo_summary", "nonsense", "not JSON"),
        ("echo_summary", '{"text": "a\\u0000b"}', "NUL"),
    ],
)
def test_a_wrong_input_on_the_command_line_is_a_message(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "input.json").write_text(content)

    done = run_app("workflows", "run", name, "--input", str(tmp_path / "input.json"))

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
