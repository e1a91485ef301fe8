"""Find out what keeps the application from working, and what to do about it."""

import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from app.core.checks import CheckResult, run_checks, run_probes
from app.core.environment_check import problems_of_lines
from app.core.errors import AppError
from app.core.paths import ROOT
from app.core.project import about_project
from app.core.redaction import redact_text
from app.core.settings import settings_classes


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    detail: str
    failed: bool = False
    hint: str | None = None

    @property
    def color(self) -> str:
        return "red" if self.failed else "green"

    def as_dict(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return asdict(self)

    def __str__(self) -> str:
        """One line, and below it what to do."""
        line = f"{'✗' if self.failed else '✓'} {self.name}: {self.detail}"
        return f"{line}\n    → {self.hint}" if self.hint else line


async def examine(*, call: bool = False, root: Path = ROOT) -> list[Finding]:
    """Check versions, `.env`, every settings class and every service; with `call`, also ask the model."""
    findings = [_versions(), _environment_file(root), *_settings()]
    if any(finding.failed for finding in findings if finding.name == "settings"):
        return findings
    findings += map(_finding, await run_checks())
    if call:
        findings += map(_finding, await run_probes())
    return findings


def _versions() -> Finding:
    project = about_project()
    return Finding("versions", f"{project.name} {project.version}, Python {platform.python_version()}")


def _environment_file(root: Path) -> Finding:
    path = root / ".env"
    if not path.exists():
        return Finding(".env", "does not exist: defaults are used", hint="Run `uv run app init`.")
    if path.stat().st_mode & 0o077:
        return Finding(".env", "others can read it", failed=True, hint="Type `chmod 600 .env`.")
    if problems := problems_of_lines(path):
        return Finding(
            ".env", "; ".join(problems), failed=True, hint="Correct it; .env.example has all names."
        )
    return Finding(".env", "readable by you alone")


def _settings() -> list[Finding]:
    """Report every settings class that is wrong; or how many variables are set."""
    count, problems = 0, []
    for settings in settings_classes():
        try:
            count += len(settings.load().model_fields_set)
        except AppError as error:
            problems.append(Finding("settings", redact_text(error.detail), failed=True, hint=error.hint))
    unique = list({problem.detail: problem for problem in problems}.values())
    return unique or [Finding("settings", f"{count} set, the others have their defaults")]


def _finding(result: CheckResult) -> Finding:
    if result.error is None:
        return Finding(result.name, result.detail)
    return Finding(result.name, redact_text(result.error), failed=True, hint=result.hint)
