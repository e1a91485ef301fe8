"""That layer 1 sees what going through all projects would see: by planting faults, and by looking plainly."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.composition import SUFFIX, Template, template
from tests.conditions import ALWAYS, When, all_facts, condition_of, example, pairwise
from tests.plain import faults_of
from tests.questionnaire import CONFIGURATION, ROOT, Answers, label, random_answers
from tests.relations import RELATIONS

EXCLUDE = "\n".join(CONFIGURATION["_exclude"])
SEED = random.SystemRandom().randrange(10**6)
"""Other samples in every run; the seed is in the message of a failure."""

Plant = Callable[[Path, str], str]
"""Plants a fault in a copy of the template; takes `_exclude`, and returns it."""


def holds(when: When, answers: Answers) -> bool:
    return any(c <= condition_of(answers, [fact for fact, _ in c]) for c in when.conditions)


def replaced(folder: Path, path: str, old: str, new: str) -> None:
    file = folder / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def import_of_a_stage_that_may_be_off(folder: Path, exclude: str) -> str:
    replaced(folder, "app/llm/cli.py", "import typer", "import typer\nfrom app.graphs import Graph")
    return exclude


def import_of_a_choice_that_may_not_be_there(folder: Path, exclude: str) -> str:
    old = "from app.core.registry import Feature"
    new = f"{old}\nfrom app.systems.assistant.tools import calculate"
    replaced(folder, "app/systems/multi_agent/feature.py", old, new)
    return exclude


def file_left_out_with_one_framework(folder: Path, exclude: str) -> str:
    return exclude + "\n{% if agent_framework == 'native' %}\n/app/agents/memory.py\n{% endif %}\n"


def dependency_missing_for_one_provider_with_one_framework(folder: Path, exclude: str) -> str:
    old = '{% for requirement in runtime.foundations %}\n    "{{ requirement }}",\n{% endfor %}\n'
    new = (
        f"{{% if not (llm_provider == 'mistral' and agent_framework == 'langgraph') %}}\n{old}{{% endif %}}\n"
    )
    replaced(folder, "pyproject.toml.jinja", old, new)
    return exclude


def dependency_that_nothing_uses(folder: Path, exclude: str) -> str:
    old = "{% if 'backend' in stages and mcp_server %}\n"
    replaced(folder, "pyproject.toml.jinja", old, "{% if 'backend' in stages %}\n")
    return exclude


def dependency_without_its_stage(folder: Path, exclude: str) -> str:
    return exclude.replace("'design' not in stages or not chosen", "not chosen")


def link_that_breaks_without_one_system(folder: Path, exclude: str) -> str:
    link = "See [the rules](app/systems/automation/rules.py).\n"
    replaced(folder, "README.md.jinja", "## What is where\n", f"## What is where\n\n{link}")
    return exclude


def link_from_one_system_to_another(folder: Path, exclude: str) -> str:
    link = "\n[as there](../assistant/README.md)\n"
    file = folder / "app/systems/multi_agent/README.md"
    file.write_text(file.read_text(encoding="utf-8") + link, encoding="utf-8")
    return exclude


def setting_without_its_class(folder: Path, exclude: str) -> str:
    file = folder / ".env.example.jinja"
    file.write_text(
        file.read_text(encoding="utf-8") + "{% if broker == 'rabbitmq' %}\n# NEVER_READ=\n{% endif %}\n"
    )
    return exclude


def setting_that_is_documented_for_some_providers(folder: Path, exclude: str) -> str:
    old = "# LLM_TIMEOUT=60\n"
    replaced(folder, ".env.example.jinja", old, "{% if llm_provider != 'ollama' %}\n" + old + "{% endif %}\n")
    return exclude


PLANTS: list[Plant] = [
    import_of_a_stage_that_may_be_off,
    import_of_a_choice_that_may_not_be_there,
    file_left_out_with_one_framework,
    dependency_missing_for_one_provider_with_one_framework,
    dependency_that_nothing_uses,
    dependency_without_its_stage,
    link_that_breaks_without_one_system,
    link_from_one_system_to_another,
    setting_without_its_class,
    setting_that_is_documented_for_some_providers,
]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the template."""
    for path in template().paths.values():
        (tmp_path / "template" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "template" / path, tmp_path / "template" / path)
    return tmp_path


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant, copied: Path) -> None:
    exclude = plant(copied / "template", EXCLUDE)
    faulty = Template(copied, exclude)

    found = [fault for relation in RELATIONS for fault in relation(faulty)]

    assert found
    assert any(faults_of(faulty.compose(answers)) for answers in sample(200))


def sample(size: int) -> list[Answers]:
    generator = random.Random(SEED)
    return [random_answers(generator) for _ in range(size)]


def test_going_through_a_random_500_finds_nothing_either() -> None:
    faults = {label(answers): faults_of(template().compose(answers)) for answers in sample(500)}

    assert {name: found for name, found in faults.items() if found} == {}, f"seed {SEED}"


def test_pieces_make_what_jinja_makes_of_the_whole() -> None:
    rendered = [path for path, source in template().paths.items() if source.endswith(SUFFIX)]
    for answers in [*sample(50), *map(example, pairwise(all_facts()))]:
        project = template().compose(answers)
        assert {
            path for path in template().paths if holds(template().present(path), answers)
        } == project.keys()
        for path in set(rendered) & project.keys():
            blocks = template().blocks(path)
            pieces = ([piece.text for piece in block if holds(piece.when, answers)] for block in blocks)
            assert "".join(text for (text,) in pieces).encode() == project[path], f"{path}, seed {SEED}"


def test_a_condition_and_its_opposite_hold_always_and_never_together() -> None:
    for path in template().paths:
        when = template().present(path)

        assert not when & ~when
        assert (when | ~when).implies(ALWAYS) is None
        assert ALWAYS.implies(when | ~when) is None
