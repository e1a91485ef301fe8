"""What the backend costs, against the least that could do the same.

    uv run python benchmarks/backend.py

Writes the full project into a temporary folder, adds the feature `benchmarks/backend/noop`, and runs
`benchmarks/backend/measure.py` in its environment, on the embedded PostgreSQL and Valkey. Needs no network
besides the packages. Prints tables of ratios; both sides of a ratio are measured in the same run.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
HERE = ROOT / "benchmarks" / "backend"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        copy = ["copier", "copy", "--quiet", "--defaults", "--vcs-ref=HEAD", str(ROOT), str(project)]
        subprocess.run(["uv", "run", "--project", str(ROOT), *copy], check=True)
        shutil.copytree(HERE / "noop", project / "app" / "noop")
        for script in ("measure.py", "plain.py", "load.py"):
            shutil.copy(HERE / script, project)
        subprocess.run(["uv", "sync", "--quiet"], cwd=project, check=True)
        subprocess.run(["uv", "run", "--no-sync", "python", "measure.py"], cwd=project, check=True)


if __name__ == "__main__":
    main()
