"""The relations of `relations.py` once more, the plain way: looked up in the files of one whole project."""

import ast
import posixpath
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from packaging.requirements import Requirement

from tests.composition import Project
from tests.relations import MODULES, WITHOUT_IMPORT


def faults_of(project: Project) -> set[str]:
    """Return what is wrong with a project."""
    return {*_imports(project), *_dependencies(project), *_links(project), *_settings(project)}


@cache
def _imported(content: bytes) -> frozenset[tuple[str, str]]:
    nodes = list(ast.walk(ast.parse(content)))
    plain = {(alias.name, "") for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return frozenset(plain) | {
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _sources(project: Project) -> dict[str, frozenset[tuple[str, str]]]:
    return {path: _imported(content) for path, content in project.items() if path.endswith(".py")}


def _imports(project: Project) -> Iterator[str]:
    own = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in _sources(project)}
    for path, names in _sources(project).items():
        for module, name in names:
            is_own = module.split(".")[0] in {"app", "tests"}
            if is_own and not {module, f"{module}.{name}"} & own:
                yield f"{path} imports {module}:{name}"


def _dependencies(project: Project) -> Iterator[str]:
    document = tomllib.loads(project["pyproject.toml"].decode())
    runtime = set(map(_module, document["project"]["dependencies"]))
    development = set(map(_module, document["dependency-groups"]["dev"]))
    used = set()
    for path, names in _sources(project).items():
        tops = {module.split(".")[0] for module, _ in names} - {"app", "tests"} - sys.stdlib_module_names
        used |= tops
        installed = (
            runtime | development if path.startswith(("tests/", "app/dev/", "app/embedded/")) else runtime
        )
        yield from (f"{path} imports {top}" for top in tops - installed)
    unused = (runtime | development) - used - WITHOUT_IMPORT - {None}
    yield from (f"nothing imports {module}" for module in unused)


def _module(requirement: str) -> str | None:
    name = Requirement(requirement).name.lower()
    return MODULES.get(name, name.replace("-", "_"))


def _links(project: Project) -> Iterator[str]:
    folders = {str(parent) for path in project for parent in PurePosixPath(path).parents}
    for path, content in project.items():
        if path.endswith(".md"):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", content.decode()):
                resolved = posixpath.normpath(PurePosixPath(path).parent / target)
                if "://" not in target and resolved not in project and resolved not in folders:
                    yield f"{path} links to {target}"


def _settings(project: Project) -> Iterator[str]:
    keys = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", project[".env.example"].decode(), re.MULTILINE)
    read = {
        variable
        for path, content in project.items()
        if path.startswith("app/") and path.endswith("settings.py")
        for variable in _variables(content)
    }
    yield from (f".env.example lacks {name}" for name in read - set(keys))
    yield from (f"nothing reads {name} of .env.example" for name in set(keys) - read)


@cache
def _variables(content: bytes) -> frozenset[str]:
    found: set[str] = set()
    for text in re.split(r"^class ", content.decode(), flags=re.MULTILINE)[1:]:
        if re.match(r"\w+\((?:\w+\.)?\w*Settings\)", text):
            prefix = re.search(r'env_prefix="(\w*)"', text)
            names = re.findall(r"^    ([a-z]\w*): (?!ClassVar)", text, re.MULTILINE)
            found |= {f"{prefix[1] if prefix else ''}{name}".upper() for name in names}
    return frozenset(found)
