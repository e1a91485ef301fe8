"""Layer 2: what layer 1 composed is what Copier itself renders."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_copie.plugin import Copie

from tests.composition import ANSWERS_FILE, compose
from tests.conditions import all_facts, example, pairwise
from tests.conftest import Render
from tests.questionnaire import CONFIGURATION, QUESTIONS, ROOT, Answers, label


def files(project: Path) -> dict[str, bytes]:
    """Return the files of a rendered project, without the answers file."""
    found = (path for path in project.rglob("*") if path.is_file() and ".git" not in path.parts)
    contents = {path.relative_to(project).as_posix(): path.read_bytes() for path in found}
    contents.pop(ANSWERS_FILE)
    return contents


def digests(contents: Any) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(contents.items())}


@pytest.mark.parametrize("answers", list(map(example, pairwise(all_facts()))), ids=label)
def test_copier_renders_what_was_composed(answers: Answers, render: Render) -> None:
    project = render(**answers)

    assert digests(files(project)) == digests(compose(answers))


def test_no_folder_is_left_empty(render: Render) -> None:
    project = render(stages=[])

    assert [path for path in project.rglob("*") if path.is_dir() and not any(path.iterdir())] == []


def test_the_answers_are_remembered_for_updates(render: Render) -> None:
    project = render(stages=[], project_name="Über-Assistent 🤖")

    answers = yaml.safe_load((project / ANSWERS_FILE).read_text(encoding="utf-8"))

    assert (answers["stages"], answers["project_name"]) == ([], "Über-Assistent 🤖")
    assert answers["_commit"] == "v99.0.0"
    assert {name for name in answers if not name.startswith("_")} <= {q.name for q in QUESTIONS}


@pytest.mark.parametrize("preset", sorted((ROOT / "presets").glob("*.yml")), ids=lambda path: path.stem)
def test_a_preset_answers_questions_that_exist(preset: Path, render: Render) -> None:
    answers = yaml.safe_load(preset.read_text(encoding="utf-8"))
    project = render(**answers)

    remembered = yaml.safe_load((project / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert {name: remembered[name] for name in answers} == answers


def test_pytest_copie_renders_the_defaults(copie: Copie, template: Path) -> None:
    """A second opinion: another harness, as the users of other templates know it."""
    result = copie.copy(template_dir=template)

    assert (result.exit_code, result.exception) == (0, None)
    assert result.project_dir is not None
    defaults = {q.name: result.answers[q.name] for q in QUESTIONS if q.name in result.answers}
    assert digests(files(result.project_dir)) == digests(compose(defaults))


def test_nothing_in_the_template_needs_trust() -> None:
    assert {"_tasks", "_migrations", "_jinja_extensions"} & CONFIGURATION.keys() == set()
