"""Answers that people type: refused with the reason, or rendered into valid files."""

import tomllib
from typing import Any

import pytest
import yaml
from copier import Settings, run_copy

from tests.composition import compose
from tests.conftest import Render
from tests.questionnaire import QUESTIONS, TEMPLATE, defaults, jinja

DEFAULTS = defaults()

NASTY = [
    'Anna\'s "AI" backend',
    "Grüße aus Köln",
    "Assistent 🤖",
    "a: b # c",
    "{{ 7 * 7 }} {% raw %}",
    "<script>alert(1)</script>",
    "back\\slash",
    "100 % $HOME `id` ${X}",
    "[link](x) *bold* | cell",
    "---",
    "class",
    "null",
    "../../etc/passwd",
    "你好",
    "x" * 80,
]


def question(name: str) -> Any:
    return next(q for q in QUESTIONS if q.name == name)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("project_name", "", "empty"),
        ("stages", ["shipping"], "needs the stage backend"),
        ("stages", ["design", "rag", "shipping"], "needs the stage backend"),
        ("project_name", "   ", "empty"),
        ("project_name", "x" * 81, "more than 80 characters"),
        ("project_name", "two\nlines", "line break"),
        ("project_name", "bell\x07", "control character"),
        ("project_slug", "", "not a valid package name"),
        ("project_slug", "My App", "not a valid package name"),
        ("project_slug", "../evil", "not a valid package name"),
        ("project_slug", "a/b", "not a valid package name"),
        ("project_slug", "-a", "not a valid package name"),
        ("project_slug", "a--b", "not a valid package name"),
        ("project_slug", "über", "not a valid package name"),
        ("project_slug", "a\n", "not a valid package name"),
        ("project_slug", "1a", "not a valid package name"),
        ("project_slug", "a" * 51, "more than 50 characters"),
        ("project_slug", "fastapi", "depends on"),
        ("project_slug", "celery", "depends on"),
        ("project_slug", "pydantic-ai-slim", "depends on"),
        ("description", "two\nlines", "line break"),
        ("description", "x" * 201, "more than 200 characters"),
        ("author_name", " ", "empty"),
        ("author_name", "x" * 101, "more than 100 characters"),
        ("author_name", "Anna <a@b.c>", "angle bracket"),
        ("author_email", "nonsense", "not a valid e-mail address"),
        ("author_email", "a@b", "not a valid e-mail address"),
        ("author_email", 'a"@example.com', "not a valid e-mail address"),
        ("author_email", "a@example.com\n", "not a valid e-mail address"),
        ("domain", "https://api.example.com", "is not a domain name"),
        ("domain", "API.example.com", "is not a domain name"),
        ("domain", "10.0.0.1", "is not a domain name"),
        ("domain", "localhost", "is not a domain name"),
        ("domain", "api.example.com\n", "is not a domain name"),
        ("contact_email", "", "not a valid e-mail address"),
        ("contact_email", "a b@example.com", "not a valid e-mail address"),
        ("repository", "github.com/me/app", "is not the address of a repository"),
        ("repository", "https://github.com/me/app; reboot", "is not the address of a repository"),
    ],
)
def test_a_wrong_answer_is_refused_with_the_reason(name: str, value: str, reason: str) -> None:
    assert reason in question(name).complaint(value, DEFAULTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project_slug", "class"),
        ("project_slug", "a"),
        ("project_slug", "my-app-2"),
        ("author_email", ""),
        ("author_email", "anna.b+c@mail.example.com"),
        ("description", ""),
        ("domain", "api.my-company.co.uk"),
        ("repository", ""),
        ("repository", "https://github.com/me/my-app"),
        *(("project_name", text) for text in NASTY),
    ],
)
def test_a_right_answer_is_taken(name: str, value: str) -> None:
    assert question(name).complaint(value, DEFAULTS) == ""


@pytest.mark.parametrize("text", NASTY)
def test_any_text_gives_valid_files_that_hold_it(text: str) -> None:
    author = text.replace("<", "(").replace(">", ")")
    project = compose({**DEFAULTS, "project_name": text, "description": text, "author_name": author})

    table = tomllib.loads(project["pyproject.toml"].decode())["project"]
    assert table["description"] == text
    assert table["authors"] == [{"name": author}]
    assert author in project["LICENSE"].decode()
    assert yaml.safe_load(project["compose.yaml"])["name"] == DEFAULTS["project_slug"]


def test_the_answers_for_the_server_are_where_they_are_needed() -> None:
    repository, domain, email = "https://github.com/me/my-app", "chat.example.org", "me@example.org"
    project = compose({**DEFAULTS, "repository": repository, "domain": domain, "contact_email": email})

    table = tomllib.loads(project["pyproject.toml"].decode())["project"]
    assert table["urls"] == {"Repository": repository}
    assert f"./setup {domain} {email}" in project["README.md"].decode()


@pytest.mark.parametrize("text", NASTY)
def test_the_package_name_made_from_any_name_is_right(text: str) -> None:
    slug = question("project_slug")

    assert slug.complaint(slug.default({"project_name": text}), DEFAULTS) == ""


def test_text_does_not_become_markup_in_the_readme() -> None:
    readme = compose({**DEFAULTS, "project_name": "<b>*[x](y)*</b>"})["README.md"].decode()

    assert readme.splitlines()[0] == r"# \<b\>\*\[x\](y)\*\</b\>"


def test_copier_refuses_too_and_writes_nothing(template: Any, tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="The name is empty"):
        run_copy(
            str(template),
            tmp_path / "project",
            data={"project_name": " "},
            defaults=True,
            quiet=True,
            settings=Settings(),
        )

    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("license", "GPL"), ("stages", ["nonsense"]), ("llm_provider", "x"), ("broker", "kafka")],
)
def test_a_choice_that_does_not_exist_is_refused(name: str, value: Any, render: Render) -> None:
    with pytest.raises(ValueError, match=r"Invalid choice|Validation error"):
        render(**{name: value})


def test_the_providers_and_their_models_are_those_of_the_application() -> None:
    providers = getattr(jinja().get_template("extensions/providers.jinja").module, "providers")  # noqa: B009
    source = (TEMPLATE / "app/llm/providers.py").read_text(encoding="utf-8")

    assert set(providers) == set(question("llm_provider").choices)
    for name, provider in providers.items():
        assert f'name="{name}"' in source
        assert f'extra="{provider["extra"]}"' in source
        assert f'default_model="{provider["model"]}"' in source
