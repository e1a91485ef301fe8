"""Fixtures, and a count of what each layer has covered, printed at the end."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

import jinja2
import pytest
from copier import Settings, run_copy

from tests.questionnaire import ROOT, count_combinations

_seconds: Counter[str] = Counter()
_tests: Counter[str] = Counter()
_checked: Counter[str] = Counter()
"""What layer 1 has looked at: relations between two things, and texts of files."""

Render = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the contributor's own git and Copier settings out of the tests."""
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text(
        "[user]\nname = Test\nemail = test@example.com\n[init]\ndefaultBranch = main\n"
        "[commit]\ngpgsign = false\n[advice]\ndetachedHead = false\n"
    )
    (home / "copier.yml").write_text("{}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
        patch.setenv("COPIER_SETTINGS_PATH", str(home / "copier.yml"))
        patch.delenv("ENVIRONMENT", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Let an environment of Jinja compile a string once: Copier has it compile each part of each path again,
    which is half of the time that tests of updates take.
    """
    compile_string = jinja2.Environment.compile
    compiled = WeakKeyDictionary[jinja2.Environment, dict[str, CodeType]]()

    def compile_once(environment: jinja2.Environment, source: Any, *others: Any, **named: Any) -> Any:
        if others or named or not isinstance(source, str):
            return compile_string(environment, source, *others, **named)
        codes = compiled.setdefault(environment, {})
        if source not in codes:
            codes[source] = compile_string(environment, source)
        return codes[source]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", compile_once)
        yield


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the working tree as it is now, committed and tagged."""
    folder = tmp_path_factory.mktemp("template")
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The template")
    git(folder, "tag", "v99.0.0")
    return folder


@pytest.fixture
def render(template: Path, tmp_path: Path) -> Render:
    """Return a function that renders a project with Copier itself, without `--trust`."""

    def render_project(name: str = "project", /, **answers: Any) -> Path:
        folder = tmp_path / name
        run_copy(str(template), folder, data=answers, defaults=True, quiet=True, settings=Settings())
        return folder

    return render_project


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count tests and seconds of each file."""
    layer = Path(report.location[0]).stem
    _seconds[layer] += report.duration
    _tests[layer] += report.when == "call"
    if report.when == "call":
        _checked.update({name: number for name, number in report.user_properties if isinstance(number, int)})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each layer has covered."""
    terminalreporter.section("layers")
    if _checked:
        checked = ", ".join(f"{number:,} {what}" for what, number in sorted(_checked.items()))
        terminalreporter.write_line(f"{count_combinations():,} combinations of answers: {checked}")
    for layer, seconds in sorted(_seconds.items()):
        terminalreporter.write_line(f"{layer:24} {_tests[layer]:5} tests {seconds:8.1f} s")


@pytest.fixture
def moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a stand-in for AWS."""
    # heavy, and few tests need them
    from moto.server import ThreadedMotoServer

    from tests.terraform import IMAGE

    (tmp_path / "images.json").write_text(json.dumps([IMAGE]))
    monkeypatch.setenv("MOTO_AMIS_PATH", str(tmp_path / "images.json"))
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    yield f"http://{host}:{port}"
    server.stop()
