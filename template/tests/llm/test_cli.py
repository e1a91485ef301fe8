import json

import pytest
from typer.testing import CliRunner

from app.core.errors import InvalidInput
from app.llm.cli import cli


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_an_answer_goes_to_standard_output_and_its_cost_to_standard_error(runner: CliRunner) -> None:
    done = runner.invoke(cli, ["ask", "Hello"])

    assert done.exit_code == 0
    assert done.stdout.strip().endswith("Hello")
    assert "offline:demo" in done.stderr


def test_json_is_one_document(runner: CliRunner) -> None:
    document = json.loads(runner.invoke(cli, ["ask", "Hello", "--json"]).stdout)

    assert (document["model"], document["cost"]) == ("offline:demo", "0")


def test_the_question_can_come_from_standard_input(runner: CliRunner) -> None:
    done = runner.invoke(cli, ["ask", "-"], input="from a pipe")

    assert "from a pipe" in done.stdout


def test_an_empty_question_is_refused(runner: CliRunner) -> None:
    assert isinstance(runner.invoke(cli, ["ask", " "]).exception, InvalidInput)


def test_a_conversation_goes_on_until_the_input_ends(runner: CliRunner) -> None:
    done = runner.invoke(cli, ["chat"], input="one\ntwo\n")

    assert done.exit_code == 0
    assert done.stdout.count("You said") == 2
