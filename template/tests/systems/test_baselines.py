"""The example systems: their baselines hold."""

import json
from pathlib import Path

import pytest

from app.core.paths import APP
from app.evals.judging import load_rubric
from tests.commands import run_app

pytestmark = pytest.mark.slow

NAMES = sorted(path.parent.parent.name for path in (APP / "systems").glob("*/evals/baseline.json"))


@pytest.mark.parametrize("name", NAMES)
def test_its_baseline_is_that_of_the_offline_model_and_its_rubric_can_be_read(
    name: str, services: dict[str, str]
) -> None:
    answered = json.loads(run_app("eval", "answers", name, "--json", **services).stdout)

    gate = run_app("eval", "gate", answered["report"], "--strict")
    Path(answered["report"]).unlink()

    assert (gate.returncode, gate.stderr) == (0, "")
    assert load_rubric(APP / "systems" / name / "evals" / "rubric.md").version == 1
