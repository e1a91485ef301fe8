"""Prompts are files: `app/FEATURE/prompts/NAME.md`, loaded as `FEATURE.NAME`.

A file has a front matter (YAML between two lines `---`: name, version, variables) and a body that Jinja
renders. A variable that is missing, not declared or not used is an error, not an empty string.
"""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.errors import AppError, available
from app.core.paths import APP

_environment = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


class PromptError(AppError):
    """A prompt file is missing or wrong, or was rendered with the wrong variables."""

    code = "prompt"


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    version: int
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenderedPrompt:
    """The instructions for one call, and where they come from."""

    name: str
    version: int
    text: str


@dataclass(frozen=True)
class Prompt:
    """A prompt file."""

    name: str
    version: int
    variables: tuple[str, ...]
    template: str

    def render(self, /, **values: object) -> RenderedPrompt:
        """Fill in the variables. Raises `PromptError` if one is missing or not declared."""
        if missing := set(self.variables) - values.keys():
            raise PromptError(f"Prompt {self.name!r} needs the variables {sorted(missing)}.")
        if unknown := values.keys() - set(self.variables):
            raise PromptError(f"Prompt {self.name!r} has no variables {sorted(unknown)}.")
        try:
            text = _environment.from_string(self.template).render(values)
        except TemplateError as error:
            raise PromptError(f"Prompt {self.name!r} cannot be rendered: {error}.") from error
        return RenderedPrompt(self.name, self.version, text.strip())


def as_data(name: str, text: str) -> str:
    """Return a text between `<name>` and `</name>`: what others wrote, which is data and no instruction.

    It cannot end the mark itself.
    """
    defused = re.sub(rf"<(?=/?\s*{name})", "< ", text, flags=re.IGNORECASE)
    return f"<{name}>\n{defused}\n</{name}>"


_variants: ContextVar[Mapping[str, Prompt] | None] = ContextVar("prompt_variants", default=None)


@contextmanager
def with_prompts(variants: Mapping[str, Prompt]) -> Generator[None, None, None]:
    """Let other prompts stand for those of the same name, while a `with` block lasts: to compare versions."""
    token = _variants.set({**(_variants.get() or {}), **variants})
    try:
        yield
    finally:
        _variants.reset(token)


def load_prompt(name: str) -> Prompt:
    """Return the prompt `FEATURE.NAME`. Raises `PromptError` that names those that exist."""
    variant = (_variants.get() or {}).get(name)
    return variant or _managed(_load(name))


def _managed(local: Prompt) -> Prompt:
    """Return what stands for a file, where a feature manages prompts elsewhere."""
    for source in _sources():
        if found := source(local):
            return found
    return local


@cache
def _sources() -> tuple[Callable[[Prompt], Prompt | None], ...]:
    from app.llm.extensions import PROMPT_SOURCES

    return tuple(PROMPT_SOURCES.load().values())


@cache
def _load(name: str) -> Prompt:
    path = prompt_files().get(name)
    if path is None:
        raise PromptError(f"There is no prompt {name!r}.", hint=available(prompt_files()))
    return parse_prompt(path.read_text(encoding="utf-8"), name)


def prompt_files() -> Mapping[str, Path]:
    """Return the file of every prompt by name."""
    return {
        ".".join((*path.parent.parent.relative_to(APP).parts, path.stem)): path
        for path in sorted(APP.glob("**/prompts/*.md"))
    }


def parse_prompt(text: str, name: str) -> Prompt:
    """Read a prompt file. Raises `PromptError` that says what is wrong with it."""
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PromptError(f"Prompt {name!r} must begin with a front matter between two lines '---'.")
    try:
        header = _FrontMatter.model_validate(yaml.safe_load(parts[1]))
        used = meta.find_undeclared_variables(_environment.parse(parts[2]))
    except (yaml.YAMLError, ValidationError, TemplateError) as error:
        raise PromptError(f"Prompt {name!r} is not valid: {error}.") from error
    if header.name != name:
        raise PromptError(f"Prompt {name!r} calls itself {header.name!r}: the name must be that of its file.")
    if used != set(header.variables):
        raise PromptError(
            f"Prompt {name!r} declares the variables {sorted(header.variables)} but uses {sorted(used)}."
        )
    return Prompt(header.name, header.version, header.variables, parts[2])
